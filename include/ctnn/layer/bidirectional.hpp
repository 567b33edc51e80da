// SPDX-License-Identifier: BSD-3-Clause
/// Recurrent layers that read a sequence from both ends.
#pragma once

#include <cstddef>
#include <utility>

#include <ctnn/core/layer_list.hpp>
#include <ctnn/layer/joins.hpp>
#include <ctnn/layer/recurrence.hpp>

namespace ctnn::inline CTNN_ARCH {

/// An Rnn, Gru or Lstm, and another of its kind that reads the sequence from the end; what both give at a
/// position stands side by side, the forward one first. `Bidirectional<Gru<3, 2, Layers<2>>>`.
///
///   x          : (T, In)        y : (T, 2 H); the second layer reads 2 H
///   parameters : of each layer those of the forward direction, then the other's, named "..._l0_reverse"
///   reset      : in this order, as PyTorch with bidirectional=True
///   errors     : [ctnn.shape] x is not (T, In); [ctnn.mode] it cannot stream
///   source     : Schuster & Paliwal 1997
template <class L>
    requires detail::is_recurrent_stack<L>
struct Bidirectional {
    template <class Indices = std::make_index_sequence<L::layers>>
    struct listed;
    template <std::size_t... I>
    struct listed<std::index_sequence<I...>> {
        template <std::size_t Index, detail::direction D>
        using layer = typename L::template layer<Index == 0 ? L::in : 2 * L::units, Index, D>;
        using type = layer_list<layer<I, detail::direction::forward>...,
                                layer<I, detail::direction::backward>..., ConcatLast<2>>;
        static constexpr std::size_t wire(auto& net, std::size_t x)
        {
            ((x = both<I>(net, x)), ...);
            return x;
        }
        template <std::size_t Index>
        static constexpr std::size_t both(auto& net, std::size_t x)
        {
            const std::size_t there = net.template inside<layer<Index, detail::direction::forward>>(x),
                              back = net.template inside<layer<Index, detail::direction::backward>>(x);
            return net.template join<ConcatLast<2>>(there, back);
        }
    };
    using parts = typename listed<>::type;
    static constexpr std::size_t wire(auto& net, std::size_t x) { return listed<>::wire(net, x); }
};

} // namespace ctnn::inline CTNN_ARCH
