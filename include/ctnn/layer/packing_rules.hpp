// SPDX-License-Identifier: BSD-3-Clause
/// How the layers of frozen models keep their weights.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/affine.hpp>
#include <ctnn/kernel/gather.hpp>
#include <ctnn/layer/linear.hpp>
#include <ctnn/layer/table_sum.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// A matrix (Rows, Columns) whose rows are filled up to whole registers, so that every read is whole and, as
/// those of a block are, on a cache line.
template <std::size_t Rows, std::size_t Columns, class T>
struct padded_matrix {
    static constexpr std::size_t stride = (Columns + simd::width<T> - 1) / simd::width<T> * simd::width<T>;
    /// A row of few numbers would be mostly filling, and reads of more than are there.
    static constexpr bool pays = stride != Columns && 2 * Columns > simd::width<T>;
    static constexpr std::size_t bytes = pays ? Rows * stride * sizeof(T) : 0;

    static void pack(std::byte* to, const T* from)
    {
        auto* row = reinterpret_cast<T*>(to);
        for (std::size_t r = 0; r < Rows; ++r, row += stride, from += Columns)
            std::fill(std::copy_n(from, Columns, row), row + stride, T{0});
    }
};

} // namespace detail

template <std::size_t In, std::size_t Out, class Bias, Scalar T>
struct packing_rule<Linear<In, Out, Bias>, T> : detail::padded_matrix<In, Out, T> {
    template <class P>
    static void forward(const P& pass, const std::byte* packed)
    {
        constexpr std::size_t stride = packing_rule::stride;
        kernel::affine_padded<In, Out, stride, kernel::parts_of_sum<In, Out, T>()>(
            pass.y().data(), pass.x().data(), reinterpret_cast<const T*>(packed), pass.parameter_data[1],
            pass.template rows_of<In>(), typename P::activation{});
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

} // namespace ctnn::inline CTNN_ARCH
