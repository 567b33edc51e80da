// SPDX-License-Identifier: BSD-3-Clause
/// Normalisation by the root mean square.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/kernel/group_norm.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(rows,C) = f(x * inverse_rms * gain(C)), with inverse_rms = 1 / sqrt(mean of x^2 in the row + epsilon).
///
///   y           : =, may be x
///   inverse_rms : (rows), = ; null when there is no backward to read it
template <std::size_t C, class Activation = no_activation, class T>
[[gnu::flatten]] void rms_norm(T* y, const T* x, const T* gain, T* inverse_rms, T epsilon, std::size_t rows)
{
    using V = simd::vec<T>;
    for (std::size_t r = 0; r < rows; ++r, x += C, y += C) {
        const T squares =
            detail::sum_of_group<C, C, T>(1, [&](std::size_t i, std::size_t, auto place) CTNN_INLINE_LAMBDA {
                const V at = place.load(x + i);
                return at * at;
            });
        const V inverse = V(T{1}) / simd::sqrt(V(squares / static_cast<T>(C) + epsilon));
        simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
            place.store(y + c, Activation{}(place.load(x + c) * inverse * place.load(gain + c)));
        });
        if (inverse_rms != nullptr) inverse_rms[r] = simd::first(inverse);
    }
}

/// The gradients of `rms_norm`, through each row's mean square; y, its result, is read when there is an
/// activation.
///
///   dgain  : =
///   dx     : =, may be dy; += with write_mode::add; untouched with skip
///   dx = inverse_rms * (h - xhat * mean(h * xhat)), h = d * gain, d = dy * f', xhat = x * inverse_rms
///   source : Zhang & Sennrich 2019 (arXiv:1910.07467)
template <std::size_t C, class Activation = no_activation, write_mode How = write_mode::set, class T>
[[gnu::flatten]] void rms_norm_backward(T* dx, T* dgain, const T* dy, const T* y, const T* x, const T* gain,
                                        const T* inverse_rms, std::size_t rows)
{
    using V = simd::vec<T>;
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place)
                                 CTNN_INLINE_LAMBDA { place.store(dgain + c, V(T{0})); });
    for (std::size_t r = 0; r < rows; ++r, x += C, y += C, dx += C, dy += C) {
        const V inverse(inverse_rms[r]);
        const auto gradient_before = [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA { // the activation
            if constexpr (std::is_same_v<Activation, no_activation>) return place.load(dy + i);
            else return Activation{}.backward(place.load(dy + i), place.load(y + i));
        };
        const T product =
            detail::sum_of_group<C, C, T>(1, [&](std::size_t i, std::size_t, auto place) CTNN_INLINE_LAMBDA {
                const V d = gradient_before(i, place), xhat = place.load(x + i) * inverse;
                place.store(dgain + i, simd::fma(d, xhat, place.load(dgain + i)));
                return d * place.load(gain + i) * xhat;
            });
        if constexpr (How != write_mode::skip) {
            const V slope(product / static_cast<T>(C));
            simd::for_each_vec<T>(C, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
                const V xhat = place.load(x + i) * inverse,
                        h = gradient_before(i, place) * place.load(gain + i),
                        result = simd::fnma(xhat, slope, h) * inverse;
                place.store(dx + i, How == write_mode::add ? place.load(dx + i) + result : result);
            });
        }
    }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
