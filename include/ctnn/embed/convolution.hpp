// SPDX-License-Identifier: BSD-3-Clause
/// Convolutions and pools of a trained network for programs without a heap. Pictures are (H, W, channels); a
/// signal has one row.
#pragma once

#include <cstddef>
#include <limits>
#include <type_traits>

#include <ctnn/base/arch.hpp>

namespace ctnn::embed::inline CTNN_ARCH {

namespace detail {

/// y(Out) += x(In) * w, in G groups; what neighbouring inputs weigh is Next apart.
template <std::size_t In, std::size_t Out, std::size_t G, std::size_t Next, class W>
constexpr void add_tap(float* y, const float* x, const W* w)
{
    for (std::size_t g = 0; g < G; ++g, x += In / G, y += Out / G, w += Out / G)
        for (std::size_t i = 0; i < In / G; ++i)
            for (std::size_t o = 0; o < Out / G; ++o) y[o] += x[i] * static_cast<float>(w[i * Next + o]);
}

} // namespace detail

/// Windows of (KH, KW) numbers that are DH and DW apart, SH and SW further each time, with PT and PL zeros in
/// front: ctnn::Conv1d and Conv2d.
///   weight : (In / G, KH, KW, Out), of W      bias : (Out), or none      scale : (Out), for whole numbers
template <std::size_t H, std::size_t Wide, std::size_t In, std::size_t Out, std::size_t KH, std::size_t KW,
          std::size_t SH, std::size_t SW, std::size_t DH, std::size_t DW, std::size_t PT, std::size_t PL,
          std::size_t OH, std::size_t OW, std::size_t G, class W = float>
struct convolution {
    static constexpr std::size_t in = H * Wide * In, out = OH * OW * Out;
    const W* weight;
    const float* bias = nullptr;
    const float* scale = nullptr;

    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t h = 0; h < OH; ++h)
            for (std::size_t w = 0; w < OW; ++w, y += Out) {
                for (std::size_t o = 0; o < Out; ++o) y[o] = 0.F;
                for (std::size_t kh = 0; kh < KH; ++kh)
                    for (std::size_t kw = 0; kw < KW; ++kw) {
                        const std::size_t row = h * SH + kh * DH, column = w * SW + kw * DW;
                        if (row >= PT && row - PT < H && column >= PL && column - PL < Wide)
                            detail::add_tap<In, Out, G, KH * KW * Out>(
                                y, x + ((row - PT) * Wide + column - PL) * In, weight + (kh * KW + kw) * Out);
                    }
                for (std::size_t o = 0; o < Out; ++o)
                    y[o] = y[o] * (std::is_same_v<W, float> ? 1.F : scale[o]) +
                           (bias != nullptr ? bias[o] : 0.F);
            }
    }
};

/// The gradient of such a convolution from Out to In: ctnn::ConvTranspose1d and ConvTranspose2d. (H, Wide) is
/// what comes out.
///   weight : (Out / G, KH, KW, In)        bias : (Out), or none
template <std::size_t H, std::size_t Wide, std::size_t Out, std::size_t In, std::size_t KH, std::size_t KW,
          std::size_t SH, std::size_t SW, std::size_t DH, std::size_t DW, std::size_t PT, std::size_t PL,
          std::size_t IH, std::size_t IW, std::size_t G>
struct transposed_convolution {
    static constexpr std::size_t in = IH * IW * In, out = H * Wide * Out;
    const float* weight;
    const float* bias = nullptr;

    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t i = 0; i < out; ++i) y[i] = bias != nullptr ? bias[i % Out] : 0.F;
        for (std::size_t h = 0; h < IH; ++h)
            for (std::size_t w = 0; w < IW; ++w, x += In)
                for (std::size_t kh = 0; kh < KH; ++kh)
                    for (std::size_t kw = 0; kw < KW; ++kw) {
                        const std::size_t row = h * SH + kh * DH, column = w * SW + kw * DW;
                        if (row >= PT && row - PT < H && column >= PL && column - PL < Wide)
                            add(y + ((row - PT) * Wide + column - PL) * Out, x, weight + (kh * KW + kw) * In);
                    }
    }

private:
    static constexpr void add(float* y, const float* x, const float* w)
    {
        constexpr std::size_t own_in = In / G, own_out = Out / G;
        for (std::size_t g = 0; g < G; ++g)
            for (std::size_t o = 0; o < own_out; ++o)
                for (std::size_t i = 0; i < own_in; ++i)
                    y[g * own_out + o] += x[g * own_in + i] * w[o * KH * KW * In + g * own_in + i];
    }
};

/// One step of a causal ctnn::Conv1d with neighbours D apart.
///   weight : (In / G, K, Out)        bias : (Out), or none
///   state  : the D (K - 1) steps before, in a ring, and the place of the oldest
template <std::size_t In, std::size_t Out, std::size_t K, std::size_t D, std::size_t G>
struct convolution_step {
    static constexpr std::size_t in = In, out = Out, past = D * (K - 1), states = past > 0 ? past *In + 1 : 0;
    const float* weight;
    const float* bias = nullptr;

    constexpr void begin(float*) const {}
    constexpr void step(float* y, const float* x, float* state) const
    {
        const bool is_place =
            past > 0 && state[past * In] >= 0.F && state[past * In] < static_cast<float>(past);
        const std::size_t oldest = is_place ? static_cast<std::size_t>(state[past * In]) : 0;
        for (std::size_t o = 0; o < Out; ++o) y[o] = 0.F;
        for (std::size_t k = 0; k < K; ++k) {
            const std::size_t at = oldest + k * D;
            const float* const from = k + 1 == K ? x : state + (at < past ? at : at - past) * In;
            detail::add_tap<In, Out, G, K * Out>(y, from, weight + k * Out);
        }
        for (std::size_t o = 0; o < Out; ++o) y[o] += bias != nullptr ? bias[o] : 0.F;
        if constexpr (past > 0) {
            for (std::size_t i = 0; i < In; ++i) state[oldest * In + i] = x[i];
            state[past * In] = oldest + 1 == past ? 0.F : static_cast<float>(oldest + 1);
        }
    }
};

/// The largest number of each window, NaN where there is one: ctnn::MaxPool, its windows as a convolution's.
template <std::size_t H, std::size_t Wide, std::size_t C, std::size_t KH, std::size_t KW, std::size_t SH,
          std::size_t SW, std::size_t DH, std::size_t DW, std::size_t PT, std::size_t PL, std::size_t OH,
          std::size_t OW>
struct max_pool {
    static constexpr std::size_t in = H * Wide * C, out = OH * OW * C;

    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t h = 0; h < OH; ++h)
            for (std::size_t w = 0; w < OW; ++w)
                for (std::size_t c = 0; c < C; ++c) *y++ = largest(x + c, h * SH, w * SW);
    }

private:
    static constexpr float largest(const float* x, std::size_t h, std::size_t w)
    {
        float best = -std::numeric_limits<float>::infinity();
        for (std::size_t kh = 0; kh < KH; ++kh)
            for (std::size_t kw = 0; kw < KW; ++kw) {
                const std::size_t row = h + kh * DH, column = w + kw * DW;
                if (row < PT || row - PT >= H || column < PL || column - PL >= Wide) continue;
                const float v = x[((row - PT) * Wide + column - PL) * C];
                if (v > best || v != v) best = v;
            }
        return best;
    }
};

/// The mean of each window, of `Rows` and `Columns` with their begin(i), end(i) and divisor(i).
template <std::size_t H, std::size_t Wide, std::size_t C, std::size_t OH, std::size_t OW, class Rows,
          class Columns>
struct mean_of_windows {
    static constexpr std::size_t in = H * Wide * C, out = OH * OW * C;

    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t h = 0; h < OH; ++h)
            for (std::size_t w = 0; w < OW; ++w)
                for (std::size_t c = 0; c < C; ++c) {
                    float sum = 0;
                    for (std::size_t i = Rows::begin(h); i < Rows::end(h); ++i)
                        for (std::size_t j = Columns::begin(w); j < Columns::end(w); ++j)
                            sum += x[(i * Wide + j) * C + c];
                    *y++ = sum / static_cast<float>(Rows::divisor(h) * Columns::divisor(w));
                }
    }
};

namespace detail {

template <std::size_t Extent, std::size_t K, std::size_t S, std::size_t P, bool CountsPadding>
struct sliding_axis {
    static constexpr std::size_t least(std::size_t a, std::size_t b) { return a < b ? a : b; }
    static constexpr std::size_t begin(std::size_t i) { return i * S > P ? i * S - P : 0; }
    static constexpr std::size_t end(std::size_t i)
    {
        return i * S + K > P ? least(i * S + K - P, Extent) : 0;
    }
    static constexpr std::size_t divisor(std::size_t i)
    {
        return CountsPadding ? least(i * S + K, Extent + 2 * P) - i * S : end(i) - begin(i);
    }
};
template <std::size_t Extent, std::size_t N>
struct even_axis {
    static constexpr std::size_t begin(std::size_t i) { return i * Extent / N; }
    static constexpr std::size_t end(std::size_t i) { return ((i + 1) * Extent + N - 1) / N; }
    static constexpr std::size_t divisor(std::size_t i) { return end(i) - begin(i); }
};

} // namespace detail

/// ctnn::AveragePool and AdaptiveAveragePool.
template <std::size_t H, std::size_t Wide, std::size_t C, std::size_t KH, std::size_t KW, std::size_t SH,
          std::size_t SW, std::size_t PT, std::size_t PL, std::size_t OH, std::size_t OW,
          std::size_t CountsPadding>
struct average_pool
    : mean_of_windows<H, Wide, C, OH, OW, detail::sliding_axis<H, KH, SH, PT, CountsPadding != 0>,
                      detail::sliding_axis<Wide, KW, SW, PL, CountsPadding != 0>> {};
template <std::size_t H, std::size_t Wide, std::size_t C, std::size_t OH, std::size_t OW>
struct adaptive_average_pool
    : mean_of_windows<H, Wide, C, OH, OW, detail::even_axis<H, OH>, detail::even_axis<Wide, OW>> {};

/// Every number FH times FW times: ctnn::Upsample.
template <std::size_t H, std::size_t Wide, std::size_t C, std::size_t FH, std::size_t FW>
struct upsample {
    static constexpr std::size_t in = H * Wide * C, out = in * FH * FW;

    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t h = 0; h < H * FH; ++h)
            for (std::size_t w = 0; w < Wide * FW; ++w)
                for (std::size_t c = 0; c < C; ++c) *y++ = x[(h / FH * Wide + w / FW) * C + c];
    }
};

} // namespace ctnn::embed::inline CTNN_ARCH
