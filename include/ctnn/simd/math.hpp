// SPDX-License-Identifier: BSD-3-Clause
/// exp and tanh on registers: the same bits in every lane, on every place of an array.
#pragma once

#include <limits>
#include <type_traits>

#include <ctnn/simd/vec.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

namespace detail {

/// x = n ln 2 + r with |r| <= ln 2 / 2; `poly` is (e^r - 1 - r) / r^2.
struct reduced_exp {
    vec<float> n, r, poly;

    explicit reduced_exp(vec<float> x)
    {
        // Adding 1.5 * 2^23 rounds to an integer in the last bits; |x / ln 2| stays far below 2^22.
        const vec<float> magic(0x1.8p23F);
        n = fma(x, vec<float>(0x1.715476p+0F), magic) - magic;
        r = fnma(n, vec<float>(0x1.62e4p-1F), x); // ln 2 in two parts; the first has 15 bits, so n times it is exact
        r = fnma(n, vec<float>(0x1.7f7d1cp-20F), r);
        // Taylor to r^7: the first term left out is r^8 / 8!, below 6e-9 relative to e^r.
        poly = fma(r, vec<float>(1.0F / 5040), vec<float>(1.0F / 720));
        poly = fma(poly, r, vec<float>(1.0F / 120));
        poly = fma(poly, r, vec<float>(1.0F / 24));
        poly = fma(poly, r, vec<float>(1.0F / 6));
        poly = fma(poly, r, vec<float>(0.5F));
    }
};

} // namespace detail

/// e^x.
///
///   float  : within 2 ulp for -87.68 <= x <= 88.37; below it 0, above it inf; NaN stays NaN
///   double : xsimd's
template <class T>
vec<T> exp(vec<T> x)
{
    if constexpr (std::is_same_v<T, float>) {
        const vec<float> low(-87.683F), high(88.37626F);
        // Clamped to where 2^n is a normal number; the comparisons are false for NaN, which goes through.
        const vec<float> inside = select<float>(x < low, low, select<float>(x > high, high, x));
        const detail::reduced_exp e(inside);
        const vec<float> p = fma(e.r * e.r, e.poly, e.r) + vec<float>(1.0F);
        const vec<float> y = scale_by_power(p, e.n);
        return select<float>(x < low, vec<float>(0.0F), select<float>(x > high, vec<float>(std::numeric_limits<float>::infinity()), y));
    } else {
        return simd::detail::native::exp(x.v);
    }
}

/// tanh x.
///
///   float  : within 2 ulp; 0, -0, +-inf and NaN exact
///   double : xsimd's
///   method : 1 - 2 / (e^(2|x|) + 1), below 0.625 an odd polynomial; the sign is put back at the end
///   source : Cephes Math Library 2.2, single/tanhf.c, for the coefficients
template <class T>
vec<T> tanh(vec<T> x)
{
    if constexpr (std::is_same_v<T, float>) {
        const vec<float> a = abs(x), one(1.0F), limit(9.02F); // tanh rounds to 1 from 9.011 on
        const vec<float> clamped = select<float>(a > limit, limit, a);
        const detail::reduced_exp e(clamped + clamped);
        const vec<float> exp_2a = scale_by_power(fma(e.r * e.r, e.poly, e.r) + one, e.n);
        const vec<float> large = one - vec<float>(2.0F) / (exp_2a + one);
        const vec<float> z = a * a;
        vec<float> p = fma(vec<float>(-5.70498872745e-3F), z, vec<float>(2.06390887954e-2F));
        p = fma(p, z, vec<float>(-5.37397155531e-2F));
        p = fma(p, z, vec<float>(1.33314422036e-1F));
        p = fma(p, z, vec<float>(-3.33332819422e-1F));
        const vec<float> small = fma(p * z, a, a);
        return copysign(select<float>(a < vec<float>(0.625F), small, large), x);
    } else {
        return simd::detail::native::tanh(x.v);
    }
}

} // namespace ctnn::inline CTNN_ARCH::simd
