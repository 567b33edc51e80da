// SPDX-License-Identifier: BSD-3-Clause
/// Registers of float whose lanes hold something else in their 32 bits: a whole number, two numbers of 16
/// bits or four of a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include <ctnn/core/bits.hpp>
#include <ctnn/simd/vec.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

/// Whether the instruction set multiplies the four bytes of a lane by four others and adds up.
inline constexpr bool has_byte_products = CTNN_HAS_BYTE_PRODUCTS != 0;
/// What has to be taken from the first factor of `add_byte_products`, 0..255: NEON wants both factors signed.
#if defined(__aarch64__)
inline constexpr int byte_shift = has_byte_products ? 128 : 0;
#else
inline constexpr int byte_shift = 0;
#endif

namespace detail {

#if defined(__GNUC__)
template <class I, bool = (width<float> > 1)>
struct words_of {
    typedef I type __attribute__((vector_size(width<float> * sizeof(I))));
};
template <class I>
struct words_of<I, false> {
    using type = I;
};
template <class I>
using words = typename words_of<I>::type;
#else
template <class I>
struct words {
    I lane[width<float>];

    template <class F>
    static words map(F f, const words& a, const words& b)
    {
        words y;
        for (std::size_t i = 0; i < width<float>; ++i) y.lane[i] = static_cast<I>(f(a.lane[i], b.lane[i]));
        return y;
    }
    static words of(I x)
    {
        words y;
        for (I& lane : y.lane) lane = x;
        return y;
    }
    friend words operator+(words a, words b)
    {
        return map([](I x, I y) { return x + y; }, a, b);
    }
    friend words operator+(words a, I b) { return a + of(b); }
    friend words operator*(words a, words b)
    {
        return map([](I x, I y) { return x * y; }, a, b);
    }
    friend words operator&(words a, I b)
    {
        return map([](I x, I y) { return x & y; }, a, of(b));
    }
    friend words operator<<(words a, int n)
    {
        return map([](I x, I y) { return x << y; }, a, of(n));
    }
    friend words operator>>(words a, int n)
    {
        return map([](I x, I y) { return x >> y; }, a, of(n));
    }
};
#endif

/// What a compiler knows a register as; one number is itself.
template <class Native>
struct raw_register {
    using type = Native;
};
template <class Native>
    requires requires { typename Native::register_type; }
struct raw_register<Native> {
    using type = typename Native::register_type;
};
using raw = typename raw_register<typename vec<float>::native>::type;

template <class I>
CTNN_INLINE words<I> to_words(vec<float> x)
{
    return ctnn::detail::bit_cast<words<I>>(static_cast<raw>(x.v));
}
template <class Words>
CTNN_INLINE vec<float> from_words(Words x)
{
    return {ctnn::detail::bit_cast<raw>(x)};
}

/// Each whole number as a float.
template <class Words>
CTNN_INLINE auto as_floats(Words x)
{
    if constexpr (std::is_integral_v<Words>) {
        return static_cast<float>(x);
    } else {
#if defined(__GNUC__)
        typedef float floats __attribute__((vector_size(sizeof(Words)))); // known only when x is
        return __builtin_convertvector(x, floats);
#else
        words<float> y;
        for (std::size_t i = 0; i < width<float>; ++i) y.lane[i] = static_cast<float>(x.lane[i]);
        return y;
#endif
    }
}

} // namespace detail

/// The two bfloat16 of each lane as numbers, the first in the lower bits.
CTNN_INLINE vec<float> first_of_two(vec<float> x)
{
    return detail::from_words(detail::to_words<std::uint32_t>(x) << 16);
}
CTNN_INLINE vec<float> second_of_two(vec<float> x)
{
    return detail::from_words(detail::to_words<std::uint32_t>(x) & 0xffff0000U);
}

/// c + a0 b0 + a1 b1 of the two bfloat16 of each lane.
CTNN_INLINE vec<float> add_bfloat16_products(vec<float> a, vec<float> b, vec<float> c)
{
#if CTNN_HAS_BFLOAT16_PRODUCTS
    return {_mm512_dpbf16_ps(c.v, ctnn::detail::bit_cast<__m512bh>(static_cast<__m512>(a.v)),
                             ctnn::detail::bit_cast<__m512bh>(static_cast<__m512>(b.v)))};
#else
    return fma(second_of_two(a), second_of_two(b), fma(first_of_two(a), first_of_two(b), c));
#endif
}

/// The sum of two whole numbers in each lane, modulo 2^32.
CTNN_INLINE vec<float> add_whole(vec<float> a, vec<float> b)
{
    return detail::from_words(detail::to_words<std::uint32_t>(a) + detail::to_words<std::uint32_t>(b));
}

/// Bytes 0 and 2 of each lane, or 1 and 3, as two numbers of 16 bits.
CTNN_INLINE vec<float> even_bytes(vec<float> x)
{
    return detail::from_words(detail::to_words<std::uint32_t>(x) & 0x00ff00ffU);
}
CTNN_INLINE vec<float> odd_bytes(vec<float> x)
{
    return detail::from_words((detail::to_words<std::uint32_t>(x) >> 8) & 0x00ff00ffU);
}
/// The first or the second of two numbers of 16 bits in each lane, none below 0, as one of 32.
CTNN_INLINE vec<float> low_half(vec<float> x)
{
    return detail::from_words(detail::to_words<std::uint32_t>(x) & 0xffffU);
}
CTNN_INLINE vec<float> high_half(vec<float> x)
{
    return detail::from_words(detail::to_words<std::uint32_t>(x) >> 16);
}

/// c + a0 b0 + a1 b1, whole numbers of 16 bits, and c of 32.
CTNN_INLINE vec<float> add_int16_products(vec<float> a, vec<float> b, vec<float> c)
{
#if defined(__AVX512BW__)
    return add_whole(
        {_mm512_castsi512_ps(_mm512_madd_epi16(_mm512_castps_si512(a.v), _mm512_castps_si512(b.v)))}, c);
#elif defined(__AVX2__)
    return add_whole(
        {_mm256_castsi256_ps(_mm256_madd_epi16(_mm256_castps_si256(a.v), _mm256_castps_si256(b.v)))}, c);
#elif defined(__SSE2__) && !defined(__AVX__)
    return add_whole({_mm_castsi128_ps(_mm_madd_epi16(_mm_castps_si128(a.v), _mm_castps_si128(b.v)))}, c);
#elif defined(__aarch64__)
    const int16x8_t x = vreinterpretq_s16_f32(a.v), y = vreinterpretq_s16_f32(b.v);
    const int32x4_t product = vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y));
    return {vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(c.v), product))};
#else
    const auto x = detail::to_words<std::int32_t>(a), y = detail::to_words<std::int32_t>(b);
    return add_whole(c, add_whole(detail::from_words(((x << 16) >> 16) * ((y << 16) >> 16)),
                                  detail::from_words((x >> 16) * (y >> 16))));
#endif
}

/// c + a0 b0 + ... + a3 b3: the b of a lane from -128 to 127, its a from 0 to 255, less `byte_shift`. Only
/// where `has_byte_products`.
CTNN_INLINE vec<float> add_byte_products([[maybe_unused]] vec<float> a, [[maybe_unused]] vec<float> b,
                                         vec<float> c)
{
#if CTNN_HAS_BYTE_PRODUCTS && defined(__AVX512F__)
    return {_mm512_castsi512_ps(
        _mm512_dpbusd_epi32(_mm512_castps_si512(c.v), _mm512_castps_si512(a.v), _mm512_castps_si512(b.v)))};
#elif CTNN_HAS_BYTE_PRODUCTS && defined(__AVX2__)
    return {_mm256_castsi256_ps(_mm256_dpbusd_avx_epi32(_mm256_castps_si256(c.v), _mm256_castps_si256(a.v),
                                                        _mm256_castps_si256(b.v)))};
#elif CTNN_HAS_BYTE_PRODUCTS
    return {vreinterpretq_f32_s32(
        vdotq_s32(vreinterpretq_s32_f32(c.v), vreinterpretq_s8_f32(a.v), vreinterpretq_s8_f32(b.v)))};
#else
    return c;
#endif
}

/// The whole number of each lane as a float, rounded to nearest.
CTNN_INLINE vec<float> float_of_whole(vec<float> x)
{
    return detail::from_words(detail::as_floats(detail::to_words<std::int32_t>(x)));
}

namespace detail {

/// Writes the low bits of each word, those of a Small.
template <class Small, class Words>
CTNN_INLINE void store_low_bits(Small* to, Words x)
{
    if constexpr (std::is_integral_v<Words>) {
        const auto y = static_cast<Small>(x);
        std::memcpy(to, &y, sizeof(y));
    } else {
#if defined(__AVX512F__) // of the general form g++ 12 makes four instructions; of the plain one a warning
        const auto y = [&] {
            if constexpr (sizeof(Small) == 1)
                return _mm512_maskz_cvtepi32_epi8(0xffff, ctnn::detail::bit_cast<__m512i>(x));
            else return _mm512_maskz_cvtepi32_epi16(0xffff, ctnn::detail::bit_cast<__m512i>(x));
        }();
        std::memcpy(to, &y, sizeof(y));
#elif defined(__GNUC__)
        typedef Small small __attribute__((vector_size(width<float> * sizeof(Small))));
        const small y = __builtin_convertvector(x, small);
        std::memcpy(to, &y, sizeof(y));
#else
        for (std::size_t i = 0; i < width<float>; ++i) to[i] = static_cast<Small>(x.lane[i]);
#endif
    }
}

} // namespace detail

/// Writes the last bits of each lane, as many as a Small has: `width<float>` of them.
template <class Small>
CTNN_INLINE void store_low_bits(Small* to, vec<float> x)
{
    detail::store_low_bits(to, detail::to_words<std::uint32_t>(x));
}

/// Writes each number as a bfloat16: `width<float>` of them.
CTNN_INLINE void store_bfloat16(std::uint16_t* to, vec<float> x)
{
#if CTNN_HAS_BFLOAT16_PRODUCTS
    const auto y = ctnn::detail::bit_cast<__m256i>(_mm512_cvtneps_pbh(x.v));
    std::memcpy(to, &y, sizeof(y));
#else
    const auto bits = detail::to_words<std::uint32_t>(x);
    const vec<float> rounded = detail::from_words(bits + ((bits >> 16) & 1U) + 0x7fffU),
                     nan(std::numeric_limits<float>::quiet_NaN());
    // Rounding could make a number of a NaN, which is neither below 1 nor above 0.
    const vec<float> y =
        select<float>(x < vec<float>(1.F), rounded, select<float>(x > vec<float>(0.F), rounded, nan));
    detail::store_low_bits(to, detail::to_words<std::uint32_t>(y) >> 16);
#endif
}

} // namespace ctnn::inline CTNN_ARCH::simd
