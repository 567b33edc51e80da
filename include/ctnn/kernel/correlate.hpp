// SPDX-License-Identifier: BSD-3-Clause
/// What the windows of a sweep saw times the gradient of what they gave: the gradient of their weights.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include <ctnn/kernel/sweep.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

namespace detail {

/// dw(MR rows of weights, columns) [+]= what each saw times dy, over rows of pixels from `h` to `end`.
/// `pixel(r)` and `weight(r)` say where row r is.
template <class Sweep, std::size_t MR, class Place, class Finish, class T, class Pixel, class Weight>
[[gnu::flatten, gnu::noinline]] void correlate_block(T* dw, const T* x, const T* dy, std::size_t h,
                                                     std::size_t end, Pixel pixel, Weight weight)
{
    using P = simd::pack<T, Place::registers>;
    constexpr std::size_t next = Sweep::stride.w * Sweep::source.channels, channels = Sweep::target.channels;
    P sum[MR];
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) sum[r] = P::of(T{0});
    dy += h * Sweep::count.w * channels;
    for (; h < end; ++h) {
        const T* from = x + Sweep::source.at(h * Sweep::stride.h, 0);
        for (std::size_t v = 0; v < Sweep::count.w; ++v, from += next, dy += channels) {
            const auto columns = Place::load(dy);
            CTNN_UNROLL
            for (std::size_t r = 0; r < MR; ++r) {
                if constexpr (Sweep::lanewise)
                    sum[r] = simd::fma(Place::load(from + pixel(r)), columns, sum[r]);
                else sum[r] = simd::fma(simd::vec<T>(from[pixel(r)]), columns, sum[r]);
            }
        }
    }
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) {
        T* const to = dw + weight(r);
        if constexpr (std::is_same_v<Finish, add_to_result>) sum[r] = Place::load(to) + sum[r];
        Place::store(to, sum[r]);
    }
}
template <class Sweep, std::size_t MR, class Place, class Finish, class T, class Places>
void correlate_rows(T* dw, const T* x, const T* dy, std::size_t from, std::size_t rows, Places places)
{
    if constexpr (MR > 0) {
        for (; rows >= MR; rows -= MR, from += MR)
            places.template block<Sweep, MR, Place, Finish>(dw, x, dy, from);
        if (rows > 0)
            correlate_rows<Sweep, (MR > 4 ? (MR + 2) / 3 : MR - 1), Place, Finish>(dw, x, dy, from, rows,
                                                                                   places);
    }
}

/// The rows of pixels of which a tap does not lie above or below the picture.
template <class Sweep>
constexpr std::size_t pixels_begin(std::size_t tap)
{
    return std::min(Sweep::count.h,
                    steps_between(Sweep::tap[tap].row, Sweep::source.before.h, Sweep::stride.h));
}
template <class Sweep>
constexpr std::size_t pixels_end(std::size_t tap)
{
    constexpr std::size_t below = Sweep::source.before.h + Sweep::source.plane.h;
    return std::min(Sweep::count.h, steps_between(Sweep::tap[tap].row, below, Sweep::stride.h));
}

/// Neighbouring rows of weights are neighbouring channels of one tap.
struct rows_by_channel {
    std::size_t tap;
    template <class Sweep, std::size_t MR, class Place, class Finish, class T>
    void block(T* dw, const T* x, const T* dy, std::size_t from) const
    {
        correlate_block<Sweep, MR, Place, Finish>(
            dw + Sweep::tap[tap].weight + from * Sweep::weight_stride, x + Sweep::tap[tap].pixel + from, dy,
            pixels_begin<Sweep>(tap), pixels_end<Sweep>(tap),
            [](std::size_t r) CTNN_INLINE_LAMBDA { return r; },
            [](std::size_t r) CTNN_INLINE_LAMBDA { return r * Sweep::weight_stride; });
    }
};
/// Neighbouring rows of weights are neighbouring taps, for windows of few channels.
struct rows_by_tap {
    template <class Sweep, std::size_t MR, class Place, class Finish, class T>
    void block(T* dw, const T* x, const T* dy, std::size_t from) const
    {
        constexpr std::size_t taps = Sweep::tap.size();
        std::array<std::size_t, MR> at;
        for (std::size_t r = 0; r < MR; ++r) at[r] = Sweep::tap[(from + r) % taps].pixel + (from + r) / taps;
        correlate_block<Sweep, MR, Place, Finish>(
            dw + from * (Sweep::weight_stride / taps), x, dy, 0, Sweep::count.h,
            [&at](std::size_t r) CTNN_INLINE_LAMBDA { return at[r]; },
            [](std::size_t r) CTNN_INLINE_LAMBDA { return r * (Sweep::weight_stride / taps); });
    }
};

} // namespace detail

/// dw(length, taps, Out) [+]= sums over the picture of what each tap read, in Groups groups of channels,
/// times dy.
template <class Sweep, std::size_t Groups, class Finish, class T>
void correlate(T* dw, const T* x, const T* dy)
{
    constexpr std::size_t taps = Sweep::tap.size(), groups = Sweep::lanewise ? 1 : Groups;
    for (std::size_t g = 0; g < groups; ++g)
        simd::for_each_columns<T, Sweep::columns, simd::columns_at_once>(
            [&](std::size_t column, auto place) CTNN_INLINE_LAMBDA {
                using Place = decltype(place);
                constexpr std::size_t most = detail::most_rows(Place::registers);
                T* const to = dw + g * Sweep::columns + column;
                const T* const from = x + (Sweep::lanewise ? column : g * Sweep::length);
                const T* const d = dy + g * Sweep::columns + column;
                if constexpr (Sweep::lanewise || Sweep::length < 4)
                    detail::correlate_rows<Sweep, std::min(most, taps * Sweep::length), Place, Finish>(
                        to, from, d, 0, taps * Sweep::length, detail::rows_by_tap{});
                else
                    for (std::size_t t = 0; t < taps; ++t)
                        detail::correlate_rows<Sweep, std::min(most, Sweep::length), Place, Finish>(
                            to, from, d, 0, Sweep::length, detail::rows_by_channel{t});
            });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
