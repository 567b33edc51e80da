// SPDX-License-Identifier: BSD-3-Clause
/// Attention of each position to all others, and masks for sequences that are filled up.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include <ctnn/core/layer_list.hpp>
#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/attention.hpp>
#include <ctnn/layer/input.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// Attention in both directions. Of two inputs the second is a mask: 0 for positions that are not looked at.
template <std::size_t Heads, std::size_t Inputs>
struct attention_to_all {
    static constexpr std::size_t inputs = Inputs;
    static constexpr bool has_mask = Inputs == 2;

    static constexpr extents output(const std::array<extents, Inputs>& x)
    {
        const bool fits = x[0].rank == 2 && Heads > 0 && x[0][0] > 0 && x[0][1] > 0 &&
                          x[0][1] % (3 * Heads) == 0 && x[Inputs - 1][0] == x[0][0] &&
                          (!has_mask || x[Inputs - 1].rank == 1);
        return fits ? x[0].with_last(x[0][1] / 3) : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        for (std::size_t r = 0; r < pass.rows; ++r)
            kernel::attention<kernel::looks::everywhere, T<P>, Heads, D<P>>(
                pass.y().data() + r * P::y_extent, pass.x().data() + r * P::template x_extent<>,
                mask(pass, r), pass.scratch());
    }
    template <class P>
    static void backward(const P& pass)
    {
        for (std::size_t r = 0; r < pass.rows; ++r) {
            const std::size_t at = r * P::template x_extent<>;
            kernel::attention_backward<kernel::looks::everywhere, T<P>, Heads, D<P>>(
                pass.dx().data() + at, pass.dy().data() + r * P::y_extent, pass.x().data() + at,
                mask(pass, r), pass.scratch());
        }
        if constexpr (has_mask) {
            const auto dmask = pass.template dx<1>();
            std::fill(dmask.begin(), dmask.end(), typename P::scalar{0});
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
    static constexpr std::size_t multiply_adds(const extents& x) { return 2 * x[0] * x[0] * (x[1] / 3); }
    static std::string name() { return "SelfAttention<" + std::to_string(Heads) + ">"; }
    using self = attention_to_all;

private:
    template <class P>
    static constexpr std::size_t T = extents_of<typename P::input>()[0][0];
    template <class P>
    static constexpr std::size_t D = extents_of<typename P::input>()[0][1] / 3 / Heads;
    template <class P>
    static const typename P::scalar* mask(const P& pass, std::size_t row)
    {
        if constexpr (has_mask) return pass.template x<1>().data() + row * P::template x_extent<1>;
        else return nullptr;
    }
};

} // namespace detail

/// Each position becomes a mean of the values of all positions, weighted by how well its query meets their
/// keys; in Heads blocks of features, each by itself. Inside a KeyPadding without those that are filling.
///
///   x        : (T, 3 C): queries, keys and values beside each other, as a Linear<C, 3 C> gives them
///   y        : (T, C); NaN where every position is filling, as in PyTorch
///   backward : dx is overwritten; the (T, T) shares of a head are computed again, none are kept
///   errors   : [ctnn.shape] x does not have two axes, or 3 Heads does not divide the last; [ctnn.mode] it
///              cannot stream
///   cost     : 2 T T C multiply-adds; no allocation
///   source   : Vaswani et al. 2017 (arXiv:1706.03762)
template <std::size_t Heads>
struct SelfAttention {
    using parts = layer_list<detail::attention_to_all<Heads, 1>, detail::attention_to_all<Heads, 2>>;
    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        if (!net.has_mask()) return net.template inside<detail::attention_to_all<Heads, 1>>(x);
        return net.template join<detail::attention_to_all<Heads, 2>>(x, net.mask());
    }
};

/// Layers one after the other, in which attention leaves out the positions that only fill a sequence up:
/// `KeyPadding<16, Embedding<27, 64>, Linear<64, 192>, SelfAttention<4>, ...>`. The network has a second
/// input, the mask that pad_sequences gives: `model.forward(ids, mask)`.
///
///   mask   : (T), not 0 for positions that are there. PyTorch's key_padding_mask is the opposite
///            A CausalSelfAttention needs none: what fills a sequence up stands after what is there
///   names  : "0", "1", ... for the layers
///   freeze : leaves it as it is
///   errors : [ctnn.shape] the sequences have another length than T
template <std::size_t T, class... L>
struct KeyPadding {
    using parts = layer_list<Input<T>, L...>;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        const auto outer = net.use_mask(net.template inside<Input<T>>(net.input()));
        ((x = net.template add<L>(x)), ...);
        net.restore_mask(outer);
        return x;
    }
};

template <std::size_t Heads>
struct export_rule<detail::attention_to_all<Heads, 1>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("self_attention", {x[0], Heads, x[1] / 3 / Heads});
    }
};

} // namespace ctnn::inline CTNN_ARCH
