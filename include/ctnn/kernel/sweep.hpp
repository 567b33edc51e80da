// SPDX-License-Identifier: BSD-3-Clause
/// A window swept over a picture: the sums over its taps, for a block of neighbouring pixels at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include <ctnn/core/index.hpp>
#include <ctnn/core/window.hpp>
#include <ctnn/kernel/matmul.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// Where the numbers of a picture stand that has a border around it: row by row, the channels of a pixel
/// together.
struct frame {
    window plane, before{0}, after{0};
    std::size_t channels = 1;

    [[nodiscard]] constexpr bool is_bare() const { return before == window{0} && after == window{0}; }
    [[nodiscard]] constexpr std::size_t pitch() const { return (before.w + plane.w + after.w) * channels; }
    /// The first channel of a pixel, counted with the border.
    [[nodiscard]] constexpr std::size_t at(std::size_t h, std::size_t w) const
    {
        return h * pitch() + w * channels;
    }
    /// The numbers that it takes beside the picture itself.
    [[nodiscard]] constexpr std::size_t room() const
    {
        return is_bare() ? 0 : (before.h + plane.h + after.h) * pitch();
    }
};

/// How many steps from `from` are needed to get to `to`; none, if it lies before.
constexpr std::size_t steps_between(std::size_t from, std::size_t to, std::size_t step)
{
    return to > from ? (to - from + step - 1) / step : 0;
}

/// A tap of a window: how far its pixel is from where the window starts, and its weight from the first; and
/// how many rows below the start it is.
struct tap_of_sweep {
    std::size_t pixel = 0, weight = 0, row = 0;
};

/// A sum over taps and channels as several sums, each over `taps` taps and a part of their channels, which
/// are added in order; {0, 1} is one sum over all.
struct sweep_chains {
    std::size_t taps = 0, parts = 1;
    friend constexpr bool operator==(const sweep_chains&, const sweep_chains&) = default;
};

// A Sweep states, all of it known when compiling:
//
//   source, target         : frames
//   count                  : how many pixels are made
//   first, stride          : which pixels of the source the window starts at, for the first and the next
//   target_first, ..stride : which pixels of the target they are
//   tap, across            : the taps, and how many there are in a row
//   length, columns        : channels that each reads, and that come out
//   weight_stride          : how far the weights of neighbouring channels read are apart
//   lanewise               : each channel by itself: length 1, a weight for each of the columns

/// As many chains as hide the latency of the multiply-adds of a single pixel, at equal work.
template <class Sweep, class T>
constexpr sweep_chains chains_of_sweep()
{
    constexpr std::size_t taps = Sweep::tap.size(),
                          columns = (Sweep::columns + simd::width<T> - 1) / simd::width<T>,
                          most = columns < 8 ? 8 / columns : 1;
    sweep_chains best{0, 1};
    for (std::size_t n = 1; n <= std::min(most, taps); ++n)
        if (taps % n == 0) best = {taps / n, 1};
    if (best.taps == 1)
        for (std::size_t n = 1; n * taps <= most; ++n)
            if (Sweep::length % n == 0 && Sweep::length / n >= 4) best = {1, n};
    return best.taps == taps && best.parts == 1 ? sweep_chains{0, 1} : best;
}

namespace detail {

/// Taps from the beginning of a row of the window to the beginning of another.
struct rows_of_taps {
    std::size_t begin, end;
};
/// Those rows that do not lie in the border above or below the picture, for the h-th row of pixels.
template <class Sweep>
constexpr rows_of_taps rows_inside(std::size_t h)
{
    constexpr std::size_t above = Sweep::source.before.h, below = above + Sweep::source.plane.h;
    const std::size_t start = Sweep::first.h + h * Sweep::stride.h;
    const auto inside = [&](std::size_t tap) {
        return start + Sweep::tap[tap].row >= above && start + Sweep::tap[tap].row < below;
    };
    rows_of_taps r{0, Sweep::tap.size()};
    while (r.begin < r.end && !inside(r.begin)) r.begin += Sweep::across;
    while (r.begin < r.end && !inside(r.end - 1)) r.end -= Sweep::across;
    return r;
}

/// Some of the pixels of a block.
struct pixels_of_block {
    std::size_t begin, end;
};
/// Where a block starts that may stand anywhere in a row.
inline constexpr std::size_t anywhere = static_cast<std::size_t>(-1);
/// Those of MR pixels from the From-th of a row on whose tap does not lie in the border at the left or right.
template <class Sweep, std::size_t From, std::size_t MR>
constexpr pixels_of_block pixels_inside(std::size_t tap)
{
    pixels_of_block p{0, MR};
    if (From == anywhere) return p;
    constexpr frame source = Sweep::source;
    const auto inside = [&](std::size_t pixel) {
        const std::size_t column = Sweep::tap[tap].pixel % source.pitch() / source.channels + Sweep::first.w +
                                   (From + pixel) * Sweep::stride.w;
        return column >= source.before.w && column < source.before.w + source.plane.w;
    };
    while (p.begin < p.end && !inside(p.begin)) ++p.begin;
    while (p.begin < p.end && !inside(p.end - 1)) --p.end;
    return p;
}

/// sum(MR) += x * w of one channel and tap, for some of the pixels.
template <class Sweep, class Place, class T, std::size_t MR>
CTNN_INLINE void add_product(simd::pack<T, Place::registers> (&sum)[MR], const T* x, const T* w,
                             pixels_of_block some = {0, MR})
{
    constexpr std::size_t next = Sweep::stride.w * Sweep::source.channels;
    const auto columns = Place::load(w);
    CTNN_UNROLL
    for (std::size_t r = some.begin; r < some.end; ++r) {
        if constexpr (Sweep::lanewise) sum[r] = simd::fma(Place::load(x + r * next), columns, sum[r]);
        else sum[r] = simd::fma(simd::vec<T>(x[r * next]), columns, sum[r]);
    }
}

/// sum(MR) += x * w over all channels and the taps of some rows of the window.
template <class Sweep, std::size_t From, class Place, class T, std::size_t MR, class Pixels>
CTNN_INLINE void add_rows(simd::pack<T, Place::registers> (&sum)[MR], Pixels pixels, const T* w,
                          rows_of_taps rows)
{
    for (std::size_t row = rows.begin; row < rows.end; row += Sweep::across)
        for (std::size_t k = 0; k < Sweep::length; ++k)
            ctnn::detail::for_each_index<std::min(Sweep::across, Sweep::tap.size())>(
                [&](auto t) CTNN_INLINE_LAMBDA {
                    constexpr pixels_of_block some = pixels_inside<Sweep, From, MR>(t());
                    add_product<Sweep, Place>(sum, pixels(row + t) + k,
                                              w + Sweep::tap[row + t].weight + k * Sweep::weight_stride,
                                              some);
                });
}

/// The same over the taps and channels of `Count` chains from the First on, all of them abreast.
template <class Sweep, sweep_chains Chains, std::size_t First, class Place, class T, std::size_t Count,
          std::size_t MR, class Pixels>
CTNN_INLINE void add_chains(simd::pack<T, Place::registers> (&sum)[Count][MR], Pixels pixels, const T* w)
{
    constexpr std::size_t length = Sweep::length / Chains.parts;
    for (std::size_t t = 0; t < Chains.taps; ++t) {
        for (std::size_t k = 0; k < length; ++k) {
            CTNN_UNROLL
            for (std::size_t c = 0; c < Count; ++c) {
                const std::size_t tap = (First + c) / Chains.parts * Chains.taps + t,
                                  from = (First + c) % Chains.parts * length + k;
                add_product<Sweep, Place>(sum[c], pixels(tap) + from,
                                          w + Sweep::tap[tap].weight + from * Sweep::weight_stride);
            }
        }
    }
}

/// MR neighbouring pixels, the From-th of a row and those after it: y = finish(start + sums); `pixels(tap)`
/// is where the first reads that tap.
template <class Sweep, sweep_chains Chains, std::size_t From, std::size_t MR, class Place, class T,
          class Pixels, class Finish>
CTNN_INLINE void pixel_block(T* y, Pixels pixels, const T* w, const T* start, rows_of_taps rows,
                             Finish finish)
{
    using P = simd::pack<T, Place::registers>;
    constexpr std::size_t next = Sweep::target_stride.w * Sweep::target.channels, taps = Sweep::tap.size(),
                          chains = Chains.taps == 0 || taps == 0 ? 1 : taps / Chains.taps * Chains.parts,
                          abreast = MR == 1 ? chains : 1;
    P sum[abreast][MR], total[MR];
    CTNN_UNROLL
    for (std::size_t c = 0; c < abreast; ++c) {
        CTNN_UNROLL
        for (std::size_t r = 0; r < MR; ++r)
            sum[c][r] = c == 0 && start != nullptr ? Place::load(start) : P::of(T{0});
    }
    if constexpr (Chains.taps == 0) add_rows<Sweep, From, Place>(sum[0], pixels, w, rows);
    else add_chains<Sweep, Chains, 0, Place>(sum, pixels, w);
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) total[r] = sum[0][r];
    CTNN_UNROLL
    for (std::size_t c = 1; c < abreast; ++c) total[0] = total[0] + sum[c][0];
    if constexpr (chains > abreast)
        ctnn::detail::for_each_index<chains - 1>([&](auto c) CTNN_INLINE_LAMBDA {
            CTNN_UNROLL
            for (std::size_t r = 0; r < MR; ++r) sum[0][r] = P::of(T{0});
            add_chains<Sweep, Chains, c() + 1, Place>(sum, pixels, w);
            CTNN_UNROLL
            for (std::size_t r = 0; r < MR; ++r) total[r] = total[r] + sum[0][r];
        });
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) {
        P result = P::map(finish, total[r]);
        if constexpr (std::is_same_v<Finish, add_to_result>) result = Place::load(y + r * next) + result;
        Place::store(y + r * next, result);
    }
}

/// Whether one number comes out of many whose weights stand together: a sum along the registers.
template <class Sweep, class T>
inline constexpr bool sums_along =
    !Sweep::lanewise && Sweep::columns == 1 && Sweep::weight_stride == 1 && Sweep::length >= simd::width<T>;

/// The same for such a sweep: each pixel in lanes of its own, which are added up at the end.
template <class Sweep, std::size_t MR, class T, class Pixels, class Finish>
CTNN_INLINE void pixel_block_along(T* y, Pixels pixels, const T* w, const T* start, Finish finish)
{
    using V = simd::vec<T>;
    constexpr std::size_t next = Sweep::stride.w * Sweep::source.channels,
                          next_y = Sweep::target_stride.w * Sweep::target.channels;
    V sum[MR];
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) sum[r] = V(T{0});
    for (std::size_t tap = 0; tap < Sweep::tap.size(); ++tap)
        simd::for_each_vec<T>(Sweep::length, [&](std::size_t k, auto place) CTNN_INLINE_LAMBDA {
            const V weight = place.load(w + Sweep::tap[tap].weight + k);
            CTNN_UNROLL
            for (std::size_t r = 0; r < MR; ++r)
                sum[r] = simd::fma(place.load(pixels(tap) + r * next + k), weight, sum[r]);
        });
    for (std::size_t r = 0; r < MR; ++r) {
        T lanes[simd::width<T>];
        finish(V(simd::sum(sum[r]) + (start != nullptr ? *start : T{0}))).store(lanes);
        if constexpr (std::is_same_v<Finish, add_to_result>) y[r * next_y] += lanes[0];
        else y[r * next_y] = lanes[0];
    }
}

/// One panel of columns of the whole picture, row by row in blocks as even as can be.
template <class Sweep, sweep_chains Chains, class Place, class T, class Finish>
[[gnu::flatten, gnu::noinline]] void sweep_panel(T* y, const T* x, const T* w, const T* start, Finish finish)
{
    constexpr bool along = sums_along<Sweep, T>;
    constexpr std::size_t most = std::min(Sweep::count.w, along ? 4 : most_rows(Place::registers)),
                          blocks = (Sweep::count.w + most - 1) / most,
                          each = (Sweep::count.w + blocks - 1) / blocks,
                          shorter = blocks * each - Sweep::count.w,
                          next = Sweep::stride.w * Sweep::source.channels,
                          next_y = Sweep::target_stride.w * Sweep::target.channels;
    for (std::size_t h = 0; h < Sweep::count.h; ++h) {
        const T* from = x + Sweep::source.at(Sweep::first.h + h * Sweep::stride.h, Sweep::first.w);
        T* to =
            y + Sweep::target.at(Sweep::target_first.h + h * Sweep::target_stride.h, Sweep::target_first.w);
        const auto rows = rows_inside<Sweep>(h);
        const auto pixels = [&from](std::size_t tap)
                                CTNN_INLINE_LAMBDA { return from + Sweep::tap[tap].pixel; };
        const auto block = [&](auto first, auto count) CTNN_INLINE_LAMBDA {
            if constexpr (along) pixel_block_along<Sweep, count()>(to, pixels, w, start, finish);
            else pixel_block<Sweep, Chains, first(), count(), Place>(to, pixels, w, start, rows, finish);
            from += count() * next;
            to += count() * next_y;
        };
        // The first block and the last know what border is beside them.
        constexpr std::size_t last = shorter > 0 ? each - 1 : each, long_between = blocks - shorter - 1,
                              short_between = shorter > 0 ? shorter - 1 : 0;
        block(simd::constant<0>{}, simd::constant<each>{});
        if constexpr (long_between > 0)
            for (std::size_t i = shorter > 0 ? 0 : 1; i < long_between; ++i)
                block(simd::constant<anywhere>{}, simd::constant<each>{});
        if constexpr (short_between > 0)
            for (std::size_t i = 0; i < short_between; ++i)
                block(simd::constant<anywhere>{}, simd::constant<each - 1>{});
        if constexpr (blocks > 1) block(simd::constant<Sweep::count.w - last>{}, simd::constant<last>{});
    }
}

} // namespace detail

/// y = finish(start + the sums of each window), for the pixels of a Sweep.
template <class Sweep, sweep_chains Chains, class T, class Finish>
void sweep(T* y, const T* x, const T* w, const T* start, Finish finish)
{
    if constexpr (Sweep::count.size() > 0)
        simd::for_each_columns<T, Sweep::columns, simd::columns_at_once>(
            [&](std::size_t column, auto place) CTNN_INLINE_LAMBDA {
                detail::sweep_panel<Sweep, Chains, decltype(place)>(
                    y + column, x + (Sweep::lanewise ? column : 0), w + column,
                    start != nullptr ? start + column : nullptr, finish);
            });
}

/// The same for one pixel, whose taps are at x[0] + from, x[1] + from, ...
template <class Sweep, sweep_chains Chains, class T, class Finish>
CTNN_INLINE void sweep_one(T* y, const T* const* x, std::size_t from, const T* w, const T* start,
                           Finish finish)
{
    simd::for_each_columns<T, Sweep::columns, std::max<std::size_t>(1, detail::registers / 2)>(
        [&](std::size_t column, auto place) CTNN_INLINE_LAMBDA {
            const std::size_t at = Sweep::lanewise ? column : from;
            detail::pixel_block<Sweep, Chains, detail::anywhere, 1, decltype(place)>(
                y + column, [&](std::size_t tap) CTNN_INLINE_LAMBDA { return x[tap] + at; }, w + column,
                start != nullptr ? start + column : nullptr, detail::rows_of_taps{0, Sweep::tap.size()},
                finish);
        });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
