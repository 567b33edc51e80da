// SPDX-License-Identifier: BSD-3-Clause
/// Recurrent layers for programs without a heap: a sequence at once, or a step at a time.
#pragma once

#include <cstddef>

#include <ctnn/embed/layers.hpp>

/// Beside `forward` for a whole sequence each has what a stream takes: `states`, the numbers between two
/// steps; `begin(state)`, as they are before the first; and `step(y, x, state)`.
namespace ctnn::embed::inline CTNN_ARCH {

namespace detail {

/// All steps of a sequence, from its start.
template <std::size_t T, std::size_t In, std::size_t H, class L>
constexpr void all_steps(const L& layer, float* y, const float* x)
{
    float state[L::states] = {};
    layer.begin(state);
    for (std::size_t t = 0; t < T; ++t) layer.step(y + t * H, x + t * In, state);
}
/// n numbers from `start`, or zeros without one.
constexpr void begin_from(float* state, const float* start, std::size_t n)
{
    for (std::size_t i = 0; i < n; ++i) state[i] = start != nullptr ? start[i] : 0.F;
}

} // namespace detail

/// ctnn::Lstm, one layer.
///   weight_ih : (In, 4 H)   weight_hh : (H, 4 H)   bias_ih, bias_hh : (4 H)   start, start_cell : (H), or
///               none
///   state     : h, then c
template <std::size_t T, std::size_t In, std::size_t H>
struct lstm {
    static constexpr std::size_t in = T * In, out = T * H, states = 2 * H;
    const float *weight_ih, *weight_hh, *bias_ih, *bias_hh, *start = nullptr, *start_cell = nullptr;

    constexpr void begin(float* state) const
    {
        detail::begin_from(state, start, H);
        detail::begin_from(state + H, start_cell, H);
    }
    constexpr void step(float* y, const float* x, float* state) const
    {
        float of_x[4 * H] = {}, of_h[4 * H] = {};
        linear<1, In, 4 * H>{weight_ih, bias_ih}.forward(of_x, x);
        linear<1, H, 4 * H>{weight_hh, bias_hh}.forward(of_h, state);
        for (std::size_t i = 0; i < H; ++i) {
            const auto sum = [&](std::size_t gate) { return of_x[gate * H + i] + of_h[gate * H + i]; };
            float& c = state[H + i];
            c = sigmoid(sum(1)) * c + sigmoid(sum(0)) * embed::tanh(sum(2));
            y[i] = state[i] = sigmoid(sum(3)) * embed::tanh(c);
        }
    }
    constexpr void forward(float* y, const float* x) const { detail::all_steps<T, In, H>(*this, y, x); }
};

/// ctnn::Gru, one layer.
///   weight_ih : (In, 3 H)   weight_hh : (H, 3 H)   bias_ih, bias_hh : (3 H)   start : (H), or none
template <std::size_t T, std::size_t In, std::size_t H>
struct gru {
    static constexpr std::size_t in = T * In, out = T * H, states = H;
    const float *weight_ih, *weight_hh, *bias_ih, *bias_hh, *start = nullptr;

    constexpr void begin(float* state) const { detail::begin_from(state, start, H); }
    constexpr void step(float* y, const float* x, float* state) const
    {
        float of_x[3 * H] = {}, of_h[3 * H] = {};
        linear<1, In, 3 * H>{weight_ih, bias_ih}.forward(of_x, x);
        linear<1, H, 3 * H>{weight_hh, bias_hh}.forward(of_h, state);
        for (std::size_t i = 0; i < H; ++i) {
            const float r = sigmoid(of_x[i] + of_h[i]), z = sigmoid(of_x[H + i] + of_h[H + i]);
            const float n = embed::tanh(of_x[2 * H + i] + r * of_h[2 * H + i]);
            y[i] = state[i] = n + z * (state[i] - n);
        }
    }
    constexpr void forward(float* y, const float* x) const { detail::all_steps<T, In, H>(*this, y, x); }
};

/// ctnn::Rnn, one layer; F is its function.
///   weight_ih : (In, H)   weight_hh : (H, H)   bias_ih, bias_hh : (H)   start : (H), or none
template <std::size_t T, std::size_t In, std::size_t H, class F>
struct rnn {
    static constexpr std::size_t in = T * In, out = T * H, states = H;
    const float *weight_ih, *weight_hh, *bias_ih, *bias_hh, *start = nullptr;

    constexpr void begin(float* state) const { detail::begin_from(state, start, H); }
    constexpr void step(float* y, const float* x, float* state) const
    {
        float of_h[H] = {};
        linear<1, In, H>{weight_ih, bias_ih}.forward(y, x);
        linear<1, H, H>{weight_hh, bias_hh}.forward(of_h, state);
        for (std::size_t i = 0; i < H; ++i) y[i] = state[i] = F{}(y[i] + of_h[i]);
    }
    constexpr void forward(float* y, const float* x) const { detail::all_steps<T, In, H>(*this, y, x); }
};
/// ctnn::Rnn
template <std::size_t T, std::size_t In, std::size_t H>
using rnn_tanh = rnn<T, In, H, detail::tanh_of>;
/// ctnn::Rnn with a ReLU
template <std::size_t T, std::size_t In, std::size_t H>
using rnn_relu = rnn<T, In, H, detail::relu_of>;

/// ctnn::ConcatRnn.
///   weight : (In + H, H), first for x   bias : (H)   start : (H)
template <std::size_t T, std::size_t In, std::size_t H>
struct concat_rnn {
    static constexpr std::size_t in = T * In, out = T * H, states = H;
    const float *weight, *bias, *start;

    constexpr void begin(float* state) const { detail::begin_from(state, start, H); }
    constexpr void step(float* y, const float* x, float* state) const
    {
        float of_h[H] = {};
        linear<1, In, H>{weight, bias}.forward(y, x);
        linear<1, H, H>{weight + In * H}.forward(of_h, state);
        for (std::size_t i = 0; i < H; ++i) y[i] = state[i] = embed::tanh(y[i] + of_h[i]);
    }
    constexpr void forward(float* y, const float* x) const { detail::all_steps<T, In, H>(*this, y, x); }
};
/// ctnn::ConcatGru; three weights as that of concat_rnn.
template <std::size_t T, std::size_t In, std::size_t H>
struct concat_gru {
    static constexpr std::size_t in = T * In, out = T * H, states = H;
    const float *weight_z, *bias_z, *weight_r, *bias_r, *weight_hbar, *bias_hbar, *start;

    constexpr void begin(float* state) const { detail::begin_from(state, start, H); }
    constexpr void step(float* y, const float* x, float* state) const
    {
        float z[H] = {}, r[H] = {}, of_h[H] = {};
        const auto sums = [&](float* to, const float* weight, const float* bias, const float* h) {
            linear<1, In, H>{weight, bias}.forward(to, x);
            linear<1, H, H>{weight + In * H}.forward(of_h, h);
            for (std::size_t i = 0; i < H; ++i) to[i] += of_h[i];
        };
        sums(z, weight_z, bias_z, state);
        sums(r, weight_r, bias_r, state);
        for (std::size_t i = 0; i < H; ++i) r[i] = sigmoid(r[i]) * state[i];
        sums(y, weight_hbar, bias_hbar, r);
        for (std::size_t i = 0; i < H; ++i)
            y[i] = state[i] = state[i] + sigmoid(z[i]) * (embed::tanh(y[i]) - state[i]);
    }
    constexpr void forward(float* y, const float* x) const { detail::all_steps<T, In, H>(*this, y, x); }
};

} // namespace ctnn::embed::inline CTNN_ARCH
