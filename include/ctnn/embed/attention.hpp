// SPDX-License-Identifier: BSD-3-Clause
/// Attention for programs without a heap.
#pragma once

#include <cstddef>

#include <ctnn/embed/layers.hpp>

namespace ctnn::embed::inline CTNN_ARCH {

namespace detail {

/// p(n) = e to the scores of a query with n keys, which are `stride` apart; returns their sum.
template <std::size_t D>
constexpr float attention_shares(float* p, const float* query, const float* keys, std::size_t stride,
                                 std::size_t n)
{
    const float scale = 1.F / sqrt(static_cast<float>(D));
    float largest = 0, sum = 0;
    for (std::size_t s = 0; s < n; ++s, keys += stride) {
        p[s] = 0;
        for (std::size_t j = 0; j < D; ++j) p[s] += query[j] * keys[j];
        p[s] *= scale;
        largest = s == 0 || p[s] > largest ? p[s] : largest;
    }
    for (std::size_t s = 0; s < n; ++s) {
        p[s] = embed::exp(p[s] - largest);
        sum += p[s];
    }
    return sum;
}

} // namespace detail

/// T positions with queries, keys and values of Heads blocks of D features: ctnn::SelfAttention, and if each
/// looks back only ctnn::CausalSelfAttention.
///
///   stack : T numbers
template <std::size_t T, std::size_t Heads, std::size_t D, bool LooksBack = false>
struct self_attention {
    static constexpr std::size_t C = Heads * D, in = T * 3 * C, out = T * C;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t h = 0; h < C; h += D)
            for (std::size_t t = 0; t < T; ++t) {
                const std::size_t n = LooksBack ? t + 1 : T;
                float p[T] = {};
                const float sum = detail::attention_shares<D>(p, x + t * 3 * C + h, x + C + h, 3 * C, n);
                for (std::size_t j = h; j < h + D; ++j) {
                    float mean = 0;
                    for (std::size_t s = 0; s < n; ++s) mean += p[s] * x[s * 3 * C + 2 * C + j];
                    y[t * C + j] = mean / sum;
                }
            }
    }
};
/// Each position looks back only.
template <std::size_t T, std::size_t Heads, std::size_t D>
using causal_self_attention = self_attention<T, Heads, D, true>;

/// The same with the products before and after it: ctnn::MultiheadAttention.
///   in_weight : (C, 3 C)   in_bias : (3 C)   out_weight : (C, C)   out_bias : (C)
///   stack     : 4 T C + T numbers
template <std::size_t T, std::size_t Heads, std::size_t D, bool LooksBack = false>
struct multihead {
    static constexpr std::size_t C = Heads * D, in = T * C, out = T * C;
    const float *in_weight, *in_bias, *out_weight, *out_bias;
    constexpr void forward(float* y, const float* x) const
    {
        float qkv[3 * T * C] = {}, mean[T * C] = {};
        linear<T, C, 3 * C>{in_weight, in_bias}.forward(qkv, x);
        self_attention<T, Heads, D, LooksBack>{}.forward(mean, qkv);
        linear<T, C, C>{out_weight, out_bias}.forward(y, mean);
    }
};
/// Each position looks back only.
template <std::size_t T, std::size_t Heads, std::size_t D>
using causal_multihead = multihead<T, Heads, D, true>;

} // namespace ctnn::embed::inline CTNN_ARCH
