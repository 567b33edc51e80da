// SPDX-License-Identifier: BSD-3-Clause
/// The Box-Muller transform of 16 numbers at a time, rounded the way PyTorch's AVX2 code rounds it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <numbers>
#include <type_traits>

#include <ctnn/core/arch.hpp>
#include <ctnn/core/bits.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// a * b + c rounded once. The product of two floats is exact in double, so this needs no FMA instruction and
/// gives the same float on every machine but for the rare tie of the double sum.
constexpr float fused(float a, float b, float c)
{
    return static_cast<float>(static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c));
}

/// log(x) of a positive float with the coefficients and the order of rounding of Cephes' `logf`, which
/// PyTorch uses here.
///   source : Cephes Math Library 2.2, single/logf.c
inline float cephes_log(float x)
{
    x = x < std::numeric_limits<float>::min() ? std::numeric_limits<float>::min() : x;
    const auto bits = detail::bit_cast<std::uint32_t>(x);
    float e = static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 126);
    float m = detail::bit_cast<float>((bits & 0x007fffffU) | 0x3f000000U); // 0.5 <= m < 1
    if (m < 0.707106781186547524F) {
        e -= 1;
        m = (m - 1) + m;
    } else {
        m -= 1;
    }
    constexpr float p[] = {7.0376836292E-2F,  -1.1514610310E-1F, 1.1676998740E-1F,
                           -1.2420140846E-1F, 1.4249322787E-1F,  -1.6668057665E-1F,
                           2.0000714765E-1F,  -2.4999993993E-1F, 3.3333331174E-1F};
    const float z = m * m;
    float y = p[0];
    for (std::size_t i = 1; i < std::size(p); ++i) y = fused(y, m, p[i]);
    y = fused(y * m, z, e * -2.12194440e-4F);
    y = fused(z, -0.5F, y);
    return fused(e, 0.693359375F, m + y);
}

/// sin(x) and cos(x) of 0 <= x < 8192 in the order of rounding of Cephes' `sinf` and `cosf`.
///   source : Cephes Math Library 2.2, single/sinf.c
inline void cephes_sincos(float x, float& sine, float& cosine)
{
    const auto octant = (static_cast<std::uint32_t>(x * 1.27323954473516F) + 1U) & ~1U;
    const auto j = static_cast<float>(octant);
    x = fused(j, -0.78515625F, x);
    x = fused(j, -2.4187564849853515625e-4F, x);
    x = fused(j, -3.77489497744594108e-8F, x);
    const float z = x * x;
    float c = fused(2.443315711809948E-005F, z, -1.388731625493765E-003F);
    c = fused(c, z, 4.166664568298827E-002F) * z;
    c = fused(c, z, z * -0.5F) + 1;
    float s = fused(-1.9515295891E-4F, z, 8.3321608736E-3F);
    s = fused(s, z, -1.6666654611E-1F) * z;
    s = fused(s, x, x);
    const bool swapped = (octant & 2U) != 0;
    sine = swapped ? c : s;
    cosine = swapped ? s : c;
    if ((octant & 4U) != 0) sine = -sine;
    if (((octant + 2U) & 4U) != 0) cosine = -cosine;
}

/// Turns 16 uniform numbers into 16 normal ones: d[j] and d[j + 8] make the pair d[j], d[j + 8].
template <class T>
void box_muller_16(T* d)
{
    for (std::size_t j = 0; j < 8; ++j) {
        const T u1 = 1 - d[j];
        const T u2 = d[j + 8];
        if constexpr (std::is_same_v<T, float>) {
            const float radius = std::sqrt(-2.0F * cephes_log(u1));
            float sine, cosine;
            cephes_sincos(static_cast<float>(2 * std::numbers::pi) * u2, sine, cosine);
            d[j] = radius * cosine;
            d[j + 8] = radius * sine;
        } else {
            const T radius = std::sqrt(T{-2} * std::log(u1));
            const T angle = T{2} * std::numbers::pi_v<T> * u2;
            d[j] = radius * std::cos(angle);
            d[j + 8] = radius * std::sin(angle);
        }
    }
}

} // namespace ctnn::inline CTNN_ARCH::detail
