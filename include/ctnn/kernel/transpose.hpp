// SPDX-License-Identifier: BSD-3-Clause
/// Transposition of a small row-major matrix.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(Columns,Rows) = x(Rows,Columns)^T.   y : =, does not overlap x
template <std::size_t Rows, std::size_t Columns, class T>
void transpose(T* y, const T* x)
{
    constexpr std::size_t tile = 16; // 16 rows of 16 floats: 16 cache lines read, 16 written
    for (std::size_t r0 = 0; r0 < Rows; r0 += tile)
        for (std::size_t c0 = 0; c0 < Columns; c0 += tile)
            for (std::size_t c = c0; c < std::min(Columns, c0 + tile); ++c)
                for (std::size_t r = r0; r < std::min(Rows, r0 + tile); ++r) y[c * Rows + r] = x[r * Columns + c];
}

} // namespace ctnn::inline CTNN_ARCH::kernel
