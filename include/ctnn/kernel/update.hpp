// SPDX-License-Identifier: BSD-3-Clause
/// Updates of parameters by their gradients.
#pragma once

#include <array>
#include <cstddef>

#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/vec.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// 1, which the compiler does not know to be 1: fma(one, a, b * c) rounds b * c before it adds, where of
/// a + b * c it may make one operation with one rounding.
template <class T>
simd::vec<T> opaque_one()
{
    const volatile T one = 1;
    return simd::vec<T>(one);
}

/// What an optimizer does with each number: f(w, g, s) for a register of w(n), of g(n) and one of each of the
/// arrays in `state`, s[0], s[1], ...; it changes w and s.   w, state : =
template <class T, std::size_t N, class F>
[[gnu::flatten]] void update(T* w, const T* g, const std::array<T*, N>& state, std::size_t n, F f)
{
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        simd::vec<T> x = place.load(w + i), s[N + 1]{};
        CTNN_UNROLL
        for (std::size_t k = 0; k != N; ++k) s[k] = place.load(state[k] + i);
        f(x, place.load(g + i), s);
        place.store(w + i, x);
        CTNN_UNROLL
        for (std::size_t k = 0; k != N; ++k) place.store(state[k] + i, s[k]);
    });
}

/// w(n) -= rate * g(n), as SGD does it.   w : =
template <class T>
[[gnu::noinline]] void descend(T* w, const T* g, std::size_t n, T rate)
{
    const simd::vec<T> minus_rate(-rate);
    update<T, 0>(w, g, {}, n, [&](simd::vec<T>& x, simd::vec<T> dx, simd::vec<T>*) CTNN_INLINE_LAMBDA {
        x = simd::fma(minus_rate, dx, x);
    });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
