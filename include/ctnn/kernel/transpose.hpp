// SPDX-License-Identifier: BSD-3-Clause
/// Transposition of rows of a matrix, in square tiles that are turned in registers.
#pragma once

#include <cstddef>

#include <ctnn/core/facts.hpp>
#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/transpose.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(Columns,stride) = x(rows,Columns)^T, in whole registers: the columns of y past rows are 0.   y : =,
/// does not overlap x
///
///   XStride : how far the rows of x are apart
///   stride  : at least rows rounded up to the register width
///   Exactly : nothing is written past `rows` columns of y, which may be as far apart
///   How     : with write_mode::add y +=, and then exactly
template <std::size_t Columns, std::size_t XStride = Columns, bool Exactly = false,
          write_mode How = write_mode::set, class T>
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
                if (i >= columns) continue;
                T* const to = y + (c + i) * stride + r;
                if constexpr (How == write_mode::add) {
                    const simd::part<T> some{there};
                    some.store(to, some.load(to) + tile[i]);
                } else if constexpr (Exactly) {
                    if (there == W) tile[i].store(to);
                    else simd::store_first(to, there, tile[i]);
                } else {
                    tile[i].store(to);
                }
            }
        });
    }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
