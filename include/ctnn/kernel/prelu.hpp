// SPDX-License-Identifier: BSD-3-Clause
/// The rectified linear unit with a slope for each feature.
#pragma once

#include <cstddef>

#include <ctnn/core/facts.hpp>
#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

namespace detail {

/// f(offset, place, the slopes there) for all numbers.
template <std::size_t N, class T, class F>
CTNN_INLINE void with_slopes(const T* weight, std::size_t numbers, F f)
{
    if constexpr (N == 1) {
        const simd::vec<T> slope(weight[0]);
        simd::for_each_vec<T>(numbers,
                              [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA { f(i, place, slope); });
    } else {
        for (std::size_t r = 0; r < numbers; r += N)
            simd::for_each_vec<T>(N, [&](std::size_t i, auto place)
                                         CTNN_INLINE_LAMBDA { f(r + i, place, place.load(weight + i)); });
    }
}

} // namespace detail

/// y(numbers) = x where x > 0, else weight x, with weight(N) for the last axis of x.   y : =, may be x
template <std::size_t N, class T>
[[gnu::flatten]] void prelu(T* y, const T* x, const T* weight, std::size_t numbers)
{
    detail::with_slopes<N>(weight, numbers, [&](std::size_t i, auto place, auto slope) CTNN_INLINE_LAMBDA {
        const auto v = place.load(x + i);
        place.store(y + i, simd::select<T>(v > simd::vec<T>(T{0}), v, v * slope));
    });
}
/// Its gradient.   dx : =, may be dy
template <std::size_t N, class T>
[[gnu::flatten]] void prelu_backward(T* dx, const T* dy, const T* x, const T* weight, std::size_t numbers)
{
    detail::with_slopes<N>(weight, numbers, [&](std::size_t i, auto place, auto slope) CTNN_INLINE_LAMBDA {
        const auto v = place.load(x + i), d = place.load(dy + i);
        place.store(dx + i, simd::select<T>(v > simd::vec<T>(T{0}), d, d * slope));
    });
}
/// dweight(N) = sum of x dy where x is not above 0.   dweight : =, or += with write_mode::add
template <std::size_t N, write_mode How, class T>
[[gnu::flatten]] void prelu_backward_weight(T* dweight, const T* dy, const T* x, std::size_t numbers)
{
    const simd::vec<T> zero(T{0});
    const auto term = [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        const auto v = place.load(x + i);
        return simd::select<T>(v > zero, zero, v * place.load(dy + i));
    };
    if constexpr (N == 1) {
        simd::vec<T> sum(T{0});
        simd::for_each_vec<T>(numbers, [&](std::size_t i, auto place)
                                           CTNN_INLINE_LAMBDA { sum = sum + place.only(term(i, place)); });
        dweight[0] = How == write_mode::add ? dweight[0] + simd::sum(sum) : simd::sum(sum);
    } else {
        simd::for_each_vec<T>(N, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
            simd::vec<T> sum = How == write_mode::add ? place.load(dweight + c) : zero;
            for (std::size_t r = 0; r < numbers; r += N) sum = sum + term(r + c, place);
            place.store(dweight + c, sum);
        });
    }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
