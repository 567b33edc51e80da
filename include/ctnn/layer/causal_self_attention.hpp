// SPDX-License-Identifier: BSD-3-Clause
/// Attention of each position to itself and those before it.
#pragma once

#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/attention.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Each position becomes a mean of values of the positions up to it, weighted by how well its query meets
/// their keys; in Heads blocks of features, each by itself. What comes in is made by one Linear, and goes
/// through another:
///
/// ```cpp
/// using Attention = Sequential<Linear<64, 192>, CausalSelfAttention<4>, Linear<64, 64>>; // c_attn, c_proj
/// ```
///
///   x        : (T, 3 C): queries, keys and values beside each other, as makemore's c_attn has them
///   y        : (T, C)
///   backward : dx is overwritten; the (T, T) shares of a head are computed again, none are kept
///   errors   : [ctnn.shape] x does not have two axes, or 3 Heads does not divide the last
///   cost     : T (T + 1) C multiply-adds; no allocation
///   source   : Vaswani et al. 2017 (arXiv:1706.03762)
template <std::size_t Heads>
struct CausalSelfAttention {
    static constexpr extents output(const extents& x)
    {
        const bool fits = x.rank == 2 && Heads > 0 && x[0] > 0 && x[1] > 0 && x[1] % (3 * Heads) == 0;
        return fits ? x.with_last(x[1] / 3) : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        constexpr std::size_t T = P::input::value[0], D = P::input::value[1] / 3 / Heads;
        for (std::size_t r = 0; r < pass.rows; ++r)
            kernel::attention<kernel::looks::back, T, Heads, D, typename P::scalar>(
                pass.y().data() + r * P::y_extent, pass.x().data() + r * P::template x_extent<>, nullptr,
                pass.scratch());
    }
    template <class P>
    static void backward(const P& pass)
    {
        constexpr std::size_t T = P::input::value[0], D = P::input::value[1] / 3 / Heads;
        for (std::size_t r = 0; r < pass.rows; ++r) {
            const std::size_t at = r * P::template x_extent<>;
            kernel::attention_backward<kernel::looks::back, T, Heads, D, typename P::scalar>(
                pass.dx().data() + at, pass.dy().data() + r * P::y_extent, pass.x().data() + at, nullptr,
                pass.scratch());
        }
    }

    static constexpr uses derivative_uses = uses::input;
    static constexpr std::size_t eval_scratch(const extents& x)
    {
        return kernel::attention_scratch(x[0], x[1] / 3 / Heads);
    }
    static constexpr std::size_t scratch(const extents& x, std::size_t)
    {
        return kernel::attention_backward_scratch(x[0], x[1] / 3 / Heads);
    }
    static constexpr std::size_t multiply_adds(const extents& x) { return x[0] * (x[0] + 1) * (x[1] / 3); }
};

namespace detail {

/// One step of it: the state is the keys, turned, and values of up to T steps, and how many there are. After
/// T of them the first is forgotten.
template <std::size_t T, std::size_t Heads, std::size_t C>
struct attention_step {
    static constexpr std::size_t state = 2 * T * C + 1;
    static constexpr extents output(const extents& x)
    {
        return x == extents{3 * C} ? extents{C} : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        auto* const keys = pass.state();
        kernel::causal_attention_step<T, Heads, C / Heads>(pass.y().data(), keys, keys + T * C,
                                                           keys[2 * T * C], pass.x().data(), pass.scratch());
    }
    static constexpr std::size_t eval_scratch(const extents&) { return T; }
};

} // namespace detail

template <std::size_t Heads>
struct stream_rule<CausalSelfAttention<Heads>> {
    template <class X>
    using step = detail::attention_step<X::value[0], Heads, X::value[1] / 3>;
};
template <std::size_t T, std::size_t Heads, std::size_t C>
struct export_rule<detail::attention_step<T, Heads, C>> {
    static std::string type(const extents&)
    {
        return detail::embedded_type("attention_step", {T, Heads, C / Heads});
    }
};
template <std::size_t Heads>
struct export_rule<CausalSelfAttention<Heads>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("causal_self_attention", {x[0], Heads, x[1] / 3 / Heads});
    }
};

} // namespace ctnn::inline CTNN_ARCH
