// SPDX-License-Identifier: BSD-3-Clause
/// The forms in which the layers of frozen models keep their weights.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/core/mode.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/small_products.hpp>

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

    static void pack(std::byte* to, const T* const* parameters, value_range)
    {
        const T* from = parameters[0];
        auto* row = reinterpret_cast<T*>(to);
        for (std::size_t r = 0; r < Rows; ++r, row += stride, from += Columns)
            std::fill(std::copy_n(from, Columns, row), row + stride, T{0});
    }
};

/// A matrix (In, Out) of small numbers; a bias, if the layer has one, is its second parameter. Element (k, o)
/// is number `Order::at(k)` Out + o of the first.
template <class N, std::size_t In, std::size_t Out, bool HasBias, class Order>
struct packed_matrix {
    using matrix = kernel::small_matrix<N, In, Out>;
    static constexpr std::size_t bytes = matrix::bytes;

    static void pack(std::byte* to, const float* const* parameters, value_range x)
    {
        matrix::pack(
            to, [&](std::size_t k, std::size_t o) { return parameters[0][Order::at(k) * Out + o]; },
            HasBias ? parameters[1] : nullptr, x);
    }
};
/// Rows in the order of the parameter.
struct as_it_is {
    static constexpr std::size_t at(std::size_t k) { return k; }
};

/// The activation beside small numbers: one that states `rough`, a faster form that is as exact as they are,
/// has that.
template <class Activation>
struct rough_activation {
    using type = Activation;
};
template <class Activation>
    requires requires { typename Activation::rough; }
struct rough_activation<Activation> {
    using type = typename Activation::rough;
};
template <class P>
using rough_activation_of = typename rough_activation<typename P::activation>::type;

} // namespace detail

} // namespace ctnn::inline CTNN_ARCH
