// SPDX-License-Identifier: BSD-3-Clause
/// The functions of layers for one float, in the compiler and on any CPU; written so that loops over them
/// become vector code.
#pragma once

#include <cstdint>

#include <ctnn/base/arch.hpp>

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

/// e^x for x in -87.3..88.3: 2^n times a polynomial of degree 6 on |r| <= ln 2 / 2.
constexpr float exp_inside(float x)
{
    // adding it rounds to a whole number, which then stands in the low bits
    constexpr float magic = 0x1.8p23F;
    const float shifted = x * 0x1.715476p+0F + magic, n = shifted - magic;
    const float r = (x - n * 0x1.62e4p-1F) - n * 0x1.7f7d1cp-20F;
    float p = r * 0x1.6ab926p-10F + 0x1.126d64p-7F;
    p = p * r + 0x1.55589cp-5F;
    p = p * r + 0x1.55540ap-3F;
    p = p * r + 0x1.fffffap-2F;
    p = (p * r + 1.F) * r + 1.F;
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
    float p = z * 0x1.0c60cap-6F + -0x1.af3f6ep-5F;
    p = p * z + 0x1.10cca2p-3F;
    p = p * z + -0x1.555446p-2F;
    return detail::with_sign_of(detail::select(a < 0.55F, p * z * a + a, large), x);
}

/// 1 / (1 + e^-x).
constexpr float sigmoid(float x) { return 1.F / (1.F + exp(-x)); }

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
    constexpr float magic = 0x1.8p17F;
    const float size = detail::magnitude(x), a = detail::select(size > 13.F, 13.F, size);
    const float coarse = (a + magic) - magic, whole = coarse * coarse, rest = (a - coarse) * (a + coarse);
    const float bell = exp(whole * -0.5F) * exp(rest * -0.5F);
    const float t = 1.F / (a * 0.305F + 1.F);
    float p = t * 0x1.2ca2ccp-5F + -0x1.3950fp-3F;
    p = p * t + 0x1.7c5772p-3F;
    p = p * t + -0x1.3714fcp-5F;
    p = p * t + 0x1.efb2ccp-4F;
    p = p * t + 0x1.a79d22p-4F;
    p = p * t + 0x1.f59fbp-4F;
    p = p * t + 0x1.f23c82p-4F;
    const float tail = bell * (p * t);
    return detail::select(x > 0.F, 1.F - tail, tail);
}

} // namespace ctnn::embed::inline CTNN_ARCH
