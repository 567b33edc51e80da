// SPDX-License-Identifier: BSD-3-Clause
/// Transposition of rows of a matrix, in square tiles that are turned in registers.
#pragma once

#include <cstddef>

#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(Columns,stride) = x(rows,Columns)^T, in whole registers: the columns of y past rows are 0.   y : =,
/// does not overlap x
///
///   XStride : how far the rows of x are apart
///   stride : at least rows rounded up to the register width
template <std::size_t Columns, std::size_t XStride = Columns, class T>
[[gnu::flatten]] void transpose_rows(T* y, const T* x, std::size_t rows, std::size_t stride)
{
    constexpr std::size_t W = simd::width<T>;
    for (std::size_t r = 0; r < rows; r += W) {
        const std::size_t there = rows - r < W ? rows - r : W;
        simd::for_each_vec<T>(Columns, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
            simd::vec<T> tile[W];
            CTNN_UNROLL
            for (std::size_t i = 0; i < W; ++i)
                tile[i] = i < there ? place.load(x + (r + i) * XStride + c) : simd::vec<T>(T{0});
            simd::transpose(tile);
            const std::size_t columns = Columns - c < W ? Columns - c : W;
            CTNN_UNROLL
            for (std::size_t i = 0; i < W; ++i) {
                if (i < columns) tile[i].store(y + (c + i) * stride + r);
            }
        });
    }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
