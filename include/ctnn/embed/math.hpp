// SPDX-License-Identifier: BSD-3-Clause
/// The functions of layers for one float, in the compiler and on any CPU; written so that loops over them
/// become vector code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits> // a weight that is no number is written with it
#include <utility>

#include <ctnn/base/arch.hpp>
#include <ctnn/base/coefficients.hpp>

namespace ctnn::embed::inline CTNN_ARCH {

namespace detail {

// The compiler's own: Debian 12's WebAssembly library has no std::bit_cast yet.
constexpr std::uint32_t bits(float x) { return __builtin_bit_cast(std::uint32_t, x); }
constexpr float from_bits(std::uint32_t x) { return __builtin_bit_cast(float, x); }

constexpr float with_sign_of(float magnitude, float sign)
{
    return from_bits(bits(magnitude) | (bits(sign) & 0x80000000U));
}
constexpr float magnitude(float x) { return from_bits(bits(x) & 0x7fffffffU); }

/// a or b, by bits: a conditional would be a branch, and a loop with one does not become vector code.
constexpr float select(bool first, float a, float b)
{
    const std::uint32_t mask = 0U - static_cast<std::uint32_t>(first);
    return from_bits((bits(a) & mask) | (bits(b) & ~mask));
}

/// c[0] x^(N-1) + ... + c[N-1].
template <std::size_t N>
constexpr float polynomial(const float (&c)[N], float x)
{
    return [&]<std::size_t... I>(std::index_sequence<I...>) { // written out, so that loops over it vectorise
        float p = c[0];
        ((p = p * x + c[I + 1]), ...);
        return p;
    }(std::make_index_sequence<N - 1>{});
}

/// e^x for x in -87.3..88.3: 2^n times a polynomial of degree 6 on |r| <= ln 2 / 2.
constexpr float exp_inside(float x)
{
    // adding it rounds to a whole number, which then stands in the low bits
    namespace k = coefficients;
    const float shifted = x * k::log2_e + k::round, n = shifted - k::round;
    const float r = (x - n * k::ln2_high) - n * k::ln2_low;
    const float p = (polynomial(k::exp, r) * r + 1.F) * r + 1.F;
    const std::uint32_t power = (bits(shifted) + 127U) << 23U;
    return p * from_bits(power);
}

} // namespace detail

/// e^x within 3 ulp; 0 below -87.3, infinite above 88.3; NaN stays.
constexpr float exp(float x)
{
    const float low = detail::select(x < -87.3F, -87.3F, x), inside = detail::select(low > 88.3F, 88.3F, low);
    const float y = detail::select(x > 88.3F, detail::from_bits(0x7f800000U), detail::exp_inside(inside));
    return detail::select(x < -87.3F, 0.F, y);
}

/// tanh x within 3 ulp; NaN stays.
constexpr float tanh(float x)
{
    // 1 from there on
    const float size = detail::magnitude(x), a = detail::select(size > 9.02F, 9.02F, size), twice = a + a;
    const float z = a * a;
    const float large = 1.F - 2.F / (detail::exp_inside(twice) + 1.F);
    const float p = detail::polynomial(coefficients::tanh, z);
    return detail::with_sign_of(detail::select(a < coefficients::tanh_small, p * z * a + a, large), x);
}

/// 1 / (1 + e^-x).
constexpr float sigmoid(float x) { return 1.F / (1.F + exp(-x)); }

/// log(1 + u) for 0 <= u <= 1: twice the inverse hyperbolic tangent of u / (2 + u).
constexpr float log1p_of_part(float u)
{
    const float s = u / (2.F + u), square = s * s;
    float sum = 1.F / 17.F;
    for (int k = 15; k > 0; k -= 2) sum = sum * square + 1.F / static_cast<float>(k);
    return 2.F * s * sum;
}
/// log x for a normal x above 0: its power of two, and the rest from 1 to 2.
constexpr float log(float x)
{
    const std::uint32_t b = detail::bits(x);
    const float power = static_cast<float>(static_cast<std::int32_t>(b >> 23U) - 127);
    const float rest = detail::from_bits((b & 0x007fffffU) | 0x3f800000U);
    return power * 0.6931471806F + log1p_of_part(rest - 1.F);
}

/// The square root of 0, a normal positive number or infinity, by Newton's method: right to the last bit but
/// one.
constexpr float sqrt(float x)
{
    const float inside = detail::select(x > 0x1.fffffep127F, 1.F, x);
    float y = detail::from_bits((detail::bits(inside) >> 1U) + 0x1fbd1df5U);
    for (int i = 0; i < 3; ++i) y = 0.5F * (y + inside / y);
    return detail::select(x > 0x1.fffffep127F || x == 0.F, x, y);
}

/// The share of a standard normal distribution below x, within 1e-6 of itself down to x = -13: e^(-x^2 / 2)
/// times a polynomial of degree 8 in 1 / (1 + 0.305 |x|). The square is kept as a sum of two numbers, because
/// the exponential magnifies its rounding error.
constexpr float normal_below(float x)
{
    constexpr float magic = coefficients::normal_round;
    const float size = detail::magnitude(x), a = detail::select(size > 13.F, 13.F, size);
    const float coarse = (a + magic) - magic, whole = coarse * coarse, rest = (a - coarse) * (a + coarse);
    const float bell = exp(whole * -0.5F) * exp(rest * -0.5F);
    const float t = 1.F / (a * coefficients::normal_scale + 1.F);
    const float tail = bell * (detail::polynomial(coefficients::normal, t) * t);
    return detail::select(x > 0.F, 1.F - tail, tail);
}

} // namespace ctnn::embed::inline CTNN_ARCH
