// SPDX-License-Identifier: BSD-3-Clause
/// The plain recurrent layer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include <ctnn/layer/relu.hpp>
#include <ctnn/layer/tanh.hpp>
#include <ctnn/layer/torch_cell.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

template <std::size_t In, std::size_t H, std::size_t Index, direction D, class Activation>
struct rnn_cell : summing_cell<In, H, 1, Index, D> {
    using base = summing_cell<In, H, 1, Index, D>;
    using function = typename Activation::activation;
    static constexpr bool has_cell = false;
    template <bool LearnsStart>
    static constexpr auto parameters =
        with_start<LearnsStart>(base::own, {Parameter{with_layer<"start", Index, D>, {1, H}}});

    template <kernel::chains Chains, class S, class P, class Rows>
    static void step(recurrent_state<S> to, S* gates, recurrent_state<const S> from, const P& p, S*,
                     Rows rows)
    {
        base::template remember<Chains>(gates, from.h, p, rows);
        kernel::activate<function>(to.h, static_cast<const S*>(gates), rows * H);
    }
    template <class S, class Rows>
    static void step_backward(S* dgates, recurrent_state<S> d, const S*, recurrent_state<S> state,
                              recurrent_state<S>, const S* turned, S*, Rows rows)
    {
        kernel::activate_backward<function>(dgates, static_cast<const S*>(d.h),
                                            static_cast<const S*>(state.h), rows * H);
        base::remember_backward(d.h, static_cast<const S*>(dgates), turned, rows);
    }
    static std::string name() { return recurrent_name("Rnn", In, H); }
    static constexpr std::string_view embedded = std::is_same_v<Activation, ReLU> ? "rnn_relu" : "rnn_tanh";
};

template <class Option>
inline constexpr bool is_relu = false;
template <>
inline constexpr bool is_relu<ReLU> = true;
struct rnn_kind {
    template <std::size_t In, std::size_t H, std::size_t Index, direction D, class... Options>
    using cell = rnn_cell<In, H, Index, D, std::conditional_t<(is_relu<Options> || ...), ReLU, Tanh>>;
};
template <>
inline constexpr bool is_option<rnn_kind, Tanh> = true;
template <>
inline constexpr bool is_option<rnn_kind, ReLU> = true;

} // namespace detail

/// The plain recurrent layer: h = tanh(x W_ih + b_ih + h W_hh + b_hh), or with ReLU max(0, ...).
/// `Rnn<27, 64>`, `Rnn<27, 64, Layers<2>, ReLU>`; with a LastStep after it only the last h goes on.
///
///   x         : (T, In)        y : (T, H), every h
///   weight_ih : (In, H)        weight_hh : (H, H)        bias_ih, bias_hh : (H); with "_l0" after the name,
///               the layer's number. Files have the weights' transposes
///   options   : Layers<N>, LearntStart, Tanh or ReLU
///   backward  : through all T steps; dx and the parameters' gradients are set or added to
///   reset     : uniform in +-1/sqrt(H), in the order of torch.nn.RNN
///   errors    : [ctnn.shape] x is not (T, In)
///   cost      : T (In + H) H multiply-adds; no allocation. Training keeps x and states of every step
///   source    : Elman 1990; torch.nn.RNN(batch_first=True)
template <std::size_t In, std::size_t H, class... Options>
struct Rnn : detail::recurrent_stack<detail::rnn_kind, In, H, Options...> {};

} // namespace ctnn::inline CTNN_ARCH
