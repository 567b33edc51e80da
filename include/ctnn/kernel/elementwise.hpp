// SPDX-License-Identifier: BSD-3-Clause
/// Functions of single numbers over arrays, and sums over rows.
#pragma once

#include <cstddef>

#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/math.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(n) = tanh x(n).   y : =, may be x
template <class T>
void tanh(T* y, const T* x, std::size_t n)
{
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) { place.store(y + i, simd::tanh(place.load(x + i))); });
}

/// dx(n) = dy(n) * (1 - y(n)^2), from the output y of tanh.   dx : =, may be dy
template <class T>
void tanh_backward(T* dx, const T* dy, const T* y, std::size_t n)
{
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) {
        const auto v = place.load(y + i);
        place.store(dx + i, place.load(dy + i) * simd::fnma(v, v, simd::vec<T>(T{1})));
    });
}

/// y(C) = sum over rows of x(rows,C).   y : =
template <std::size_t C, class T>
void sum_rows(T* y, const T* x, std::size_t rows)
{
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) {
        auto sum = place.load(x + c);
        for (std::size_t r = 1; r < rows; ++r) sum = sum + place.load(x + r * C + c);
        place.store(y + c, sum);
    });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
