// SPDX-License-Identifier: BSD-3-Clause
/// exp, tanh and the normal distribution on registers: the same bits in every lane, on every place of an
/// array.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <type_traits>

#include <ctnn/base/coefficients.hpp>
#include <ctnn/simd/tanh_table.hpp>
#include <ctnn/simd/vec.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

namespace detail {

/// What the reduction of e^x to a short interval needs in each precision. ln 2 comes in two parts, the first
/// with so few bits that n times it is exact.
template <class T>
struct exp_constants;
template <>
struct exp_constants<float> {
    static constexpr float round = coefficients::round, log2_e = coefficients::log2_e,
                           ln2 = coefficients::ln2, ln2_high = coefficients::ln2_high,
                           ln2_low = coefficients::ln2_low;
    static constexpr float lowest = -87.683F, highest = 88.37626F;
};
template <>
struct exp_constants<double> {
    static constexpr double round = 0x1.8p52, log2_e = 0x1.71547652b82fep+0, ln2_high = 0x1.62e42feep-1,
                            ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr double lowest = -708.39, highest = 709.08;
};

/// c[0] x^(N-1) + ... + c[N-1].
template <std::size_t N>
CTNN_INLINE vec<float> polynomial(const float (&c)[N], vec<float> x)
{
    vec<float> p(c[0]);
    CTNN_UNROLL
    for (std::size_t i = 1; i < N; ++i) p = fma(p, x, vec<float>(c[i]));
    return p;
}

/// The integer n nearest to x / ln 2: adding 1.5 times the power of 2 whose unit is 1 rounds, and |x / ln 2|
/// stays far below it.
template <class T>
CTNN_INLINE vec<T> nearest_power(vec<T> x)
{
    const vec<T> magic(exp_constants<T>::round);
    return fma(x, vec<T>(exp_constants<T>::log2_e), magic) - magic;
}

/// x - n ln 2, from -ln 2 / 2 to ln 2 / 2.
template <class T>
CTNN_INLINE vec<T> less_powers(vec<T> x, vec<T> n)
{
    return fnma(n, vec<T>(exp_constants<T>::ln2_low), fnma(n, vec<T>(exp_constants<T>::ln2_high), x));
}

/// e^r on that interval.
CTNN_INLINE vec<float> exp_of_rest(vec<float> r)
{
    const vec<float> one(1.F);
    return fma(fma(polynomial(coefficients::exp, r), r, one), r, one);
}

/// e^r - 1 on that interval, by its Taylor series of degree 13: r^14 / 14! is below 5e-18.
CTNN_INLINE vec<double> expm1_of_rest(vec<double> r)
{
    constexpr int degree = 13;
    double factorial = 1;
    for (int i = 2; i <= degree; ++i) factorial *= i;
    vec<double> p(1 / factorial);
    for (int i = degree; i > 2; --i) {
        factorial /= i;
        p = fma(p, r, vec<double>(1 / factorial));
    }
    return fma(r * r, p, r);
}
CTNN_INLINE vec<double> exp_of_rest(vec<double> r) { return expm1_of_rest(r) + vec<double>(1.); }

} // namespace detail

/// e^x.
///
///   float  : within 2 ulp for -87.68 <= x <= 88.37; below it 0, above it inf
///   double : within 2 ulp for -708.39 <= x <= 709.08; below it 0, above it inf
///   NaN stays NaN
template <class T>
CTNN_INLINE vec<T> exp(vec<T> x)
{
    using k = detail::exp_constants<T>;
    const vec<T> low(k::lowest), high(k::highest), zero(T{0}), infinity(std::numeric_limits<T>::infinity());
    // Clamped to where 2^n is a normal number; NaN goes through.
    const vec<T> inside = min(high, max(low, x)), n = detail::nearest_power(inside);
    const vec<T> y = scale_by_power(detail::exp_of_rest(detail::less_powers(inside, n)), n);
    return select<T>(x < low, zero, select<T>(x > high, infinity, y));
}

/// e^x - 1 for x <= 0; above that it is something else.
///
///   float : within 3 ulp;   double : within 4 ulp;   -1 from where it rounds to that; NaN stays NaN
template <class T>
CTNN_INLINE vec<T> expm1_below_zero(vec<T> x)
{
    const vec<T> one(T{1}), inside = max(vec<T>(detail::exp_constants<T>::lowest), x),
                            n = detail::nearest_power(inside), r = detail::less_powers(inside, n);
    vec<T> rest(T{0}); // e^r - 1
    if constexpr (std::is_same_v<T, double>) rest = detail::expm1_of_rest(r);
    else rest = fma(detail::polynomial(coefficients::exp, r), r, one) * r;
    const vec<T> s = scale_by_power(one, n);
    return fma(s, rest, s - one);
}

/// tanh x.
///
///   float  : within 2 ulp (measured: 1.55, and 1.07 with AVX-512);   double : within 4 ulp;   0, -0, +-inf
///            and NaN exact
///   method : with e = e^(2|x|), 1 - 2 / (e + 1), and below 0.55 an odd polynomial of degree 9, relative
///            error 4e-8; with AVX-512, which looks up 32 numbers at once, polynomials of degree 5 on short
///            stretches (on Zen 4 16 cycles a register, against 20); in double t / (t + 2) with t = e - 1.
///            The sign is put back at the end
template <class T>
CTNN_INLINE vec<T> tanh(vec<T> x)
{
    const vec<T> a = abs(x), one(T{1}), two(T{2});
    if constexpr (std::is_same_v<T, double>) {
        // tanh rounds to 1 before
        const vec<T> twice = min(vec<T>(38.2), a + a), n = detail::nearest_power(twice);
        const vec<T> s = scale_by_power(one, n);
        const vec<T> t = fma(s, detail::expm1_of_rest(detail::less_powers(twice, n)), s - one);
        return copysign(t / (t + two), x);
    } else {
#if defined(__AVX512F__)
        const vec<T> inside = min(vec<T>(coefficients::tanh_table_end), a);
        const auto i = _mm512_maskz_srli_epi32(
            0xffff, _mm512_castps_si512(max(inside, vec<T>(coefficients::tanh_table_start)).v),
            coefficients::tanh_table_step);
        const auto looked_up = [&](const float(&table)[32]) CTNN_INLINE_LAMBDA {
            return vec<T>(_mm512_permutex2var_ps(_mm512_load_ps(table), i, _mm512_load_ps(table + 16)));
        };
        const auto& c = coefficients::tanh_table;
        const vec<T> d = inside - looked_up(c[0]);
        vec<T> p = looked_up(c[6]);
        CTNN_UNROLL
        for (int k = 5; k > 0; --k) p = fma(p, d, looked_up(c[k]));
        return copysign(p, x);
#else
        const vec<T> twice = min(vec<T>(18.04F), a + a), n = detail::nearest_power(twice);
        // One part of ln 2 is enough: where n is large an error of e weighs little.
        const vec<T> e_of_rest = detail::exp_of_rest(fnma(n, vec<T>(detail::exp_constants<T>::ln2), twice));
        const vec<T> large = one - two / fma(scale_by_power(one, n), e_of_rest, one);
        const vec<T> z = a * a;
        const vec<T> p = detail::polynomial(coefficients::tanh, z);
        return copysign(select<T>(a < vec<T>(coefficients::tanh_small), fma(p * z, a, a), large), x);
#endif
    }
}

/// tanh x within 8e-4, and within 4e-3 of itself, where the instruction set looks up 32 numbers at once;
/// elsewhere `tanh`. NaN stays NaN.
CTNN_INLINE vec<float> rough_tanh(vec<float> x)
{
#if defined(__AVX512F__)
    const vec<float> a = min(vec<float>(3.936F), abs(x));
    // 2^23 leaves the last bits to a whole number
    const auto k = _mm512_castps_si512(fma(a, vec<float>(8.F), vec<float>(0x1p23F)).v);
    const auto looked_up = [&](const float(&table)[32]) CTNN_INLINE_LAMBDA {
        return vec<float>(_mm512_permutex2var_ps(_mm512_load_ps(table), k, _mm512_load_ps(table + 16)));
    };
    return copysign(fma(a, looked_up(coefficients::rough_tanh[1]), looked_up(coefficients::rough_tanh[0])),
                    x);
#else
    return tanh(x);
#endif
}

/// log(1 + u) for 0 <= u <= 1, within 2 ulp.
///
///   method : 2 atanh(u / (2 + u)), a series in the square of that part, which is at most 1/9
template <class T>
CTNN_INLINE vec<T> log1p_of_part(vec<T> u)
{
    constexpr int terms = sizeof(T) == 4 ? 8 : 17; // what is left out is below 2e-9 and 2e-18
    const vec<T> s = u / (vec<T>(T{2}) + u), square = s * s;
    vec<T> sum(T{1} / static_cast<T>(2 * terms + 1));
    CTNN_UNROLL
    for (int k = terms - 1; k > 0; --k) sum = fma(sum, square, vec<T>(T{1} / static_cast<T>(2 * k + 1)));
    const vec<T> twice = s + s;
    return fma(twice * square, sum, twice);
}

/// 1 / (1 + e^-x).
///
///   float : within 4 ulp; 0 below x = -88.38, where the true value is 4e-39
template <class T>
CTNN_INLINE vec<T> sigmoid(vec<T> x)
{
    const vec<T> one(T{1});
    return one / (one + exp(vec<T>(T{0}) - x));
}

/// What the standard normal distribution has below x and at x.
template <class T>
struct normal_distribution {
    vec<T> below, density;
};

/// The standard normal distribution at x; NaN stays NaN.
///
///   float  : `below` within 8 ulp down to x = -13.2, where it is 3e-40, and 0 further down; `density` within
///            4 ulp
///   double : what the standard library's erfc and exp give
///   method : below(-a) is e^(-a^2 / 2) times a polynomial of degree 8 in 1 / (1 + 0.305 a), relative error
///            1e-7. The square is used with its rounding error, which the exponential would magnify
template <class T>
CTNN_INLINE normal_distribution<T> normal(vec<T> x)
{
    const vec<T> one(T{1}), zero(T{0});
    if constexpr (std::is_same_v<T, double>) {
        double lanes[width<double>], below[width<double>], density[width<double>];
        x.store(lanes);
        for (std::size_t i = 0; i < width<double>; ++i) {
            below[i] = std::erfc(-lanes[i] / std::numbers::sqrt2) / 2;
            density[i] = std::exp(-lanes[i] * lanes[i] / 2) / std::sqrt(2 * std::numbers::pi);
        }
        return {vec<T>::load(below), vec<T>::load(density)};
    } else {
        const vec<T> a = min(vec<T>(14.F), abs(x)), magic(coefficients::normal_round), minus_half(-0.5F);
        // a^2 as a sum of two floats: that of a multiple of 1/64 near a is exact, and what is missing is
        // small.
        const vec<T> coarse = (a + magic) - magic, whole = coarse * coarse,
                     rest = (a - coarse) * (a + coarse);
        const vec<T> square = whole + rest, lost = (whole - square) + rest;
        const vec<T> bell = fma(lost * minus_half, exp(square * minus_half), exp(square * minus_half));
        const vec<T> t = one / fma(a, vec<T>(coefficients::normal_scale), one);
        const vec<T> tail = bell * (detail::polynomial(coefficients::normal, t) * t);
        return {select<T>(x > zero, one - tail, tail), bell * vec<T>(0.3989422804F)};
    }
}

} // namespace ctnn::inline CTNN_ARCH::simd
