// SPDX-License-Identifier: BSD-3-Clause
/// Transposition of a small row-major matrix.
#pragma once

#include <cstddef>

#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(Columns,Rows) = x(Rows,Columns)^T, in square tiles that are turned in registers.   y : =, does not overlap x
template <std::size_t Rows, std::size_t Columns, class T>
void transpose(T* y, const T* x)
{
    constexpr std::size_t W = simd::width<T>;
    for (std::size_t r = 0; r < Rows; r += W) {
        const std::size_t rows = Rows - r < W ? Rows - r : W;
        simd::for_each_vec<T>(Columns, [&](std::size_t c, auto place) {
            simd::vec<T> tile[W];
            for (std::size_t i = 0; i < W; ++i) tile[i] = i < rows ? place.load(x + (r + i) * Columns + c) : simd::vec<T>(T{0});
            simd::transpose(tile);
            const std::size_t columns = Columns - c < W ? Columns - c : W;
            for (std::size_t i = 0; i < columns; ++i) {
                T* to = y + (c + i) * Rows + r;
                if (rows == W) tile[i].store(to);
                else simd::store_first(to, rows, tile[i]);
            }
        });
    }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
