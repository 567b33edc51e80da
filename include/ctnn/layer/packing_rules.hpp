// SPDX-License-Identifier: BSD-3-Clause
/// The forms in which the layers of frozen models keep their weights.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/core/roles.hpp>
#include <ctnn/simd/vec.hpp>

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

} // namespace ctnn::inline CTNN_ARCH
