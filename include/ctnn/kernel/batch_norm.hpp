// SPDX-License-Identifier: BSD-3-Clause
/// Batch normalisation over rows, one mean and variance for each of C features.
#pragma once

#include <cstddef>

#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// What one pass of batch normalisation reads and writes; every pointer is to C numbers.
template <class T>
struct batch_norm_arguments {
    const T *gain, *shift;
    T *mean, *inverse_std;            ///< of this batch, = ; the backward pass reads them
    T *running_mean, *running_spread; ///< moved towards the batch by `momentum`
};

/// The constants of a convention of batch normalisation. Variance is the sum of squared deviations over rows - `correction`.
struct batch_norm_constants {
    double epsilon;            ///< added to the variance before the root
    double momentum;           ///< share of the batch in the running pair
    double correction;         ///< 0: biased variance to normalise with; 1: unbiased
    double running_correction; ///< the same for the running value
    bool running_is_std;       ///< the running value is a standard deviation instead of a variance
};

namespace detail {

/// 1 / sqrt(variance + epsilon), and 0 where that is not finite: a constant feature without epsilon comes out as its shift.
template <class T>
simd::vec<T> inverse_root(simd::vec<T> variance, T epsilon)
{
    const simd::vec<T> v = variance + simd::vec<T>(epsilon), zero(T{0});
    const simd::vec<T> y = simd::vec<T>(T{1}) / simd::sqrt(v);
    return epsilon > 0 ? y : simd::select<T>(v > zero || v < zero, y, v - v);
}

} // namespace detail

/// y(rows,C) = (x(rows,C) - mean) * inverse_std * gain + shift with the mean and variance of this batch.
///
///   y      : =, may be x;  rows >= 2
///   method : two passes, the mean first, and that as the distance from the first row: a large mean with a small spread keeps
///            its digits, and a constant feature has a variance of exactly 0
template <std::size_t C, class T>
void batch_norm(T* y, const T* x, const batch_norm_arguments<T>& a, const batch_norm_constants& k, std::size_t rows)
{
    using V = simd::vec<T>;
    const auto n = static_cast<double>(rows);
    const V mean_factor(static_cast<T>(1 / n)), variance_factor(static_cast<T>(1 / (n - k.correction)));
    const V running_factor(static_cast<T>(1 / (n - k.running_correction)));
    const V momentum(static_cast<T>(k.momentum)), keep(static_cast<T>(1 - k.momentum));
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) {
        V sum(T{0}), squares(T{0});
        const V first = place.load(x + c);
        for (std::size_t r = 1; r < rows; ++r) sum = sum + (place.load(x + r * C + c) - first);
        const V mean = simd::fma(sum, mean_factor, first);
        for (std::size_t r = 0; r < rows; ++r) {
            const V d = place.load(x + r * C + c) - mean;
            squares = simd::fma(d, d, squares);
        }
        const V inverse_std = detail::inverse_root(squares * variance_factor, static_cast<T>(k.epsilon));
        const V gain = place.load(a.gain + c) * inverse_std, shift = place.load(a.shift + c);
        for (std::size_t r = 0; r < rows; ++r) place.store(y + r * C + c, simd::fma(place.load(x + r * C + c) - mean, gain, shift));
        place.store(a.mean + c, mean);
        place.store(a.inverse_std + c, inverse_std);
        const V variance = squares * running_factor;
        const V spread = k.running_is_std ? simd::sqrt(variance) : variance;
        place.store(a.running_mean + c, simd::fma(momentum, mean, keep * place.load(a.running_mean + c)));
        place.store(a.running_spread + c, simd::fma(momentum, spread, keep * place.load(a.running_spread + c)));
    });
}

/// y(rows,C) = (x(rows,C) - running_mean) / running std * gain + shift.   y : =, may be x
template <std::size_t C, class T>
void batch_norm_eval(T* y, const T* x, const T* gain, const T* shift, const T* running_mean, const T* running_spread,
                     const batch_norm_constants& k, std::size_t rows)
{
    using V = simd::vec<T>;
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) {
        const V s = place.load(running_spread + c);
        const V factor = detail::inverse_root(k.running_is_std ? s * s : s, static_cast<T>(k.epsilon)) * place.load(gain + c);
        const V mean = place.load(running_mean + c), b = place.load(shift + c);
        for (std::size_t r = 0; r < rows; ++r) place.store(y + r * C + c, simd::fma(place.load(x + r * C + c) - mean, factor, b));
    });
}

/// The gradients of `batch_norm`, through the batch's mean and variance.
///
///   dgain, dshift : =        dx : =, may be dy
///   dx = gain * inverse_std * (dy - mean(dy) - xhat * sum(dy * xhat) / (rows - correction)),  xhat = (x - mean) * inverse_std
///   source : Ioffe & Szegedy 2015, section 3 (arXiv:1502.03167), with either divisor of the variance
template <std::size_t C, class T>
void batch_norm_backward(T* dx, T* dgain, T* dshift, const T* dy, const T* x, const T* gain, const T* mean, const T* inverse_std,
                         const batch_norm_constants& k, std::size_t rows)
{
    using V = simd::vec<T>;
    const auto n = static_cast<double>(rows);
    const V mean_factor(static_cast<T>(1 / n)), variance_factor(static_cast<T>(1 / (n - k.correction)));
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) {
        const V m = place.load(mean + c), inv = place.load(inverse_std + c);
        V sum(T{0}), product(T{0});
        for (std::size_t r = 0; r < rows; ++r) {
            const V d = place.load(dy + r * C + c);
            sum = sum + d;
            product = simd::fma(d, place.load(x + r * C + c) - m, product);
        }
        product = product * inv; // sum of dy * xhat
        place.store(dgain + c, product);
        place.store(dshift + c, sum);
        const V factor = place.load(gain + c) * inv;
        const V constant = sum * mean_factor, slope = product * variance_factor * inv;
        for (std::size_t r = 0; r < rows; ++r) {
            const V rest = simd::fnma(place.load(x + r * C + c) - m, slope, place.load(dy + r * C + c) - constant);
            place.store(dx + r * C + c, rest * factor);
        }
    });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
