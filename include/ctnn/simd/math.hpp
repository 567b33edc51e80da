// SPDX-License-Identifier: BSD-3-Clause
/// exp and tanh on registers: the same bits in every lane, on every place of an array.
#pragma once

#include <limits>
#include <type_traits>

#include <ctnn/simd/vec.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

namespace detail {

/// What the reduction of e^x to a short interval needs in each precision. ln 2 comes in two parts, the first with so few bits that n
/// times it is exact.
template <class T>
struct exp_constants;
template <>
struct exp_constants<float> {
    static constexpr float round = 0x1.8p23F, log2_e = 0x1.715476p+0F, ln2_high = 0x1.62e4p-1F, ln2_low = 0x1.7f7d1cp-20F;
    static constexpr int degree = 7; // the first term left out is r^8 / 8!, below 6e-9 relative to e^r
    static constexpr float lowest = -87.683F, highest = 88.37626F;
};
template <>
struct exp_constants<double> {
    static constexpr double round = 0x1.8p52, log2_e = 0x1.71547652b82fep+0, ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;
    static constexpr int degree = 13; // r^14 / 14!: below 5e-18
    static constexpr double lowest = -708.39, highest = 709.08;
};

/// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r - 1 by its Taylor series.
template <class T>
struct reduced_exp {
    vec<T> n, less_one;

    explicit reduced_exp(vec<T> x)
    {
        using k = exp_constants<T>;
        // Adding 1.5 times the power of 2 whose unit is 1 rounds to an integer; |x / ln 2| stays far below it.
        const vec<T> magic(k::round);
        n = fma(x, vec<T>(k::log2_e), magic) - magic;
        vec<T> r = fnma(n, vec<T>(k::ln2_high), x);
        r = fnma(n, vec<T>(k::ln2_low), r);
        double factorial = 1;
        for (int i = 2; i <= k::degree; ++i) factorial *= i;
        vec<T> p(static_cast<T>(1 / factorial));
        for (int i = k::degree; i > 2; --i) {
            factorial /= i;
            p = fma(p, r, vec<T>(static_cast<T>(1 / factorial)));
        }
        less_one = fma(r * r, p, r);
    }
};

} // namespace detail

/// e^x.
///
///   float  : within 2 ulp for -87.68 <= x <= 88.37; below it 0, above it inf
///   double : within 2 ulp for -708.39 <= x <= 709.08; below it 0, above it inf
///   NaN stays NaN
template <class T>
vec<T> exp(vec<T> x)
{
    using k = detail::exp_constants<T>;
    const vec<T> low(k::lowest), high(k::highest), zero(T{0}), infinity(std::numeric_limits<T>::infinity());
    // Clamped to where 2^n is a normal number; the comparisons are false for NaN, which goes through.
    const vec<T> inside = select<T>(x < low, low, select<T>(x > high, high, x));
    const detail::reduced_exp<T> e(inside);
    const vec<T> y = scale_by_power(e.less_one + vec<T>(T{1}), e.n);
    return select<T>(x < low, zero, select<T>(x > high, infinity, y));
}

/// tanh x.
///
///   float  : within 2 ulp;   double : within 4 ulp;   0, -0, +-inf and NaN exact
///   method : 1 - 2 / (e^(2|x|) + 1), below 0.625 an odd polynomial; in double t / (t + 2) with t = e^(2|x|) - 1. The sign is put
///            back at the end
///   source : Cephes Math Library 2.2, single/tanhf.c, for the coefficients
template <class T>
vec<T> tanh(vec<T> x)
{
    const vec<T> a = abs(x), one(T{1}), two(T{2}), limit(std::is_same_v<T, float> ? T(9.02) : T(19.1)); // tanh rounds to 1 before
    const vec<T> clamped = select<T>(a > limit, limit, a);
    const detail::reduced_exp<T> e(clamped + clamped);
    if constexpr (std::is_same_v<T, double>) {
        const vec<T> s = scale_by_power(one, e.n);
        const vec<T> t = fma(s, e.less_one, s - one);
        return copysign(t / (t + two), x);
    } else {
        const vec<T> large = one - two / (scale_by_power(e.less_one + one, e.n) + one);
        const vec<T> z = a * a;
        vec<T> p = fma(vec<T>(-5.70498872745e-3F), z, vec<T>(2.06390887954e-2F));
        p = fma(p, z, vec<T>(-5.37397155531e-2F));
        p = fma(p, z, vec<T>(1.33314422036e-1F));
        p = fma(p, z, vec<T>(-3.33332819422e-1F));
        const vec<T> small = fma(p * z, a, a);
        return copysign(select<T>(a < vec<T>(0.625F), small, large), x);
    }
}

} // namespace ctnn::inline CTNN_ARCH::simd
