// SPDX-License-Identifier: BSD-3-Clause
/// Batch normalisation over rows, one mean and variance for each of C features.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// What one pass of batch normalisation reads and writes; every pointer is to C numbers, but `mean` to (2,C):
/// the mean, and what rounding has left out of it.
template <class T>
struct batch_norm_arguments {
    const T *gain, *shift;
    T *mean, *inverse_std;            ///< of this batch, = ; the backward pass reads them
    T *running_mean, *running_spread; ///< moved towards the batch by `momentum`
};

/// The constants of a convention of batch normalisation. Variance is the sum of squared deviations over rows
/// - `correction`.
struct batch_norm_constants {
    double epsilon;            ///< added to the variance before the root
    double momentum;           ///< share of the batch in the running pair
    double correction;         ///< 0: biased variance to normalise with; 1: unbiased
    double running_correction; ///< the same for the running value
    bool running_is_std;       ///< the running value is a standard deviation instead of a variance
};

namespace detail {

/// 1 / sqrt(variance + epsilon), and 0 where that is not finite: a constant feature without epsilon comes out
/// as its shift.
template <class T>
CTNN_INLINE simd::vec<T> inverse_root(simd::vec<T> variance, T epsilon)
{
    const simd::vec<T> v = variance + simd::vec<T>(epsilon), zero(T{0});
    const simd::vec<T> y = simd::vec<T>(T{1}) / simd::sqrt(v);
    return epsilon > 0 ? y : simd::select<T>(v > zero || v < zero, y, v - v);
}

} // namespace detail

/// y(rows,C) = f((x(rows,C) - mean) * inverse_std * gain + shift) with the mean and variance of this batch.
///
///   y      : =, may be x;  rows >= 2
///   method : two passes, the mean first, and that as the distance from the first row; in the second the mean
///            of what is left is the part of it that a T could not hold. So a large mean with a small spread
///            keeps its digits, and a constant feature has a variance of exactly 0
template <std::size_t C, class Activation = no_activation, class T, class Rows>
[[gnu::flatten]] void batch_norm(T* y, const T* x, const batch_norm_arguments<T>& a,
                                 const batch_norm_constants& k, Rows row_count)
{
    const std::size_t rows = row_count;
    const auto n = static_cast<double>(rows);
    using V = simd::vec<T>;
    const V mean_factor(static_cast<T>(1 / n)), variance_factor(static_cast<T>(1 / (n - k.correction)));
    const V running_factor(static_cast<T>(1 / (n - k.running_correction)));
    const V momentum(static_cast<T>(k.momentum)), keep(static_cast<T>(1 - k.momentum));
    simd::for_each_columns<T, C, simd::columns_at_once>([&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
        using some_columns = simd::pack<T, place.registers>;
        const some_columns first = place.load(x + c);
        const some_columns from_first = detail::sum_of_rows<T, place.registers>(
            rows, [&](std::size_t r) CTNN_INLINE_LAMBDA { return place.load(x + r * C + c) - first; });
        const some_columns mean = first + from_first * mean_factor;
        some_columns left[2] = {some_columns::of(T{0}), some_columns::of(T{0})};
        const some_columns about_mean =
            detail::sum_of_rows<T, place.registers>(rows, [&](std::size_t r) CTNN_INLINE_LAMBDA {
                const some_columns d = place.load(x + r * C + c) - mean;
                left[r % 2] = left[r % 2] + d;
                return d * d;
            });
        const some_columns sum_left = left[0] + left[1], rest = sum_left * mean_factor;
        const some_columns squares = simd::fnma(sum_left, rest, about_mean);
        const some_columns inverse_std = some_columns::map(
            [&](V s) CTNN_INLINE_LAMBDA {
                return detail::inverse_root(s * variance_factor, static_cast<T>(k.epsilon));
            },
            squares);
        const some_columns gain = place.load(a.gain + c) * inverse_std,
                           shift = simd::fnma(rest, gain, place.load(a.shift + c));
        for (std::size_t r = 0; r < rows; ++r)
            place.store(
                y + r * C + c,
                some_columns::map(Activation{}, simd::fma(place.load(x + r * C + c) - mean, gain, shift)));
        place.store(a.mean + c, mean);
        place.store(a.mean + C + c, rest);
        place.store(a.inverse_std + c, inverse_std);
        const some_columns variance = squares * running_factor;
        const some_columns spread =
            k.running_is_std
                ? some_columns::map([](V s) CTNN_INLINE_LAMBDA { return simd::sqrt(s); }, variance)
                : variance;
        place.store(a.running_mean + c, place.load(a.running_mean + c) * keep + mean * momentum);
        place.store(a.running_spread + c, place.load(a.running_spread + c) * keep + spread * momentum);
    });
}

/// y(rows,C) = f((x(rows,C) - running_mean) / running std * gain + shift).   y : =, may be x
template <std::size_t C, class Activation = no_activation, class T>
[[gnu::flatten]] void batch_norm_eval(T* y, const T* x, const T* gain, const T* shift, const T* running_mean,
                                      const T* running_spread, const batch_norm_constants& k,
                                      std::size_t rows)
{
    using V = simd::vec<T>;
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
        const V s = place.load(running_spread + c);
        const V factor = detail::inverse_root(k.running_is_std ? s * s : s, static_cast<T>(k.epsilon)) *
                         place.load(gain + c);
        const V mean = place.load(running_mean + c), b = place.load(shift + c);
        for (std::size_t r = 0; r < rows; ++r)
            place.store(y + r * C + c, Activation{}(simd::fma(place.load(x + r * C + c) - mean, factor, b)));
    });
}

/// The gradients of `batch_norm`, through the batch's mean and variance; y, its result, is read when there is
/// an activation.
///
///   dgain, dshift : =        dx : =, may be dy        mean : (2,C), as `batch_norm` leaves it
///   dx = gain * inverse_std * (d - mean(d) - xhat * sum(d * xhat) / (rows - correction)),
///        d = dy * f', xhat = (x - mean) * inverse_std
///   source : Ioffe & Szegedy 2015, section 3 (arXiv:1502.03167), with either divisor of the variance
template <std::size_t C, class Activation = no_activation, class T, class Rows>
[[gnu::flatten]] void batch_norm_backward(T* dx, T* dgain, T* dshift, const T* dy, const T* y, const T* x,
                                          const T* gain, const T* mean, const T* inverse_std,
                                          const batch_norm_constants& k, Rows row_count)
{
    const std::size_t rows = row_count;
    const auto n = static_cast<double>(rows);
    using V = simd::vec<T>;
    const V mean_factor(static_cast<T>(1 / n)), variance_factor(static_cast<T>(1 / (n - k.correction)));
    constexpr bool plain = std::is_same_v<Activation, no_activation>;
    simd::for_each_columns<T, C, simd::columns_at_once>([&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
        using some_columns = simd::pack<T, place.registers>;
        const some_columns m = place.load(mean + c), rest = place.load(mean + C + c),
                           inv = place.load(inverse_std + c);
        some_columns product[2] = {some_columns::of(T{0}), some_columns::of(T{0})};
        const some_columns sum =
            detail::sum_of_rows<T, place.registers>(rows, [&](std::size_t r) CTNN_INLINE_LAMBDA {
                const std::size_t i = r * C + c;
                some_columns d = place.load(dy + i);
                if constexpr (!plain) {
                    d = some_columns::map([](V g, V out)
                                              CTNN_INLINE_LAMBDA { return Activation{}.backward(g, out); },
                                          d, place.load(y + i));
                    place.store(dx + i, d);
                }
                some_columns& p = product[r % 2];
                p = simd::fma(d, place.load(x + i) - m, p);
                return d;
            });
        // sum of d * xhat
        const some_columns total = simd::fnma(rest, sum, product[0] + product[1]) * inv;
        place.store(dgain + c, total);
        place.store(dshift + c, sum);
        const some_columns factor = place.load(gain + c) * inv;
        const some_columns slope = total * inv * variance_factor,
                           constant = simd::fnma(rest, slope, sum * mean_factor);
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t i = r * C + c;
            const some_columns d = plain ? place.load(dy + i) : place.load(dx + i);
            place.store(dx + i, simd::fnma(place.load(x + i) - m, slope, d - constant) * factor);
        }
    });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
