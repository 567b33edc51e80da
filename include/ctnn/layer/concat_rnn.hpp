// SPDX-License-Identifier: BSD-3-Clause
/// Recurrent layers whose sums are each one Linear of x and h side by side, as makemore.py has them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <ctnn/kernel/recurrent.hpp>
#include <ctnn/layer/linear.hpp>
#include <ctnn/layer/recurrence.hpp>
#include <ctnn/layer/tanh.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// `Sums` weights of (In + H, H): the first In rows are for x, the others for h.
template <std::size_t In_, std::size_t H_, std::size_t Sums>
struct concat_cell {
    static constexpr std::size_t In = In_, H = H_, gates = Sums * H;
    static constexpr direction way = direction::forward;
    static constexpr bool has_cell = false;
    static constexpr std::size_t multiply_adds = Sums * (In + H) * H;

    /// Each as torch.nn.Linear(In + H, H); the start is 0.
    template <class S, std::size_t P>
    static void reset(const std::array<std::span<S>, P>& p, Generator& generator)
    {
        for (std::size_t k = 0; k < Sums; ++k)
            Linear<In + H, H>::reset(std::array{p[2 * k], p[2 * k + 1]}, generator);
    }
    template <std::size_t Stride, kernel::chains Chains, class S, class P, class Rows>
    static void read(S* to, const S* x, const P& p, Rows rows)
    {
        for (std::size_t k = 0; k < Sums; ++k)
            kernel::matmul<H, kernel::parts_in<Chains, In, H, S>()>(
                kernel::rows_of<S, gates>{to + k * H}, kernel::left<S, Stride, 1>{x},
                kernel::rows_of<const S, H>{p[2 * k].data()}, p[2 * k + 1].data(), rows,
                simd::constant<In>{});
    }
    /// The k-th sum, of what h gives to it.
    template <kernel::chains Chains, class S, class P, class Rows>
    static void remember(std::size_t k, S* to, const S* h, const P& p, Rows rows)
    {
        kernel::matmul<H, kernel::parts_in<Chains, H, H, S>(), S>(
            kernel::rows_of<S, gates>{to + k * H}, kernel::left<S, H, 1>{h},
            kernel::rows_of<const S, H>{p[2 * k].data() + In * H}, nullptr, rows, simd::constant<H>{},
            kernel::add_to_result{});
    }

    /// All weights for h turned, or all for x: row k H + o has what the k-th sum of unit o is made of.
    static constexpr std::size_t turned = Sums * H * padded(std::max(In, H));
    template <class S, class P>
    static void turn(S* to, const P& p)
    {
        for (std::size_t k = 0; k < Sums; ++k)
            kernel::transpose_rows<H>(to + k * H * padded(H), p[2 * k].data() + In * H, H, padded(H));
    }
    template <class S, class P>
    static void turn_input(S* to, const P& p)
    {
        for (std::size_t k = 0; k < Sums; ++k)
            kernel::transpose_rows<H>(to + k * H * padded(In), p[2 * k].data(), In, padded(In));
    }
    /// dh = or += what comes through the sums from First to Last - 1.
    template <write_mode How, std::size_t First, std::size_t Last, class S, class Rows>
    static void remember_backward(S* dh, const S* dgates, const S* turned_weights, Rows rows)
    {
        kernel::matmul<H, 1, S>(kernel::rows_of<S, H>{dh}, kernel::left<S, gates, 1>{dgates + First * H},
                                kernel::rows_of<const S, padded(H)>{turned_weights + First * H * padded(H)},
                                nullptr, rows, simd::constant<(Last - First) * H>{},
                                kernel::finish_of<How>{});
    }
    /// The gradients of the k-th weight and bias; h: what its lower rows were multiplied with.
    template <write_mode How, class S, class P, class Rows>
    static void gradients_of(std::size_t k, const P& dp, const S* dgates, const S* x, const S* h, Rows rows)
    {
        const kernel::rows_of<const S, gates> dy{dgates + k * H};
        kernel::matmul<H, 1, S>(kernel::rows_of<S, H>{dp[2 * k].data()}, kernel::left<S, 1, In>{x}, dy,
                                nullptr, simd::constant<In>{}, rows, kernel::finish_of<How>{});
        kernel::matmul<H, 1, S>(kernel::rows_of<S, H>{dp[2 * k].data() + In * H}, kernel::left<S, 1, H>{h},
                                dy, nullptr, simd::constant<H>{}, rows, kernel::finish_of<How>{});
        kernel::sum_rows<H, How, gates>(dp[2 * k + 1].data(), dy.data, rows);
    }
    template <write_mode How, std::size_t Stride, class S, class Rows>
    static void input_gradient(S* dx, const S* dgates, const S* turned_weights, Rows rows)
    {
        kernel::matmul<In, 1, S>(kernel::rows_of<S, Stride>{dx}, kernel::left<S, gates, 1>{dgates},
                                 kernel::rows_of<const S, padded(In)>{turned_weights}, nullptr, rows,
                                 simd::constant<gates>{}, kernel::finish_of<How>{});
    }
};

template <std::size_t In, std::size_t H>
struct concat_rnn_cell : concat_cell<In, H, 1> {
    using base = concat_cell<In, H, 1>;
    using function = Tanh::activation;
    static constexpr std::size_t scratch = 0;
    static constexpr std::size_t scratch_backward(std::size_t, std::size_t) { return 0; }
    template <bool>
    static constexpr std::array parameters{
        Parameter{"cell.xh_to_h.weight", {In + H, H}, 0, layout::transposed},
        Parameter{"cell.xh_to_h.bias", {H}}, Parameter{"start", {1, H}}};

    template <kernel::chains Chains, class S, class P, class Rows>
    static void step(recurrent_state<S> to, S* sums, recurrent_state<const S> from, const P& p, S*, Rows rows)
    {
        base::template remember<Chains>(0, sums, from.h, p, rows);
        kernel::activate<function>(to.h, static_cast<const S*>(sums), rows * H);
    }
    template <class S, class Rows>
    static void step_backward(S* dgates, recurrent_state<S> d, const S*, recurrent_state<S> state,
                              recurrent_state<S>, const S* turned, S*, Rows rows)
    {
        kernel::activate_backward<function>(dgates, static_cast<const S*>(d.h),
                                            static_cast<const S*>(state.h), rows * H);
        base::template remember_backward<write_mode::set, 0, 1>(d.h, static_cast<const S*>(dgates), turned,
                                                                rows);
    }
    template <write_mode How, class S, class P, class Rows>
    static void gradients(const P& dp, const S* dgates, const S*, const S* x, const S* h, S*, Rows rows)
    {
        base::template gradients_of<How>(0, dp, dgates, x, h, rows);
    }
    static std::string name() { return recurrent_name("ConcatRnn", In, H); }
    static constexpr std::string_view embedded = "concat_rnn";
};

template <std::size_t In, std::size_t H>
struct concat_gru_cell : concat_cell<In, H, 3> {
    using base = concat_cell<In, H, 3>;
    static constexpr std::size_t scratch = H; ///< r h
    static constexpr std::size_t scratch_backward(std::size_t steps, std::size_t rows)
    {
        return steps * rows * H; // its gradient, then r h of every step
    }
    template <bool>
    static constexpr std::array parameters{
        Parameter{"cell.xh_to_z.weight", {In + H, H}, 0, layout::transposed},
        Parameter{"cell.xh_to_z.bias", {H}},
        Parameter{"cell.xh_to_r.weight", {In + H, H}, 0, layout::transposed},
        Parameter{"cell.xh_to_r.bias", {H}},
        Parameter{"cell.xh_to_hbar.weight", {In + H, H}, 0, layout::transposed},
        Parameter{"cell.xh_to_hbar.bias", {H}},
        Parameter{"start", {1, H}}};

    template <kernel::chains Chains, class S, class P, class Rows>
    static void step(recurrent_state<S> to, S* sums, recurrent_state<const S> from, const P& p, S* reset,
                     Rows rows)
    {
        base::template remember<Chains>(0, sums, from.h, p, rows);
        base::template remember<Chains>(1, sums, from.h, p, rows);
        kernel::reset_step<H>(reset, sums, from.h, rows);
        base::template remember<Chains>(2, sums, static_cast<const S*>(reset), p, rows);
        kernel::update_step<H>(to.h, sums, from.h, rows);
    }
    template <class S, class Rows>
    static void step_backward(S* dgates, recurrent_state<S> d, const S* kept, recurrent_state<S>,
                              recurrent_state<S> before, const S* turned, S* dreset, Rows rows)
    {
        const S* const h = before.h;
        const S* const sums = dgates;
        kernel::update_step_backward<H>(dgates, d.h, kept, h, rows);
        base::template remember_backward<write_mode::set, 2, 3>(dreset, sums, turned, rows);
        kernel::reset_step_backward<H>(dgates, d.h, static_cast<const S*>(dreset), kept, h, rows);
        base::template remember_backward<write_mode::add, 0, 2>(d.h, sums, turned, rows);
    }
    template <write_mode How, class S, class P, class Rows>
    static void gradients(const P& dp, const S* dgates, const S* kept, const S* x, const S* h, S* reset,
                          Rows rows)
    {
        kernel::reset_states<H>(reset, kept, h, rows);
        base::template gradients_of<How>(0, dp, dgates, x, h, rows);
        base::template gradients_of<How>(1, dp, dgates, x, h, rows);
        base::template gradients_of<How>(2, dp, dgates, x, static_cast<const S*>(reset), rows);
    }
    static std::string name() { return recurrent_name("ConcatGru", In, H); }
    static constexpr std::string_view embedded = "concat_gru";
};

} // namespace detail

/// The recurrent layer of makemore.py: h = tanh([x, h] W + b), from a learnt start. Rnn computes the same
/// with two weights and two biases.
///
///   x                   : (T, In)        y : (T, H), every h
///   cell.xh_to_h.weight : (In + H, H), first for x; files have its transpose
///   cell.xh_to_h.bias   : (H)            start : (1, H), the h before the first step
///   backward            : through all T steps; dx and the parameters' gradients are set or added to
///   reset               : weight and bias as torch.nn.Linear(In + H, H); the start is 0
///   errors              : [ctnn.shape] x is not (T, In)
///   cost                : T (In + H) H multiply-adds; no allocation
template <std::size_t In, std::size_t H>
struct ConcatRnn : detail::recurrence<detail::concat_rnn_cell<In, H>, detail::learnt_start> {
    using self = ConcatRnn;
};

/// The gated recurrent unit of makemore.py, in which the reset gate acts before the product:
/// z, r = sigmoid([x, h] W + b), n = tanh([x, r h] W + b), h = (1 - z) h + z n, from a learnt start.
///
///   x        : (T, In)        y : (T, H), every h
///   weights  : cell.xh_to_z.weight, cell.xh_to_r.weight, cell.xh_to_hbar.weight : (In + H, H), first for x;
///              files have their transposes
///   biases   : cell.xh_to_z.bias, ... : (H)        start : (1, H), the h before the first step
///   backward : through all T steps; dx and the parameters' gradients are set or added to
///   reset    : weights and biases as three torch.nn.Linear(In + H, H); the start is 0
///   errors   : [ctnn.shape] x is not (T, In)
///   cost     : 3 T (In + H) H multiply-adds; no allocation
///   source   : Cho et al. 2014 (arXiv:1406.1078), eq. 5-8, with z the share of the new
template <std::size_t In, std::size_t H>
struct ConcatGru : detail::recurrence<detail::concat_gru_cell<In, H>, detail::learnt_start> {
    using self = ConcatGru;
};

template <std::size_t In, std::size_t H>
struct stream_rule<ConcatRnn<In, H>>
    : stream_rule<detail::recurrence<detail::concat_rnn_cell<In, H>, detail::learnt_start>> {};
template <std::size_t In, std::size_t H>
struct stream_rule<ConcatGru<In, H>>
    : stream_rule<detail::recurrence<detail::concat_gru_cell<In, H>, detail::learnt_start>> {};
template <std::size_t In, std::size_t H>
struct export_rule<ConcatRnn<In, H>>
    : export_rule<detail::recurrence<detail::concat_rnn_cell<In, H>, detail::learnt_start>> {};
template <std::size_t In, std::size_t H>
struct export_rule<ConcatGru<In, H>>
    : export_rule<detail::recurrence<detail::concat_gru_cell<In, H>, detail::learnt_start>> {};

} // namespace ctnn::inline CTNN_ARCH
