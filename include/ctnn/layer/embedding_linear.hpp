// SPDX-License-Identifier: BSD-3-Clause
/// A Linear layer of embedded ids, through tables: how the two train where there are few ids and many rows.
#pragma once

#include <array>
#include <cstddef>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/affine.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/kernel/gather.hpp>
#include <ctnn/layer/fold_rules.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// y = b + the sum over t of (embedding w_t)[id_t], N times for T ids each, where w_t is the block of the
/// weight for place t. The tables of V rows are made once a step, and each row of y is a sum of T of theirs;
/// backward, dy is added up by place and id first.
template <std::size_t V, std::size_t C, std::size_t T, std::size_t N, std::size_t Out, bool HasBias>
struct embedding_linear {
    static constexpr std::size_t classes = V;
    static constexpr auto parameters = [] {
        const Parameter table{"weight", {V, C}}, weight{"weight", {T * C, Out}, 0, layout::transposed};
        if constexpr (HasBias) return std::array{table, weight, Parameter{"bias", {Out}}};
        else return std::array{table, weight};
    }();
    static constexpr extents output(const extents&) { return {N, Out}; }

    template <class P>
    static void forward(const P& pass)
    {
        const auto p = pass.parameters();
        auto* const tables = pass.scratch();
        for (std::size_t t = 0; t < T; ++t)
            kernel::affine<C, Out, 1, typename P::scalar>(
                tables + t * V * Out, p[0].data(), p[1].data() + t * C * Out, nullptr, simd::constant<V>{});
        kernel::gather_sum<V, Out, T>(pass.y().data(), static_cast<const typename P::scalar*>(tables),
                                      HasBias ? p[p.size() - 1].data() : nullptr, pass.x_data[0],
                                      pass.rows * N, typename P::activation{});
    }
    template <class P>
    static void backward(const P& pass)
    {
        constexpr write_mode how = P::weight_gradient;
        const auto p = pass.parameters();
        const auto dp = pass.gradients();
        auto *const dtables = pass.scratch(), *const aside = dtables + T * V * Out;
        kernel::gather_sum_backward<V, Out, T>(dtables, pass.dy().data(), pass.x_data[0], pass.rows * N);
        for (std::size_t t = 0; t < T; ++t) {
            const auto* const dy = dtables + t * V * Out;
            const auto* const weight = p[1].data() + t * C * Out;
            if (t == 0)
                kernel::affine_backward_input<C, Out, how>(dp[0].data(), aside, dy, weight,
                                                           simd::constant<V>{});
            else
                kernel::affine_backward_input<C, Out, write_mode::add>(dp[0].data(), aside, dy, weight,
                                                                       simd::constant<V>{});
            kernel::affine_backward_weight<C, Out, how>(dp[1].data() + t * C * Out, dy, p[0].data(),
                                                        simd::constant<V>{});
        }
        if constexpr (HasBias)
            kernel::sum_rows<Out, how>(dp[dp.size() - 1].data(), pass.dy().data(), pass.rows * N);
    }

    using self = embedding_linear;
    static constexpr std::size_t scratch(const extents&, std::size_t)
    {
        return T * V * Out + kernel::affine_scratch<C, Out>(V);
    }
};

/// Whether tables are less than half of the work: products of V rows and additions of T rows, against
/// products of all rows.
constexpr bool tables_pay(std::size_t V, std::size_t C, std::size_t rows)
{
    constexpr std::size_t addition = 4; // multiply-adds that take as long as one of them, from memory
    return 2 * (V * C + addition * rows) < rows * C;
}

} // namespace detail

template <std::size_t V, std::size_t C, std::size_t... Context, std::size_t In, std::size_t Out, class Bias,
          std::size_t Ids, std::size_t Rows>
    requires(In % C == 0 && Ids % (In / C) == 0 && detail::tables_pay(V, C, Rows* Ids / (In / C)) &&
             In * V / C * Out <= 256 * 1024)
struct joint_rule<Embedding<V, C, Context...>, Linear<In, Out, Bias>, shape<Ids>, Rows> {
    using type = detail::embedding_linear<V, C, In / C, Ids / (In / C), Out, Linear<In, Out, Bias>::has_bias>;
};

} // namespace ctnn::inline CTNN_ARCH
