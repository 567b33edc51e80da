// SPDX-License-Identifier: BSD-3-Clause
/// Transposition of rows of a matrix, in square tiles that are turned in registers.
#pragma once

#include <cstddef>

#include <ctnn/core/facts.hpp>
#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/transpose.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

namespace detail {

/// See `transpose_rows`; one function for all sizes.
template <write_mode How, class T>
[[gnu::flatten, gnu::noinline]] void transpose_any(T* y, const T* x, std::size_t rows, std::size_t columns,
                                                   std::size_t x_stride, std::size_t stride, bool exactly)
{
    constexpr std::size_t W = simd::width<T>;
    for (std::size_t r = 0; r < rows; r += W) {
        const std::size_t there = rows - r < W ? rows - r : W;
        simd::for_each_vec<T>(columns, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
            simd::vec<T> tile[W];
            CTNN_UNROLL
            for (std::size_t i = 0; i < W; ++i)
                tile[i] = i < there ? place.load(x + (r + i) * x_stride + c) : simd::vec<T>(T{0});
            simd::transpose(tile);
            const std::size_t in_tile = columns - c < W ? columns - c : W;
            CTNN_UNROLL
            for (std::size_t i = 0; i < W; ++i) {
                if (i >= in_tile) continue;
                T* const to = y + (c + i) * stride + r;
                if constexpr (How == write_mode::add) {
                    const simd::part<T> some{there};
                    some.store(to, some.load(to) + tile[i]);
                } else {
                    if (there == W || !exactly) tile[i].store(to);
                    else simd::store_first(to, there, tile[i]);
                }
            }
        });
    }
}

} // namespace detail

/// y(Columns,stride) = x(rows,Columns)^T, in whole registers: the columns of y past rows are 0.   y : =,
/// does not overlap x
///
///   XStride : how far the rows of x are apart
///   stride  : at least rows rounded up to the register width
///   Exactly : nothing is written past `rows` columns of y, which may be as far apart
///   How     : with write_mode::add y +=, and then exactly
template <std::size_t Columns, std::size_t XStride = Columns, bool Exactly = false,
          write_mode How = write_mode::set, class T>
void transpose_rows(T* y, const T* x, std::size_t rows, std::size_t stride)
{
    detail::transpose_any<How>(y, x, rows, Columns, XStride, stride, Exactly);
}

} // namespace ctnn::inline CTNN_ARCH::kernel
