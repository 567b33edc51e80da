// SPDX-License-Identifier: BSD-3-Clause
/// Updates of parameters by their gradients.
#pragma once

#include <cstddef>

#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// w(n) -= rate * (g(n) + decay * w(n)).   w : =
template <class T>
[[gnu::flatten]] void sgd(T* w, const T* g, T rate, T decay, std::size_t n)
{
    using V = simd::vec<T>;
    const V minus_rate(-rate), d(decay);
    if (decay == T{0})
        simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
            place.store(w + i, simd::fma(minus_rate, place.load(g + i), place.load(w + i)));
        });
    else
        simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
            const V x = place.load(w + i);
            place.store(w + i, simd::fma(minus_rate, simd::fma(d, x, place.load(g + i)), x));
        });
}

/// The constants of `sgd_momentum`.
template <class T>
struct momentum_constants {
    T rate, decay, momentum, share; ///< share : 1 - dampening, and 1 at the first step
    bool nesterov;
};

/// v(n) = momentum * v(n) + share * (g(n) + decay * w(n)), then w(n) -= rate * v(n), or with Nesterov
/// w(n) -= rate * (g(n) + decay * w(n) + momentum * v(n)).   w, v : =
template <class T>
[[gnu::flatten]] void sgd_momentum(T* w, T* v, const T* g, const momentum_constants<T>& k, std::size_t n)
{
    using V = simd::vec<T>;
    const V minus_rate(-k.rate), decay(k.decay), momentum(k.momentum), share(k.share);
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        const V x = place.load(w + i);
        const V d = simd::fma(decay, x, place.load(g + i));
        const V velocity = simd::fma(momentum, place.load(v + i), share * d);
        place.store(v + i, velocity);
        place.store(w + i,
                    simd::fma(minus_rate, k.nesterov ? simd::fma(momentum, velocity, d) : velocity, x));
    });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
