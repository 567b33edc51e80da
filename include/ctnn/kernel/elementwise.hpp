// SPDX-License-Identifier: BSD-3-Clause
/// Functions of single numbers over arrays, and sums over rows.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <ctnn/core/facts.hpp>
#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/math.hpp>
#include <ctnn/simd/pack.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(n) = f(x(n)).   y : =, may be x
template <class Activation, class T>
[[gnu::flatten]] void activate(T* y, const T* x, std::size_t n)
{
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place)
                                 CTNN_INLINE_LAMBDA { place.store(y + i, Activation{}(place.load(x + i))); });
}

template <class Activation, class T>
void activate(std::span<T> y, std::span<const T> x)
{
    activate<Activation>(y.data(), x.data(), x.size());
}

/// dx(n) = dy(n) * f'(x(n)), from y = f(x) or from x, as the activation says.   dx : =, may be dy
template <class Activation, class T>
[[gnu::flatten]] void activate_backward(T* dx, const T* dy, const T* from, std::size_t n)
{
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        place.store(dx + i, Activation{}.backward(place.load(dy + i), place.load(from + i)));
    });
}

template <class Activation, class T>
void activate_backward(std::span<T> dx, std::span<const T> dy, std::span<const std::type_identity_t<T>> from)
{
    activate_backward<Activation>(dx.data(), dy.data(), from.data(), dx.size());
}

/// y(n) = x(n) * factor(n).   y : =, may be x
template <class T>
[[gnu::flatten]] void multiply(T* y, const T* x, const T* factor, std::size_t n)
{
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        place.store(y + i, place.load(x + i) * place.load(factor + i));
    });
}

/// y(n) = a(n) + b(n).   y : =, may be a or b
template <class T>
[[gnu::flatten]] void add(T* y, const T* a, const T* b, std::size_t n)
{
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        place.store(y + i, place.load(a + i) + place.load(b + i));
    });
}

/// y(n) += x(n) * factor(n).
template <class T>
[[gnu::flatten]] void multiply_add(T* y, const T* x, const T* factor, std::size_t n)
{
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        place.store(y + i, simd::fma(place.load(x + i), place.load(factor + i), place.load(y + i)));
    });
}

/// y(n) = x(n).   y : =
template <class T>
[[gnu::flatten]] void copy(T* y, const T* x, std::size_t n)
{
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place)
                                 CTNN_INLINE_LAMBDA { place.store(y + i, place.load(x + i)); });
}

namespace detail {

/// term(0) + term(1) + ... in several chains, so that one addition need not wait for the one before it.
template <class T, std::size_t N, class F>
CTNN_INLINE simd::pack<T, N> sum_of_rows(std::size_t rows, F term)
{
    constexpr std::size_t chains = N > 1 ? 2 : 4;
    simd::pack<T, N> sum[chains];
    CTNN_UNROLL
    for (std::size_t i = 0; i < chains; ++i) sum[i] = simd::pack<T, N>::of(T{0});
    const std::size_t even = rows / chains * chains;
    for (std::size_t r = 0; r < even; r += chains) {
        CTNN_UNROLL
        for (std::size_t i = 0; i < chains; ++i) sum[i] = sum[i] + term(r + i);
    }
    for (std::size_t r = even; r < rows; ++r) sum[0] = sum[0] + term(r);
    return chains == 4 ? (sum[0] + sum[1]) + (sum[chains - 2] + sum[chains - 1]) : sum[0] + sum[1];
}

} // namespace detail

/// y(C) = sum over rows of x(rows,C), whose rows are `Stride` apart.   y : =, or += with write_mode::add
template <std::size_t C, write_mode How = write_mode::set, std::size_t Stride = C, class T>
[[gnu::flatten]] void sum_rows(T* y, const T* x, std::size_t rows)
{
    simd::for_each_columns<T, C, 2>([&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
        const auto sum = detail::sum_of_rows<T, place.registers>(
            rows, [&](std::size_t r) CTNN_INLINE_LAMBDA { return place.load(x + r * Stride + c); });
        place.store(y + c, How == write_mode::add ? place.load(y + c) + sum : sum);
    });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
