// SPDX-License-Identifier: BSD-3-Clause
/// Sums of table rows of numbers of two bytes or one.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <ctnn/core/bfloat16.hpp>
#include <ctnn/core/index.hpp>
#include <ctnn/kernel/small_products.hpp>
#include <ctnn/simd/lanes.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

namespace detail {

/// Rows of bfloat16 added up: a lane has a column of each of two registers.
class bfloat16_sums {
public:
    static constexpr std::size_t registers = 2;
    using number = std::uint16_t;

    CTNN_INLINE explicit bfloat16_sums(const float* start)
        : first_(simd::vec<float>::load(start)), second_(simd::vec<float>::load(start + simd::width<float>))
    {}
    CTNN_INLINE void add(simd::vec<float> row)
    {
        first_ = first_ + simd::first_of_two(row);
        second_ = second_ + simd::second_of_two(row);
    }
    /// The I-th register of columns.
    template <std::size_t I>
    [[nodiscard]] CTNN_INLINE simd::vec<float> at(const float*, const float*) const
    {
        return I == 0 ? first_ : second_;
    }

private:
    simd::vec<float> first_, second_;
};

/// Rows of whole numbers, which stand in bytes with 128 added to each: a lane has a column of each of four
/// registers, and two sums of 16 bits grow in one of 32.
class int8_sums {
public:
    static constexpr std::size_t registers = 4;
    using number = std::uint8_t;

    CTNN_INLINE explicit int8_sums(const float*) : even_(zero()), odd_(zero()) {}
    CTNN_INLINE void add(simd::vec<float> row)
    {
        even_ = simd::add_whole(even_, simd::even_bytes(row));
        odd_ = simd::add_whole(odd_, simd::odd_bytes(row));
    }
    template <std::size_t I>
    [[nodiscard]] CTNN_INLINE simd::vec<float> at(const float* start, const float* scale) const
    {
        const simd::vec<float> two = I % 2 == 0 ? even_ : odd_;
        const simd::vec<float> sum = I < 2 ? simd::low_half(two) : simd::high_half(two);
        constexpr std::size_t from = I * simd::width<float>;
        return simd::float_of_whole(simd::add_whole(sum, simd::vec<float>::load(start + from))) *
               simd::vec<float>::load(scale + from);
    }

private:
    simd::vec<float> even_, odd_;
    CTNN_INLINE static simd::vec<float> zero() { return simd::vec<float>(0.F); }
};

template <class N>
using small_sums = std::conditional_t<std::is_same_v<N, bfloat16>, bfloat16_sums, int8_sums>;

} // namespace detail

/// Tables of Rows rows of Out numbers of type N, and a bias (Out), in one block of bytes; sums of Ids of
/// their rows.
template <class N, std::size_t Rows, std::size_t Out, std::size_t Ids>
struct small_tables {
    using sums = detail::small_sums<N>;
    using number = typename sums::number;
    static constexpr std::size_t W = simd::width<float>, columns = sums::registers * W,
                                 blocks = (Out + columns - 1) / columns, stride = blocks * W;
    /// 256 bytes are as many as a sum of 16 bits can hold.
    static constexpr bool pays = Out >= 4 && Ids <= 256;
    static constexpr std::size_t bytes = pays ? (2 * blocks * columns + Rows * stride) * sizeof(float) : 0;

    static void pack(std::byte* to, const float* table, const float* bias)
    {
        std::memset(to, 0, bytes);
        constexpr std::size_t row_bytes = blocks * columns * sizeof(float);
        std::byte *const scale = to + row_bytes, *const first = scale + row_bytes;
        constexpr bool is_whole = small<N>::has_scale;
        for (std::size_t o = 0; o < Out; ++o) {
            float factor = 1;
            std::uint32_t start = small<N>::column(
                {}, Rows, bias[o], factor, [&](std::size_t row) { return table[row * Out + o]; },
                [&](std::size_t row, auto w) {
                    // by shifts, so that the order of bytes in memory does not matter
                    const auto n = static_cast<number>(is_whole ? w + 128U : w);
                    std::byte* const at = first + (row * stride + o / columns * W + o % W) * sizeof(float);
                    std::uint32_t lane = 0;
                    std::memcpy(&lane, at, sizeof(lane));
                    lane |= std::uint32_t{n} << (8 * sizeof(number) * (o % columns / W));
                    std::memcpy(at, &lane, sizeof(lane));
                });
            if constexpr (is_whole) // of the bias alone: there is no x that has a zero
                start = static_cast<std::uint32_t>(whole_start(bias[o], factor));
            std::memcpy(to + o * sizeof(float), &start, sizeof(start));
            std::memcpy(scale + o * sizeof(float), &factor, sizeof(factor));
        }
    }

    /// y(n, Out) = finish(bias + the sum over t of row t V + ids(n, Ids)[t]).   y : =
    template <std::size_t V, class Id, class Finish>
    [[gnu::flatten]] static void sum(float* y, const std::byte* packed, const Id* ids, std::size_t n,
                                     Finish finish)
    {
        const auto* const start = reinterpret_cast<const float*>(packed);
        const float *const scale = start + blocks * columns, *const table = scale + blocks * columns;
        for (std::size_t i = 0; i < n; ++i, y += Out, ids += Ids) {
            const float* row[Ids];
            for (std::size_t t = 0; t < Ids; ++t)
                row[t] = table + (t * V + static_cast<std::size_t>(ids[t])) * stride;
            const auto add_up = [&](std::size_t b, auto there) CTNN_INLINE_LAMBDA {
                sums sum(start + b * columns);
                for (std::size_t t = 0; t < Ids; ++t) sum.add(simd::vec<float>::load(row[t] + b * W));
                ctnn::detail::for_each_index<sums::registers>([&](auto k) CTNN_INLINE_LAMBDA {
                    constexpr std::size_t column = k() * W;
                    if constexpr (column < there()) {
                        const auto result =
                            finish(sum.template at<k()>(start + b * columns, scale + b * columns));
                        if constexpr (column + W <= there()) result.store(y + b * columns + column);
                        else simd::store_first(y + b * columns + column, there() - column, result);
                    }
                });
            };
            for (std::size_t b = 0; b < Out / columns; ++b) add_up(b, simd::constant<columns>{});
            if constexpr (Out % columns > 0) add_up(Out / columns, simd::constant<Out % columns>{});
        }
    }

private:
    static std::int32_t whole_start(float bias, float scale)
    {
        return static_cast<std::int32_t>(
            std::llround(static_cast<double>(bias) / static_cast<double>(scale)) -
            128 * static_cast<std::int64_t>(Ids));
    }
};

} // namespace ctnn::inline CTNN_ARCH::kernel
