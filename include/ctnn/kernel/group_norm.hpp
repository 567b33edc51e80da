// SPDX-License-Identifier: BSD-3-Clause
/// Normalisation inside a sample: one mean and variance for each group of neighbouring features.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

namespace detail {

/// The sum of f(offset, c, place) over the numbers of one group: D neighbours, numbered c, at each of
/// `positions` rows of C.
template <std::size_t C, std::size_t D, class T, class F>
CTNN_INLINE T sum_of_group(std::size_t positions, F f)
{
    simd::vec<T> sum(T{0});
    for (std::size_t p = 0; p < positions; ++p)
        simd::for_each_vec<T>(D, [&](std::size_t c, auto place)
                                     CTNN_INLINE_LAMBDA { sum = sum + place.only(f(p * C + c, c, place)); });
    return simd::sum(sum);
}

} // namespace detail

/// y(rows,positions,C) = (x - mean) * inverse_std * gain(C) + shift(C), mean and inverse_std of each row and
/// group over its positions and C / Groups features; the variance is the mean of squared deviations plus
/// epsilon.
///
///   y                 : =, may be x
///   mean, inverse_std : (2,rows,Groups) and (rows,Groups), = ; null when there is no backward to read them.
///                       The second half of mean is what rounding has left out of the first
///   method            : two passes, the mean as the distance from the group's first number, and in digits
///                       of two numbers, as in `batch_norm`
template <std::size_t C, std::size_t Groups, class Activation = no_activation, class T>
[[gnu::flatten]] void group_norm(T* y, const T* x, const T* gain, const T* shift, T* mean, T* inverse_std,
                                 T epsilon, std::size_t rows, std::size_t positions)
{
    constexpr std::size_t D = C / Groups;
    using V = simd::vec<T>;
    const T share = T{1} / static_cast<T>(positions * D);
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t g = 0; g < Groups; ++g) {
            const std::size_t start = r * positions * C + g * D;
            const T* const from = x + start;
            const V first(from[0]);
            const T m = from[0] +
                        share * detail::sum_of_group<C, D, T>(positions, [&](std::size_t i, std::size_t,
                                                                             auto place) CTNN_INLINE_LAMBDA {
                            return place.load(from + i) - first;
                        });
            V left(T{0});
            const T about_mean = detail::sum_of_group<C, D, T>(
                positions, [&](std::size_t i, std::size_t, auto place) CTNN_INLINE_LAMBDA {
                    const V d = place.load(from + i) - V(m);
                    left = left + place.only(d);
                    return d * d;
                });
            const T sum_left = simd::sum(left), rest = sum_left * share,
                    squares = about_mean - sum_left * rest;
            const T inverse = simd::first(V(T{1}) / simd::sqrt(V(squares * share + epsilon)));
            for (std::size_t p = 0; p < positions; ++p)
                simd::for_each_vec<T>(D, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                    const V factor = place.load(gain + g * D + c) * V(inverse);
                    place.store(y + start + p * C + c,
                                Activation{}(simd::fma(place.load(from + p * C + c) - V(m) - V(rest), factor,
                                                       place.load(shift + g * D + c))));
                });
            if (mean != nullptr) {
                mean[r * Groups + g] = m;
                mean[(rows + r) * Groups + g] = rest;
                inverse_std[r * Groups + g] = inverse;
            }
        }
}

/// The gradients of `group_norm`, through each group's mean and variance; y, its result, is read when there
/// is an activation.
///
///   dgain, dshift : =
///   dx            : =, may be dy; += with write_mode::add, without an activation; untouched with skip
///   dx = inverse_std * (h - mean(h) - xhat * mean(h * xhat)),
///        h = d * gain, d = dy * f', xhat = (x - mean) * inverse_std
///   source : Wu & He 2018 (arXiv:1803.08494); Ba, Kiros & Hinton 2016 (arXiv:1607.06450)
template <std::size_t C, std::size_t Groups, class Activation = no_activation,
          write_mode How = write_mode::set, class T>
[[gnu::flatten]] void group_norm_backward(T* dx, T* dgain, T* dshift, const T* dy, const T* y, const T* x,
                                          const T* gain, const T* mean, const T* inverse_std,
                                          std::size_t rows, std::size_t positions)
{
    constexpr std::size_t D = C / Groups;
    using V = simd::vec<T>;
    const T share = T{1} / static_cast<T>(positions * D);
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
        place.store(dgain + c, V(T{0}));
        place.store(dshift + c, V(T{0}));
    });
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t g = 0; g < Groups; ++g) {
            const std::size_t start = r * positions * C + g * D;
            const V m(mean[r * Groups + g]), rest(mean[(rows + r) * Groups + g]),
                inverse(inverse_std[r * Groups + g]);
            T* const dgain_of = dgain + g * D;
            T* const dshift_of = dshift + g * D;
            V product(T{0});
            const T sum = detail::sum_of_group<C, D, T>(
                positions, [&](std::size_t i, std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                    V d = place.load(dy + start + i);
                    if constexpr (!std::is_same_v<Activation, no_activation>) {
                        d = Activation{}.backward(d, place.load(y + start + i));
                        if constexpr (How != write_mode::skip) place.store(dx + start + i, d);
                    }
                    const V xhat = (place.load(x + start + i) - m - rest) * inverse,
                            h = d * place.load(gain + g * D + c);
                    place.store(dgain_of + c, simd::fma(d, xhat, place.load(dgain_of + c)));
                    place.store(dshift_of + c, place.load(dshift_of + c) + d);
                    product = product + place.only(h * xhat);
                    return h;
                });
            if constexpr (How == write_mode::skip) continue;
            const V constant(sum * share), slope(simd::sum(product) * share);
            const T* const again = std::is_same_v<Activation, no_activation> ? dy : dx;
            for (std::size_t p = 0; p < positions; ++p)
                simd::for_each_vec<T>(D, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                    const std::size_t i = start + p * C + c;
                    const V xhat = (place.load(x + i) - m - rest) * inverse,
                            h = place.load(again + i) * place.load(gain + g * D + c);
                    const V result = simd::fnma(xhat, slope, h - constant) * inverse;
                    place.store(dx + i, How == write_mode::add ? place.load(dx + i) + result : result);
                });
        }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
