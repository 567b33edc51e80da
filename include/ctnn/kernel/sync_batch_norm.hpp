// SPDX-License-Identifier: BSD-3-Clause
/// Batch normalisation of a batch in parts: what each part tells, how two tell as one, and what each part
/// does with what all have told.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/kernel/batch_norm.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// moments(3,C) of x(rows,C): the mean, what rounding has left out of it, and the sum of squared deviations.
///   moments : =        method : that of `batch_norm`
template <std::size_t C, class T>
[[gnu::flatten]] void batch_norm_moments(T* moments, const T* x, std::size_t rows)
{
    using V = simd::vec<T>;
    const V mean_factor(static_cast<T>(1 / static_cast<double>(rows)));
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
        place.store(moments + c, mean);
        place.store(moments + C + c, rest);
        place.store(moments + 2 * C + c, simd::fnma(sum_left, rest, about_mean));
    });
}

/// The moments a(3,C) of `rows` rows, and b(3,C) of as many others, as those of all.
///   a : =, of 2 rows        source : Chan, Golub & LeVeque 1979
template <std::size_t C, class T>
void merge_moments(T* a, const T* b, std::size_t rows)
{
    using V = simd::vec<T>;
    const V half(T{1} / 2), half_rows(static_cast<T>(static_cast<double>(rows) / 2));
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
        const V mean_a = place.load(a + c), rest_a = place.load(a + C + c), rest_b = place.load(b + C + c);
        const V apart = place.load(b + c) - mean_a, all_apart = apart + (rest_b - rest_a);
        const V mean = simd::fma(half, apart, mean_a);
        place.store(a + c, mean);
        place.store(a + C + c, simd::fma(half, apart, mean_a - mean) + half * (rest_a + rest_b));
        place.store(a + 2 * C + c, simd::fma(all_apart * all_apart, half_rows,
                                             place.load(a + 2 * C + c) + place.load(b + 2 * C + c)));
    });
}

/// As `batch_norm`, of x(rows,C) that are a part of `all_rows` rows with these moments(3,C).
template <std::size_t C, class Activation = no_activation, class T>
[[gnu::flatten]] void batch_norm_with(T* y, const T* x, const T* moments, const batch_norm_arguments<T>& a,
                                      const batch_norm_constants& k, std::size_t rows, std::size_t all_rows)
{
    using V = simd::vec<T>;
    const auto n = static_cast<double>(all_rows);
    const V variance_factor(static_cast<T>(1 / (n - k.correction))),
        running_factor(static_cast<T>(1 / (n - k.running_correction)));
    const V momentum(static_cast<T>(k.momentum)), keep(static_cast<T>(1 - k.momentum));
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
        const V mean = place.load(moments + c), rest = place.load(moments + C + c),
                squares = place.load(moments + 2 * C + c);
        const V inverse_std = detail::inverse_root(squares * variance_factor, static_cast<T>(k.epsilon));
        const V gain = place.load(a.gain + c) * inverse_std,
                shift = simd::fnma(rest, gain, place.load(a.shift + c));
        for (std::size_t r = 0; r < rows; ++r)
            place.store(y + r * C + c,
                        Activation{}(simd::fma(place.load(x + r * C + c) - mean, gain, shift)));
        place.store(a.mean + c, mean);
        place.store(a.mean + C + c, rest);
        place.store(a.inverse_std + c, inverse_std);
        const V variance = squares * running_factor,
                spread = k.running_is_std ? simd::sqrt(variance) : variance;
        place.store(a.running_mean + c, place.load(a.running_mean + c) * keep + mean * momentum);
        place.store(a.running_spread + c, place.load(a.running_spread + c) * keep + spread * momentum);
    });
}

/// sums(2,C) of a part's gradients: of d * xhat, and of d, which are its dgain and dshift; see
/// `batch_norm_backward`.
///   sums : =
template <std::size_t C, class Activation = no_activation, class T>
[[gnu::flatten]] void batch_norm_sums(T* sums, const T* dy, const T* y, const T* x, const T* mean,
                                      const T* inverse_std, std::size_t rows)
{
    using V = simd::vec<T>;
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
        const V m = place.load(mean + c), rest = place.load(mean + C + c);
        V product(T{0}), sum(T{0});
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t i = r * C + c;
            const V d = Activation{}.backward(place.load(dy + i), place.load(y + i));
            product = simd::fma(d, place.load(x + i) - m, product);
            sum = sum + d;
        }
        place.store(sums + c, simd::fnma(rest, sum, product) * place.load(inverse_std + c));
        place.store(sums + C + c, sum);
    });
}

/// dx(rows,C) of a part, from the sums(2,C) of all parts, added; of `all_rows` rows.
///   dx : =, may be dy
template <std::size_t C, class Activation = no_activation, class T>
[[gnu::flatten]] void batch_norm_backward_with(T* dx, const T* sums, const T* dy, const T* y, const T* x,
                                               const T* gain, const T* mean, const T* inverse_std,
                                               const batch_norm_constants& k, std::size_t rows,
                                               std::size_t all_rows)
{
    using V = simd::vec<T>;
    const auto n = static_cast<double>(all_rows);
    const V mean_factor(static_cast<T>(1 / n)), variance_factor(static_cast<T>(1 / (n - k.correction)));
    simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
        const V m = place.load(mean + c), rest = place.load(mean + C + c), inv = place.load(inverse_std + c);
        const V factor = place.load(gain + c) * inv;
        const V slope = place.load(sums + c) * inv * variance_factor,
                constant = simd::fnma(rest, slope, place.load(sums + C + c) * mean_factor);
        for (std::size_t r = 0; r < rows; ++r) {
            const std::size_t i = r * C + c;
            const V d = Activation{}.backward(place.load(dy + i), place.load(y + i));
            place.store(dx + i, simd::fnma(place.load(x + i) - m, slope, d - constant) * factor);
        }
    });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
