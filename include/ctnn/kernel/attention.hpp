// SPDX-License-Identifier: BSD-3-Clause
/// Self-attention of one sample: each position looks at itself and those before it, or at all.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include <ctnn/kernel/softmax.hpp>
#include <ctnn/kernel/transpose.hpp>
#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// Which positions one looks at: itself and those before it, or all; in either case not those that a mask of
/// T numbers, where there is one, has as 0.
enum class looks { back, everywhere };

namespace detail {

/// How many positions the t-th of T looks at, masked ones among them.
template <looks At>
constexpr std::size_t keys_of(std::size_t t, std::size_t T)
{
    return At == looks::back ? t + 1 : T;
}

/// y(n) = sum over rows of factor(row) * m(row, n), the rows from first to last - 1.   y : =
template <class T, class F>
CTNN_INLINE void combine_rows(T* y, const T* m, std::size_t stride, std::size_t n, std::size_t first,
                              std::size_t last, F factor)
{
    using V = simd::vec<T>;
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        V even(T{0}), odd(T{0}); // two chains, so that one multiply-add need not wait for the one before it
        std::size_t r = first;
        for (; r + 2 <= last; r += 2) {
            even = simd::fma(V(factor(r)), place.load(m + r * stride + i), even);
            odd = simd::fma(V(factor(r + 1)), place.load(m + (r + 1) * stride + i), odd);
        }
        if (r < last) even = simd::fma(V(factor(r)), place.load(m + r * stride + i), even);
        place.store(y + i, even + odd);
    });
}

/// How far rows of T numbers are apart that are written in whole registers.
constexpr std::size_t whole_row(std::size_t T)
{
    constexpr std::size_t W = simd::width<float>; // in double a register holds half as many
    return (T + W - 1) / W * W;
}

/// Positions whose scores are made together: each waits for its own softmax, and the others need not.
inline constexpr std::size_t rows_at_once = 8;

/// p(n) = q(D) . k(s) / sqrt(D) for s from 0 to n - 1, k turned; -inf where the mask is 0.
template <std::size_t Stride, std::size_t D, class S>
CTNN_INLINE void scores(S* p, const S* q, const S* k_turned, std::size_t n, const S* mask)
{
    const S scale = S{1} / std::sqrt(static_cast<S>(D));
    combine_rows(p, k_turned, Stride, n, 0, D,
                 [&](std::size_t j) CTNN_INLINE_LAMBDA { return q[j] * scale; });
    if (mask != nullptr)
        for (std::size_t s = 0; s < n; ++s)
            p[s] = mask[s] != S{0} ? p[s] : -std::numeric_limits<S>::infinity();
}

} // namespace detail

/// Numbers of scratch for a sample of T positions and heads of D features, forward and backward.
constexpr std::size_t attention_scratch(std::size_t T, std::size_t D)
{
    return D * detail::whole_row(T) + detail::rows_at_once * T;
}
constexpr std::size_t attention_backward_scratch(std::size_t T, std::size_t D)
{
    return 2 * D * detail::whole_row(T) + 2 * T * T;
}

/// y(T,C) from x(T,3C) = q, k, v beside each other, C = Heads D: for each head h
/// y(t) = sum over s of p(t,s) v(s), p(t,.) = softmax(q(t) . k(.) / sqrt(D)), s being what t looks at
///
///   y       : =
///   mask    : T numbers, or null; where all that t looks at is masked its y is NaN
///   scratch : attention_scratch(T, D) numbers
///   source  : Vaswani et al. 2017 (arXiv:1706.03762), section 3.2
template <looks At, std::size_t T, std::size_t Heads, std::size_t D, class S>
[[gnu::flatten]] void attention(S* y, const S* x, const S* mask, S* scratch)
{
    constexpr std::size_t C = Heads * D, stride = 3 * C, row = detail::whole_row(T);
    S *const k_turned = scratch, *const p = scratch + D * row;
    for (std::size_t h = 0; h < C; h += D) {
        const S *const q = x + h, *const k = q + C, *const v = k + C;
        transpose_rows<D, stride>(k_turned, k, T, row);
        for (std::size_t first = 0; first < T; first += detail::rows_at_once) {
            const std::size_t last = std::min(T, first + detail::rows_at_once);
            for (std::size_t t = first; t < last; ++t)
                detail::scores<row, D>(p + (t - first) * T, q + t * stride, k_turned,
                                       detail::keys_of<At>(t, T), mask);
            for (std::size_t t = first; t < last; ++t)
                softmax(p + (t - first) * T, p + (t - first) * T, detail::keys_of<At>(t, T));
            for (std::size_t t = first; t < last; ++t)
                detail::combine_rows(y + t * C + h, v, stride, D, 0, detail::keys_of<At>(t, T),
                                     [&](std::size_t s)
                                         CTNN_INLINE_LAMBDA { return p[(t - first) * T + s]; });
        }
    }
}

/// The same one position at a time: y(C) of x(3C), which sees those before it by their keys(C,T), turned, and
/// values(T,C).
///
///   keys, values, count : what is known of up to T positions, and how many they are; this one is added. Of T
///                         the first goes
///   scratch             : T numbers
template <std::size_t T, std::size_t Heads, std::size_t D, class S>
[[gnu::flatten]] void causal_attention_step(S* y, S* keys, S* values, S& count, const S* x, S* scratch)
{
    constexpr std::size_t C = Heads * D;
    const bool is_count = count >= 0 && count < static_cast<S>(T); // a state can be set to anything
    auto t = is_count ? static_cast<std::size_t>(count) : T;
    if (t == T) {
        --t;
        for (std::size_t c = 0; c < C; ++c) std::copy(keys + c * T + 1, keys + (c + 1) * T, keys + c * T);
        std::copy(values + C, values + T * C, values);
    }
    for (std::size_t c = 0; c < C; ++c) keys[c * T + t] = x[C + c];
    std::copy_n(x + 2 * C, C, values + t * C);
    for (std::size_t h = 0; h < C; h += D) {
        detail::scores<T, D, S>(scratch, x + h, keys + h * T, t + 1, nullptr);
        softmax(scratch, scratch, t + 1);
        detail::combine_rows(y + h, values + h, C, D, 0, t + 1,
                             [&](std::size_t s) CTNN_INLINE_LAMBDA { return scratch[s]; });
    }
    count = static_cast<S>(t + 1);
}

/// The gradient of `attention`; the (T, T) shares of a head are computed again.
///
///   dx : =, may not be x;   scratch : attention_backward_scratch(T, D) numbers
///   dv(s) = sum over t of p(t,s) dy(t);   dz = p (dp - sum of p dp) / sqrt(D) with dp(t,s) = dy(t) . v(s);
///   dq(t) = sum over s of dz(t,s) k(s);   dk(s) = sum over t of dz(t,s) q(t)
template <looks At, std::size_t T, std::size_t Heads, std::size_t D, class S>
[[gnu::flatten]] void attention_backward(S* dx, const S* dy, const S* x, const S* mask, S* scratch)
{
    constexpr std::size_t C = Heads * D, stride = 3 * C, row = detail::whole_row(T);
    S *const k_turned = scratch, *const v_turned = k_turned + D * row, *const p = v_turned + D * row,
             *const dz = p + T * T;
    const S scale = S{1} / std::sqrt(static_cast<S>(D));
    for (std::size_t h = 0; h < C; h += D) {
        const S *const q = x + h, *const k = q + C, *const v = k + C, *const dout = dy + h;
        transpose_rows<D, stride>(k_turned, k, T, row);
        transpose_rows<D, stride>(v_turned, v, T, row);
        for (std::size_t t = 0; t < T; ++t) {
            const std::size_t n = detail::keys_of<At>(t, T);
            detail::scores<row, D>(p + t * T, q + t * stride, k_turned, n, mask);
            detail::combine_rows(dz + t * T, v_turned, row, n, 0, D,
                                 [&](std::size_t j) CTNN_INLINE_LAMBDA { return dout[t * C + j]; });
        }
        for (std::size_t t = 0; t < T; ++t) softmax(p + t * T, p + t * T, detail::keys_of<At>(t, T));
        for (std::size_t t = 0; t < T; ++t)
            softmax_backward(dz + t * T, dz + t * T, p + t * T, detail::keys_of<At>(t, T));
        for (std::size_t t = 0; t < T; ++t)
            detail::combine_rows(dx + t * stride + h, k, stride, D, 0, detail::keys_of<At>(t, T),
                                 [&](std::size_t s) CTNN_INLINE_LAMBDA { return dz[t * T + s] * scale; });
        for (std::size_t s = 0; s < T; ++s) {
            S* const to = dx + s * stride + h;
            const std::size_t first = At == looks::back ? s : 0;
            detail::combine_rows(to + C, q, stride, D, first, T,
                                 [&](std::size_t t) CTNN_INLINE_LAMBDA { return dz[t * T + s] * scale; });
            detail::combine_rows(to + 2 * C, dout, C, D, first, T,
                                 [&](std::size_t t) CTNN_INLINE_LAMBDA { return p[t * T + s]; });
        }
    }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
