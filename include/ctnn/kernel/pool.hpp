// SPDX-License-Identifier: BSD-3-Clause
/// The largest number, or the mean, of the windows of a picture whose channels stand together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include <ctnn/core/window.hpp>
#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// What a window covers along one axis: `begin`, `begin + step`, ... below `end`, all of them in the plane;
/// and by what a sum along this axis is divided.
struct reach {
    std::size_t begin = 0, end = 0, step = 1, divisor = 1;
};

// `Windows` states `plane` and `places`, what the i-th window covers, reach h(i) and reach w(i), and
// `is_partition`: whether every number is in exactly one window.

namespace detail {

/// f(first number of x, first number of y, h, w) for every window of `rows` pictures.
template <std::size_t C, class Windows, class F>
CTNN_INLINE void for_each_window(std::size_t rows, F f)
{
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t i = 0; i < Windows::places.h; ++i)
            for (std::size_t j = 0; j < Windows::places.w; ++j)
                f(r * Windows::plane.size() * C, ((r * Windows::places.h + i) * Windows::places.w + j) * C,
                  Windows::h(i), Windows::w(j));
}
/// f(first number of its pixel) for what a window covers.
template <std::size_t C, class Windows, class F>
CTNN_INLINE void for_each_pixel(reach h, reach w, F f)
{
    for (std::size_t i = h.begin; i < h.end; i += h.step)
        for (std::size_t j = w.begin; j < w.end; j += w.step) f((i * Windows::plane.w + j) * C);
}
/// A share of the gradient of one number: the only one, or one of many.
template <class Windows, class Place, class T>
CTNN_INLINE void give(T* dx, Place place, simd::vec<T> share)
{
    if constexpr (Windows::is_partition) place.store(dx, share);
    else place.store(dx, place.load(dx) + share);
}
/// `yes` where v takes the place of the best so far, because it is larger or NaN, and `no` elsewhere.
template <class T>
CTNN_INLINE simd::vec<T> if_larger(simd::vec<T> v, simd::vec<T> best, simd::vec<T> yes, simd::vec<T> no)
{
    constexpr T infinity = std::numeric_limits<T>::infinity();
    const auto is_number = v < simd::vec<T>(infinity) || v > simd::vec<T>(-infinity);
    return simd::select<T>(is_number, simd::select<T>(v > best, yes, no), yes);
}

} // namespace detail

/// y(rows, places, C) = the largest of each window; NaN where there is one.   y : =
template <std::size_t C, class Windows, class T>
[[gnu::flatten]] void max_pool(T* y, const T* x, std::size_t rows)
{
    detail::for_each_window<C, Windows>(
        rows, [&](std::size_t picture, std::size_t to, reach h, reach w) CTNN_INLINE_LAMBDA {
            simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                simd::vec<T> best(-std::numeric_limits<T>::infinity());
                detail::for_each_pixel<C, Windows>(h, w, [&](std::size_t pixel) CTNN_INLINE_LAMBDA {
                    const auto v = place.load(x + picture + pixel + c);
                    best = detail::if_larger(v, best, v, best);
                });
                place.store(y + to + c, best);
            });
        });
}
/// dx = the sum of dy of the windows in which a number is the first of the largest.   dx : =
template <std::size_t C, class Windows, class T>
[[gnu::flatten]] void max_pool_backward(T* dx, const T* dy, const T* x, std::size_t rows)
{
    using V = simd::vec<T>;
    if (!Windows::is_partition) std::fill_n(dx, rows * Windows::plane.size() * C, T{0});
    detail::for_each_window<C, Windows>(
        rows, [&](std::size_t picture, std::size_t to, reach h, reach w) CTNN_INLINE_LAMBDA {
            simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                // which pixel it is: the last that was larger than all before it, or NaN
                V best(-std::numeric_limits<T>::infinity()), which(T{0}), n(T{0});
                const V one(T{1}), half(T{0.5});
                detail::for_each_pixel<C, Windows>(h, w, [&](std::size_t pixel) CTNN_INLINE_LAMBDA {
                    const V v = place.load(x + picture + pixel + c);
                    which = detail::if_larger(v, best, n, which);
                    best = detail::if_larger(v, best, v, best);
                    n = n + one;
                });
                const V d = place.load(dy + to + c);
                n = V(T{0});
                detail::for_each_pixel<C, Windows>(h, w, [&](std::size_t pixel) CTNN_INLINE_LAMBDA {
                    const V share = simd::select<T>(which < n - half || which > n + half, V(T{0}), d);
                    detail::give<Windows>(dx + picture + pixel + c, place, share);
                    n = n + one;
                });
            });
        });
}

/// y(rows, places, C) = the sum of each window over its divisors.   y : =
template <std::size_t C, class Windows, class T>
[[gnu::flatten]] void average_pool(T* y, const T* x, std::size_t rows)
{
    detail::for_each_window<C, Windows>(
        rows, [&](std::size_t picture, std::size_t to, reach h, reach w) CTNN_INLINE_LAMBDA {
            const simd::vec<T> divisor(static_cast<T>(h.divisor * w.divisor));
            simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                simd::vec<T> sum(T{0});
                detail::for_each_pixel<C, Windows>(h, w, [&](std::size_t pixel) CTNN_INLINE_LAMBDA {
                    sum = sum + place.load(x + picture + pixel + c);
                });
                place.store(y + to + c, sum / divisor);
            });
        });
}
/// dx = the sum of dy over the divisors, of all windows that cover a number.   dx : =
template <std::size_t C, class Windows, class T>
[[gnu::flatten]] void average_pool_backward(T* dx, const T* dy, std::size_t rows)
{
    if (!Windows::is_partition) std::fill_n(dx, rows * Windows::plane.size() * C, T{0});
    detail::for_each_window<C, Windows>(
        rows, [&](std::size_t picture, std::size_t to, reach h, reach w) CTNN_INLINE_LAMBDA {
            const simd::vec<T> divisor(static_cast<T>(h.divisor * w.divisor));
            simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                const auto share = place.load(dy + to + c) / divisor;
                detail::for_each_pixel<C, Windows>(h, w, [&](std::size_t pixel) CTNN_INLINE_LAMBDA {
                    detail::give<Windows>(dx + picture + pixel + c, place, share);
                });
            });
        });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
