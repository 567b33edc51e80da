// SPDX-License-Identifier: BSD-3-Clause
/// Attention with its projections as one layer, with PyTorch's parameters.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

#include <ctnn/core/layer_list.hpp>
#include <ctnn/kernel/affine.hpp>
#include <ctnn/kernel/attention.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/layer/linear.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// Of two inputs the second is a mask: 0 for positions that are not looked at.
template <std::size_t C, std::size_t Heads, kernel::looks At, std::size_t Inputs>
struct multihead {
    static constexpr std::size_t inputs = Inputs, D = Heads > 0 ? C / Heads : 0;
    static constexpr bool has_mask = Inputs == 2;
    static constexpr std::array parameters{
        Parameter{"in_proj_weight", {C, 3 * C}, 0, layout::transposed}, Parameter{"in_proj_bias", {3 * C}},
        Parameter{"out_proj.weight", {C, C}, 0, layout::transposed}, Parameter{"out_proj.bias", {C}}};

    static constexpr extents output(const std::array<extents, Inputs>& x)
    {
        const bool fits = x[0].rank == 2 && Heads > 0 && C > 0 && C % Heads == 0 && x[0][0] > 0 &&
                          x[0][1] == C && x[Inputs - 1][0] == x[0][0] &&
                          (!has_mask || x[Inputs - 1].rank == 1);
        return fits ? x[0] : extents::none();
    }

    template <class P>
    static void forward(const P& pass)
    {
        if constexpr (P::training) {
            const auto [in, in_bias, out, out_bias] = pass.parameters();
            constexpr simd::constant<P::mode::batch * T<P>> rows;
            auto* const qkv = pass.saved();
            auto* const mean = qkv + rows() * 3 * C;
            kernel::affine<C, 3 * C>(qkv, pass.x().data(), in.data(), in_bias.data(), rows);
            for (std::size_t r = 0; r < pass.rows; ++r)
                kernel::attention<At, T<P>, Heads, D>(mean + r * T<P> * C, qkv + r * T<P> * 3 * C,
                                                      mask(pass, r), pass.scratch());
            kernel::affine<C, C>(pass.y().data(), mean, out.data(), out_bias.data(), rows);
        } else {
            for (std::size_t r = 0; r < pass.rows; ++r) answer(pass, r);
        }
    }
    template <class P>
    static void backward(const P& pass)
    {
        using S = typename P::scalar;
        constexpr write_mode how = P::weight_gradient, how_dx = P::template input_gradient<>;
        constexpr simd::constant<P::mode::batch * T<P>> rows;
        const auto p = pass.parameters();
        const S *const qkv = pass.saved(), *const mean = qkv + rows() * 3 * C, *const dy = pass.dy().data();
        S *const dqkv = pass.scratch(), *const dmean = dqkv + rows() * 3 * C,
                 *const aside = dmean + rows() * C;
        kernel::affine_backward_input<C, C>(dmean, aside, dy, p[2].data(), rows);
        for (std::size_t r = 0; r < pass.rows; ++r)
            kernel::attention_backward<At, T<P>, Heads, D>(dqkv + r * T<P> * 3 * C, dmean + r * T<P> * C,
                                                           qkv + r * T<P> * 3 * C, mask(pass, r), aside);
        if constexpr (how != write_mode::skip) {
            const auto dp = pass.gradients();
            kernel::affine_backward_weight<C, 3 * C, how>(dp[0].data(), dqkv, pass.x().data(), rows);
            kernel::sum_rows<3 * C, how>(dp[1].data(), dqkv, rows);
            kernel::affine_backward_weight<C, C, how>(dp[2].data(), dy, mean, rows);
            kernel::sum_rows<C, how>(dp[3].data(), dy, rows);
        }
        if constexpr (how_dx != write_mode::skip)
            kernel::affine_backward_input<C, 3 * C, how_dx>(pass.dx().data(), aside, dqkv, p[0].data(), rows);
        if constexpr (has_mask) {
            if constexpr (P::template input_gradient<1> == write_mode::set) {
                const auto dmask = pass.template dx<1>();
                std::fill(dmask.begin(), dmask.end(), S{0});
            }
        }
    }

    /// The output's Linear first, then the input's weight by Glorot's rule; both biases are 0.
    template <class S>
    static void reset(const std::array<std::span<S>, 4>& p, Generator& generator)
    {
        Linear<C, C>::reset(std::array{p[2], p[3]}, generator);
        const S bound = static_cast<S>(std::sqrt(6.0 / static_cast<double>(4 * C)));
        for (std::size_t o = 0; o < 3 * C; ++o)
            for (std::size_t i = 0; i < C; ++i) p[0][i * 3 * C + o] = generator.uniform(-bound, bound);
        std::fill(p[1].begin(), p[1].end(), S{0});
        std::fill(p[3].begin(), p[3].end(), S{0});
    }

    using self = multihead;
    static constexpr std::size_t in_features = C;
    static constexpr uses derivative_uses = uses::input;
    static constexpr bool overwrites_gradients = true, adds_gradients = true, adds_input_gradients = true;
    static constexpr std::size_t saved(const extents& x, std::size_t rows) { return rows * x[0] * 4 * C; }
    static constexpr std::size_t scratch(const extents& x, std::size_t rows)
    {
        return rows * x[0] * 4 * C + std::max({kernel::affine_scratch<C, C>(rows * x[0]),
                                               kernel::affine_scratch<C, 3 * C>(rows * x[0]),
                                               kernel::attention_backward_scratch(x[0], D)});
    }
    static constexpr std::size_t eval_scratch(const extents& x)
    {
        return x[0] * 4 * C + kernel::attention_scratch(x[0], D);
    }
    static constexpr std::size_t multiply_adds(const extents& x)
    {
        return x[0] * 4 * C * C + (At == kernel::looks::back ? x[0] * (x[0] + 1) : 2 * x[0] * x[0]) * C;
    }
    static std::string name()
    {
        return "MultiheadAttention<" + std::to_string(C) + ", " + std::to_string(Heads) +
               (At == kernel::looks::back ? ", Causal>" : ">");
    }

private:
    template <class P>
    static constexpr std::size_t T = extents_of<typename P::input>()[0][0];
    template <class P>
    static const typename P::scalar* mask(const P& pass, std::size_t row)
    {
        if constexpr (has_mask) return pass.template x<1>().data() + row * P::template x_extent<1>;
        else return nullptr;
    }
    template <class P>
    static void answer(const P& pass, std::size_t r)
    {
        using S = typename P::scalar;
        const auto [in, in_bias, out, out_bias] = pass.parameters();
        constexpr simd::constant<T<P>> rows;
        S *const qkv = pass.scratch(), *const mean = qkv + rows() * 3 * C;
        kernel::affine<C, 3 * C, kernel::parts_of_sum<C, 3 * C, S>()>(qkv, pass.x().data() + r * rows() * C,
                                                                      in.data(), in_bias.data(), rows);
        kernel::attention<At, T<P>, Heads, D>(mean, qkv, mask(pass, r), mean + rows() * C);
        kernel::affine<C, C, kernel::parts_of_sum<C, C, S>()>(pass.y().data() + r * rows() * C, mean,
                                                              out.data(), out_bias.data(), rows);
    }
};

/// One step of it; see attention_step.
template <std::size_t T, std::size_t C, std::size_t Heads>
struct multihead_step {
    static constexpr auto parameters = multihead<C, Heads, kernel::looks::back, 1>::parameters;
    static constexpr std::size_t state = 2 * T * C + 1;
    static constexpr extents output(const extents& x) { return x == extents{C} ? x : extents::none(); }
    template <class P>
    static void forward(const P& pass)
    {
        using S = typename P::scalar;
        const auto [in, in_bias, out, out_bias] = pass.parameters();
        S *const keys = pass.state(), *const qkv = pass.scratch(), *const mean = qkv + 3 * C;
        constexpr simd::constant<1> row;
        kernel::affine<C, 3 * C, kernel::parts_of_sum<C, 3 * C, S>()>(qkv, pass.x().data(), in.data(),
                                                                      in_bias.data(), row);
        kernel::causal_attention_step<T, Heads, C / Heads>(mean, keys, keys + T * C, keys[2 * T * C], qkv,
                                                           mean + C);
        kernel::affine<C, C, kernel::parts_of_sum<C, C, S>()>(pass.y().data(), mean, out.data(),
                                                              out_bias.data(), row);
    }
    static constexpr std::size_t eval_scratch(const extents&) { return 4 * C + T; }
};

} // namespace detail

/// Self-attention with its projections, PyTorch's: a Linear makes queries, keys and values, another goes over
/// what the Heads give side by side. `MultiheadAttention<64, 4>`, `MultiheadAttention<64, 4, Causal>`; inside
/// a KeyPadding without the positions that are filling.
///
///   x, y            : (T, C)
///   in_proj_weight  : (C, 3 C)        in_proj_bias  : (3 C): for queries, keys, values in this order
///   out_proj.weight : (C, C)          out_proj.bias : (C). Files have the transposes of the weights
///   backward        : dx and the parameters' gradients are set or added to
///   reset           : out_proj as a Linear, in_proj_weight by Glorot's rule, biases 0, as PyTorch draws them
///   errors          : [ctnn.shape] x is not (T, C), or Heads does not divide C; [ctnn.mode] without Causal
///                     it cannot stream
///   cost            : 4 T C C and about T T C or 2 T T C multiply-adds; no allocation
///   source          : Vaswani et al. 2017; torch.nn.MultiheadAttention(C, Heads, batch_first=True)(x, x, x)
template <std::size_t C, std::size_t Heads, class... Options>
    requires(std::is_same_v<Options, Causal> && ...)
struct MultiheadAttention {
    static constexpr kernel::looks at =
        (std::is_same_v<Options, Causal> || ...) ? kernel::looks::back : kernel::looks::everywhere;
    using parts = layer_list<detail::multihead<C, Heads, at, 1>, detail::multihead<C, Heads, at, 2>>;
    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        if (!net.has_mask()) return net.template inside<detail::multihead<C, Heads, at, 1>>(x);
        return net.template join<detail::multihead<C, Heads, at, 2>>(x, net.mask());
    }
};

template <std::size_t C, std::size_t Heads>
struct stream_rule<detail::multihead<C, Heads, kernel::looks::back, 1>> {
    template <class X>
    using step = detail::multihead_step<X::value[0], C, Heads>;
};
template <std::size_t T, std::size_t C, std::size_t Heads>
struct export_rule<detail::multihead_step<T, C, Heads>> {
    static std::string type(const extents&)
    {
        return detail::embedded_type("multihead_step", {T, Heads, C / Heads});
    }
};
template <std::size_t C, std::size_t Heads, kernel::looks At>
struct export_rule<detail::multihead<C, Heads, At, 1>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type(At == kernel::looks::back ? "causal_multihead" : "multihead",
                                     {x[0], Heads, C / Heads});
    }
};

} // namespace ctnn::inline CTNN_ARCH
