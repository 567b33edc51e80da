// SPDX-License-Identifier: BSD-3-Clause
/// Products of numbers of two bytes or one, several in each lane of a register.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <ctnn/core/bfloat16.hpp>
#include <ctnn/core/bits.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/affine.hpp>
#include <ctnn/simd/lanes.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// How numbers of type N stand in the lanes of a register, and how they are multiplied and added.
///
///   number, in_lane : as what they are stored, and how many a lane has
///   most_in         : how long a sum of them may be
///   input           : how the numbers of x become such
///   column          : packs a column of weights; has_scale: what comes of it has one
///   fma, add        : of lanes
template <class N>
struct small;

template <>
struct small<bfloat16> {
    using number = std::uint16_t;
    static constexpr std::size_t in_lane = 2, most_in = std::numeric_limits<std::size_t>::max();
    static constexpr bool has_scale = false;

    struct input {
        input() = default;
        explicit input(value_range) {}
        /// to = from: `count` numbers, and of any content as many more as fill the last register.
        CTNN_INLINE void convert(number* to, const float* from, std::size_t count) const
        {
            simd::for_each_vec<float>(count, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
                simd::store_bfloat16(to + i, place.load(from + i));
            });
        }
        [[nodiscard]] number zero() const { return 0; }
    };
    /// put(k, number) for each weight(k) of `in`; returns the bits of what the sums of the column start with.
    template <class Weight, class Put>
    static std::uint32_t column(const input&, std::size_t in, float bias, float&, Weight weight, Put put)
    {
        for (std::size_t k = 0; k < in; ++k) put(k, bfloat16(weight(k)).bits);
        return ctnn::detail::bit_cast<std::uint32_t>(bias);
    }

    CTNN_INLINE static simd::vec<float> fma(simd::vec<float> a, simd::vec<float> b, simd::vec<float> c)
    {
        return simd::add_bfloat16_products(a, b, c);
    }
    CTNN_INLINE static simd::vec<float> add(simd::vec<float> a, simd::vec<float> b) { return a + b; }
};

/// Whole numbers: x is a step times (u - zero) with u from 0 to 255, and each column of weights a scale times
/// numbers from -127 to 127. Sums are exact, and what comes of them is rounded twice, so the same bits come
/// of the same x and the same ranges on every CPU.
template <>
struct small<std::int8_t> {
    using number = std::conditional_t<simd::has_byte_products, std::uint8_t, std::uint16_t>;
    static constexpr std::size_t in_lane = 4 / sizeof(number);
    static constexpr std::size_t most_in = 16 * 1024; ///< so the sums stay far below 2^31
    static constexpr bool has_scale = true;

    struct input {
        float step = 1, per_step = 1, low = 0, high = 255, magic = 0;
        std::int32_t zero_at = 0;

        input() = default;
        explicit input(value_range x)
        {
            const float from = std::min(x.low, 0.F), to = std::max(x.high, 0.F);
            step = std::max(to / 255 - from / 255, 1e-30F);
            per_step = 1 / step;
            zero_at = static_cast<std::int32_t>(std::round(-from * per_step));
            low = static_cast<float>(-zero_at);
            high = static_cast<float>(255 - zero_at);
            // A float of this size has no fraction: adding it rounds, and leaves a whole number in the last
            // bits.
            magic = static_cast<float>(0xc00000 + zero_at - simd::byte_shift);
        }
        /// to = from: `count` numbers, and of any content as many more as fill the last register. What is
        /// outside of the range becomes its end, and NaN the lower one.
        CTNN_INLINE void convert(number* to, const float* from, std::size_t count) const
        {
            using V = simd::vec<float>;
            const V factor(per_step), lowest(low), highest(high), rounds(magic);
            simd::for_each_vec<float>(count, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
                const V steps = place.load(from + i) * factor;
                const V above = simd::select<float>(steps > lowest, steps, lowest); // NaN is not
                simd::store_low_bits(to + i, simd::min(highest, above) + rounds);
            });
        }
        [[nodiscard]] number zero() const { return static_cast<number>(zero_at - simd::byte_shift); }
    };
    /// The same of finite weights; and `scale`, what the sums are multiplied by.
    template <class Weight, class Put>
    static std::uint32_t column(const input& x, std::size_t in, float bias, float& scale, Weight weight,
                                Put put)
    {
        float largest = 0;
        for (std::size_t k = 0; k < in; ++k) largest = std::max(largest, std::fabs(weight(k)));
        // The bias is a whole number too, and must be far from 2^31.
        const double unit =
            std::max({static_cast<double>(largest) / 127,
                      std::fabs(static_cast<double>(bias)) / static_cast<double>(x.step) / 0x1p29, 1e-30});
        std::int64_t sum = 0;
        for (std::size_t k = 0; k < in; ++k) {
            const auto w = static_cast<std::int8_t>(std::round(static_cast<double>(weight(k)) / unit));
            put(k, static_cast<number>(w));
            sum += w;
        }
        scale = static_cast<float>(unit * static_cast<double>(x.step));
        const auto start = static_cast<std::int32_t>(
            std::llround(static_cast<double>(bias) / (unit * static_cast<double>(x.step))) -
            (x.zero_at - simd::byte_shift) * sum);
        return static_cast<std::uint32_t>(start);
    }

    CTNN_INLINE static simd::vec<float> fma(simd::vec<float> a, simd::vec<float> b, simd::vec<float> c)
    {
        if constexpr (simd::has_byte_products) return simd::add_byte_products(a, b, c);
        else return simd::add_int16_products(a, b, c);
    }
    CTNN_INLINE static simd::vec<float> add(simd::vec<float> a, simd::vec<float> b)
    {
        return simd::add_whole(a, b);
    }
};

namespace detail {

/// A panel of columns whose lanes are such numbers.
template <class N, class Panel>
struct small_panel : Panel {
    using pack = simd::pack<float, Panel::registers>;
    bool continues;     ///< a sum that stands in y
    const float* scale; ///< of its columns, where a sum ends and N has one

    [[nodiscard]] CTNN_INLINE pack begin(const float* start, const float* y) const
    {
        return this->load(continues ? y : start);
    }
    CTNN_INLINE static pack add(const pack& a, const pack& b)
    {
        return pack::map([](auto x, auto y) CTNN_INLINE_LAMBDA { return small<N>::add(x, y); }, a, b);
    }
    [[nodiscard]] CTNN_INLINE pack result(pack sum) const
    {
        if constexpr (small<N>::has_scale) {
            if (scale == nullptr) return sum;
            CTNN_UNROLL
            for (std::size_t i = 0; i < Panel::registers; ++i)
                sum.v[i] =
                    simd::float_of_whole(sum.v[i]) * simd::vec<float>::load(scale + i * simd::width<float>);
        }
        return sum;
    }
    CTNN_INLINE static pack fma(simd::vec<float> a, const pack& b, const pack& c)
    {
        return pack::map([a](auto y, auto z) CTNN_INLINE_LAMBDA { return small<N>::fma(a, y, z); }, b, c);
    }
};
/// In the place of `plain_products`.
template <class N>
struct small_products {
    bool continues;
    const float* scale;

    template <class Place>
    CTNN_INLINE auto panel(Place place, std::size_t column) const
    {
        const auto plain = simd::panel_of(place);
        return small_panel<N, std::remove_const_t<decltype(plain)>>{
            plain, continues, scale != nullptr ? scale + column : nullptr};
    }
};

} // namespace detail

/// A matrix (In, Out) and a bias (Out) as numbers of type N, in one block of bytes: how x is converted, what
/// the sums of each column start with and are multiplied by, and the weights, lane by lane.
template <class N, std::size_t In, std::size_t Out>
struct small_matrix {
    using numbers = small<N>;
    using input = typename numbers::input;
    using number = typename numbers::number;
    static constexpr std::size_t W = simd::width<float>, stride = (Out + W - 1) / W * W,
                                 lanes = (In + numbers::in_lane - 1) / numbers::in_lane;
    /// A row of few numbers would be mostly filling.
    static constexpr bool pays = Out >= 4 && In >= 4 && In <= numbers::most_in;
    static constexpr std::size_t head = 64, bytes = pays ? head + (2 + lanes) * stride * sizeof(float) : 0;

    /// weight(k, o) is an element of the matrix; bias may be null; x is what the numbers of x lie between.
    template <class Weight>
    static void pack(std::byte* to, Weight weight, const float* bias, value_range x)
    {
        static_assert(sizeof(input) <= head);
        const input of_x(x);
        std::memset(to, 0, bytes);
        std::memcpy(to, &of_x, sizeof(of_x));
        std::byte *const start = to + head, *const scale = start + stride * sizeof(float),
                         *const first = scale + stride * sizeof(float);
        for (std::size_t o = 0; o < Out; ++o) {
            float factor = 1;
            const std::uint32_t begin = numbers::column(
                of_x, In, bias != nullptr ? bias[o] : 0.F, factor,
                [&](std::size_t k) { return weight(k, o); },
                [&](std::size_t k, number w) {
                    const std::size_t lane = k / numbers::in_lane * stride + o;
                    std::memcpy(first + (lane * numbers::in_lane + k % numbers::in_lane) * sizeof(number), &w,
                                sizeof(w));
                });
            std::memcpy(start + o * sizeof(float), &begin, sizeof(begin));
            std::memcpy(scale + o * sizeof(float), &factor, sizeof(factor));
        }
    }

    /// y(rows, Out) = finish(x w + b); `read(input, to, row, first, count)` writes `count` numbers of a row
    /// of x from the `first` on as numbers, and of any content as many more as fill a register.
    template <class Read, class Finish>
    static void multiply(float* y, const std::byte* packed, std::size_t rows, Read read, Finish finish)
    {
        // Rows of x are converted a piece at a time, as much as fits into 3 KiB beside other rows; what comes
        // of a piece waits in y for the next.
        constexpr std::size_t piece = std::min<std::size_t>(lanes, 128), at_once = piece * numbers::in_lane,
                              last = (lanes - 1) / piece * piece, room = 768 / piece,
                              most = room >= 12 ? std::min<std::size_t>(room / 12 * 12, 48) : room;
        constexpr std::size_t parts = parts_of_sum<lanes, Out, float>();
        alignas(64) float in_lanes[most * piece + 16];
        CTNN_HAS_VALUE(in_lanes);
        auto* const converted = reinterpret_cast<std::byte*>(in_lanes);
        input of_x;
        std::memcpy(&of_x, packed, sizeof(of_x));
        const auto* const start = reinterpret_cast<const float*>(packed + head);
        const float *const scale = start + stride, *const w = scale + stride;
        const auto multiply_piece = [&](float* to, std::size_t first, std::size_t count, auto k_count,
                                        auto how) CTNN_INLINE_LAMBDA {
            matmul<Out, parts>(rows_of<float, Out>{to}, left<float, piece, 1>{in_lanes},
                               padded_rows_of<const float, stride>{{w + first * stride}}, start, count,
                               k_count, how,
                               detail::small_products<N>{first > 0, first == last ? scale : nullptr});
        };
        for (std::size_t r = 0; r < rows; r += most) {
            const std::size_t count = std::min(most, rows - r);
            for (std::size_t first = 0; first <= last; first += piece) {
                const std::size_t begin = first * numbers::in_lane, size = std::min(at_once, In - begin);
                for (std::size_t i = 0; i < count; ++i) {
                    std::byte* const row = converted + i * piece * sizeof(float);
                    read(of_x, reinterpret_cast<number*>(row), r + i, begin, size);
                    if constexpr (In % numbers::in_lane > 0)
                        if (first == last) // what fills the last lane meets weights of 0
                            std::memset(row + size * sizeof(number), 0,
                                        (numbers::in_lane - In % numbers::in_lane) * sizeof(number));
                }
                if (first == last)
                    multiply_piece(y + r * Out, first, count, simd::constant<lanes - last>{}, finish);
                else if constexpr (last > 0)
                    multiply_piece(y + r * Out, first, count, simd::constant<piece>{}, no_activation{});
            }
        }
    }
};

/// y(rows,Out) = finish(x(rows,In) w + b), from a `small_matrix`.   y : =
template <class N, std::size_t In, std::size_t Out, class Finish>
void small_affine(float* y, const float* x, const std::byte* packed, std::size_t rows, Finish finish)
{
    small_matrix<N, In, Out>::multiply(
        y, packed, rows,
        [x](const auto& of_x, auto* to, std::size_t row, std::size_t first, std::size_t count)
            CTNN_INLINE_LAMBDA { of_x.convert(to, x + row * In + first, count); },
        finish);
}

} // namespace ctnn::inline CTNN_ARCH::kernel
