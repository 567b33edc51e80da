// SPDX-License-Identifier: BSD-3-Clause
/// Sums of table rows: what `freeze` makes of an Embedding and the Linear after it.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/gather.hpp>
#include <ctnn/kernel/small_tables.hpp>
#include <ctnn/layer/packing_rules.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class L>
inline constexpr bool has_backward = false;

} // namespace detail

/// y = b + the sum over t of weight[t][id_t]: a Linear layer of T ids in one-hot form, N times side by side.
///
///   x        : N T class ids in 0..V-1
///   y        : (Out), or for N > 1 (N, Out)
///   weight   : (T, V, Out)        bias : (Out)
///   backward : none; it only stands in frozen networks
///   cost     : T Out additions for each of N
template <std::size_t V, std::size_t Out, std::size_t T, std::size_t N = 1>
struct TableSum {
    static constexpr std::size_t classes = V;
    static constexpr std::array parameters{Parameter{"weight", {T, V, Out}}, Parameter{"bias", {Out}}};

    static constexpr extents output(const extents& x)
    {
        const bool is_one_id = N * T == 1 && x.rank == 0; // of a stream
        if (x != extents{N * T} && !is_one_id) return extents::none();
        return N == 1 ? extents{Out} : extents{N, Out};
    }

    template <class P>
    static void forward(const P& pass)
    {
        const auto [weight, bias] = pass.parameters();
        kernel::gather_sum<V, Out, T>(pass.y().data(), weight.data(), bias.data(), pass.x().data(),
                                      pass.x().size() / T, typename P::activation{});
    }

    template <class P>
    static void backward(const P&)
    {
        static_assert(detail::has_backward<TableSum>,
                      "[ctnn.mode] a TableSum stands in frozen networks only, and does not learn");
    }

    using self = TableSum;
    static constexpr applies_activation applies = applies_activation::forward;
    static constexpr extents input(std::size_t) { return {N * T}; }
    static std::string name()
    {
        return "TableSum<" + std::to_string(V) + ", " + std::to_string(Out) + ", " + std::to_string(T) +
               (N == 1 ? ">" : ", " + std::to_string(N) + ">");
    }
};

template <std::size_t V, std::size_t Out, std::size_t T, std::size_t N, Scalar S>
struct packing_rule<TableSum<V, Out, T, N>, S> : detail::padded_matrix<T * V, Out, S> {
    template <class P>
    static void forward(const P& pass, const std::byte* packed)
    {
        kernel::gather_sum<V, Out, T, packing_rule::stride>(
            pass.y().data(), reinterpret_cast<const S*>(packed), pass.parameter_data[1], pass.x().data(),
            pass.x().size() / T, typename P::activation{});
    }
};

template <std::size_t V, std::size_t Out, std::size_t T, std::size_t N, SmallNumber S>
struct packing_rule<TableSum<V, Out, T, N>, S> {
    using tables = kernel::small_tables<S, T * V, Out, T>;
    static constexpr std::size_t bytes = tables::bytes;

    static void pack(std::byte* to, const float* const* parameters, value_range)
    {
        tables::pack(to, parameters[0], parameters[1]);
    }
    template <class P>
    static void forward(const P& pass, const std::byte* packed)
    {
        tables::template sum<V>(pass.y().data(), packed, pass.x().data(), pass.x().size() / T,
                                detail::rough_activation_of<P>{});
    }
};

/// A table for each position by itself.
template <std::size_t V, std::size_t Out, std::size_t N>
struct stream_rule<TableSum<V, Out, 1, N>> : steps_as<TableSum<V, Out, 1, 1>> {};
template <std::size_t V, std::size_t Out, std::size_t T, std::size_t N>
struct export_rule<TableSum<V, Out, T, N>> {
    static std::string type(const extents&, bool int8 = false)
    {
        return detail::embedded_type("table_sum", {V, Out, T, N}, int8);
    }
};

} // namespace ctnn::inline CTNN_ARCH
