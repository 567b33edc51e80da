// SPDX-License-Identifier: BSD-3-Clause
/// Long short-term memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <ctnn/kernel/recurrent.hpp>
#include <ctnn/layer/torch_cell.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

template <std::size_t In, std::size_t H, std::size_t Index, direction D>
struct lstm_cell : summing_cell<In, H, 4, Index, D> {
    using base = summing_cell<In, H, 4, Index, D>;
    static constexpr bool has_cell = true;
    template <bool LearnsStart>
    static constexpr auto parameters =
        with_start<LearnsStart>(base::own, {Parameter{with_layer<"start", Index, D>, {1, H}},
                                            Parameter{with_layer<"start_cell", Index, D>, {1, H}}});

    template <kernel::chains Chains, class S, class P, class Rows>
    static void step(recurrent_state<S> to, S* gates, recurrent_state<const S> from, const P& p, S*,
                     Rows rows)
    {
        base::template remember<Chains>(gates, from.h, p, rows);
        kernel::lstm_step<H>(to.h, to.cell, gates, from.cell, rows);
    }
    /// `d`: the gradient of the state, which becomes that of the state before.
    template <class S, class Rows>
    static void step_backward(S* dgates, recurrent_state<S> d, const S* gates, recurrent_state<S> state,
                              recurrent_state<S> before, const S* turned, S*, Rows rows)
    {
        kernel::lstm_step_backward<H>(dgates, d.cell, static_cast<const S*>(d.h), gates,
                                      static_cast<const S*>(state.cell), static_cast<const S*>(before.cell),
                                      rows);
        base::remember_backward(d.h, static_cast<const S*>(dgates), turned, rows);
    }
    static std::string name() { return recurrent_name("Lstm", In, H); }
    static constexpr std::string_view embedded = "lstm";
};

struct lstm_kind {
    template <std::size_t In, std::size_t H, std::size_t Index, direction D, class...>
    using cell = lstm_cell<In, H, Index, D>;
};

} // namespace detail

/// Long short-term memory, PyTorch's: i, f, o = sigmoid and g = tanh of x W_ih + b_ih + h W_hh + b_hh,
/// c = f c + i g, h = o tanh(c). `Lstm<27, 64>`, `Lstm<27, 64, Layers<2>, LearntStart>`; with a LastStep
/// after it only the last h goes on.
///
///   x         : (T, In)        y : (T, H), every h
///   weight_ih : (In, 4 H)      weight_hh : (H, 4 H)      bias_ih, bias_hh : (4 H), the gates in the order
///               i, f, g, o; with "_l0" after the name, the layer's number. Files have the weights'
///               transposes
///   options   : Layers<N>, LearntStart
///   backward  : through all T steps; dx and the parameters' gradients are set or added to
///   reset     : uniform in +-1/sqrt(H), in the order of torch.nn.LSTM
///   errors    : [ctnn.shape] x is not (T, In)
///   cost      : 4 T (In + H) H multiply-adds; no allocation. Training keeps x, gates and states of every
///               step
///   source    : Hochreiter & Schmidhuber 1997; Gers et al. 2000; torch.nn.LSTM(batch_first=True)
template <std::size_t In, std::size_t H, class... Options>
struct Lstm : detail::recurrent_stack<detail::lstm_kind, In, H, Options...> {};

} // namespace ctnn::inline CTNN_ARCH
