// SPDX-License-Identifier: BSD-3-Clause
/// The transpose of a square of numbers in registers.
#pragma once

#include <cstddef>
#include <utility>

#include <ctnn/simd/vec.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

namespace detail {

/// How many numbers a block of 128 bits holds. Inside of it x86 moves numbers at the least cost.
template <class T>
inline constexpr std::size_t block_size = width<T> < 16 / sizeof(T) ? width<T> : 16 / sizeof(T);

/// From every block of two registers one half in turns of `Unit` numbers: a0 b0 a1 b1 for the lower half.
template <std::size_t Unit, class T>
constexpr int lane_of_halves(std::size_t lane, bool is_upper)
{
    constexpr std::size_t block = block_size<T>;
    const std::size_t in_block = lane % block, turn = in_block / Unit;
    const std::size_t from = lane - in_block + (is_upper ? block / 2 : 0) + turn / 2 * Unit + in_block % Unit;
    return static_cast<int>(from + (turn % 2 == 1 ? width<T> : 0));
}
/// Every other block of two registers, the even ones or the odd ones.
template <class T>
constexpr int lane_of_blocks(std::size_t lane, bool is_odd)
{
    constexpr std::size_t block = block_size<T>;
    return static_cast<int>((2 * (lane / block) + (is_odd ? 1 : 0)) * block + lane % block);
}

template <std::size_t Unit, class T, std::size_t... Lane>
CTNN_INLINE void take_halves(vec<T>& a, vec<T>& b, std::index_sequence<Lane...>)
{
    const vec<T> lower = shuffle<lane_of_halves<Unit, T>(Lane, false)...>(a, b);
    b = shuffle<lane_of_halves<Unit, T>(Lane, true)...>(a, b);
    a = lower;
}
template <class T, std::size_t... Lane>
CTNN_INLINE void take_blocks(vec<T>& a, vec<T>& b, std::index_sequence<Lane...>)
{
    const vec<T> even = shuffle<lane_of_blocks<T>(Lane, false)...>(a, b);
    b = shuffle<lane_of_blocks<T>(Lane, true)...>(a, b);
    a = even;
}

} // namespace detail

/// width x width numbers, a row a register, become their transpose: first inside the blocks of 128 bits of as
/// many neighbouring rows, then block by block.
template <class T>
CTNN_INLINE void transpose(vec<T> (&rows)[width<T>])
{
    constexpr std::size_t w = width<T>, block = detail::block_size<T>;
    [[maybe_unused]] constexpr std::make_index_sequence<w> lanes;
    // Of 4 rows: 0 with 1 and 2 with 3, number by number; then 0 with 2 and 1 with 3, two by two.
    if constexpr (block > 1) {
        CTNN_UNROLL
        for (std::size_t i = 0; i < w; i += 2) detail::take_halves<1>(rows[i], rows[i + 1], lanes);
    }
    if constexpr (block == 4) {
        CTNN_UNROLL
        for (std::size_t i = 0; i < w; i += 4) {
            detail::take_halves<2>(rows[i], rows[i + 2], lanes);
            detail::take_halves<2>(rows[i + 1], rows[i + 3], lanes);
            std::swap(rows[i + 1], rows[i + 2]);
        }
    }
    // Rows `block` apart hold blocks of the same columns.
    if constexpr (w > block) {
        CTNN_UNROLL
        for (std::size_t distance = block; distance < w; distance *= 2) {
            CTNN_UNROLL
            for (std::size_t i = 0; i < w / 2; ++i) {
                const std::size_t first = i / distance * 2 * distance + i % distance;
                detail::take_blocks(rows[first], rows[first + distance], lanes);
            }
        }
    }
}

} // namespace ctnn::inline CTNN_ARCH::simd
