// SPDX-License-Identifier: BSD-3-Clause
/// One vector register of the widest kind this translation unit is compiled for.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <ctnn/core/arch.hpp>
#include <ctnn/core/bits.hpp>
#include <ctnn/simd/native.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

/// How many `T` (float or double) one register holds; 1 where there are no vector registers.
template <class T>
inline constexpr std::size_t width = detail::register_of<T>::width;

/// The result of comparing two registers, one truth value a lane.
template <class T>
using mask = typename detail::register_of<T>::mask;

/// `width<T>` numbers in a register. All operations act lane by lane.
template <class T>
struct vec {
    using native = typename detail::register_of<T>::type;
    native v;

    vec() = default;
    CTNN_INLINE vec(native n) : v(n) {}
    CTNN_INLINE vec(T x)
        requires(!std::is_same_v<T, native>)
        : v(x)
    {}

    CTNN_INLINE static vec load(const T* p)
    {
        vec x;
        detail::load(x.v, p);
        return x;
    }
    CTNN_INLINE void store(T* p) const { detail::store(p, v); }

    CTNN_INLINE friend vec operator+(vec a, vec b) { return a.v + b.v; }
    CTNN_INLINE friend vec operator-(vec a, vec b) { return a.v - b.v; }
    CTNN_INLINE friend vec operator*(vec a, vec b) { return a.v * b.v; }
    CTNN_INLINE friend vec operator/(vec a, vec b) { return detail::native::divide(a.v, b.v); }
    CTNN_INLINE friend mask<T> operator<(vec a, vec b) { return a.v < b.v; }
    CTNN_INLINE friend mask<T> operator>(vec a, vec b) { return a.v > b.v; }
};

namespace detail {

#if defined(__AVX__) && !defined(__AVX512F__)
/// -1 in the first `n` lanes and 0 in the others, as the masked instructions want it.
CTNN_INLINE __m256i first_lanes(std::size_t n, std::size_t bytes)
{
    alignas(32) static constexpr std::array<std::int8_t, 64> ones_then_zeros{
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
        -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ones_then_zeros.data() + (32 - n * bytes)));
}
#endif

/// Whether the compiler knows that `n` is half of a register. That moves without a mask, and what was stored
/// so can be read again before it has left for the cache.
template <class T>
CTNN_INLINE bool is_half(std::size_t n)
{
    return CTNN_IS_KNOWN(n) && 2 * n == width<T>;
}

} // namespace detail

/// The first `n` numbers at `p`, 0 in the other lanes; reads nothing past them. 1 <= n <= width.
template <class T>
CTNN_INLINE vec<T> load_first(const T* p, std::size_t n)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) {
        if (detail::is_half<T>(n))
            return {_mm512_castpd_ps(
                _mm512_maskz_insertf64x4(0xff, __m512d{}, _mm256_castps_pd(_mm256_loadu_ps(p)), 0))};
        return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << n) - 1U), p)};
    } else {
        if (detail::is_half<T>(n)) return {_mm512_maskz_insertf64x4(0xff, __m512d{}, _mm256_loadu_pd(p), 0)};
        return {_mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << n) - 1U), p)};
    }
#elif defined(__AVX__)
    if constexpr (std::is_same_v<T, float>) {
        if (detail::is_half<T>(n)) return {_mm256_zextps128_ps256(_mm_loadu_ps(p))};
        return {_mm256_maskload_ps(p, detail::first_lanes(n, sizeof(T)))};
    } else {
        if (detail::is_half<T>(n)) return {_mm256_zextpd128_pd256(_mm_loadu_pd(p))};
        return {_mm256_maskload_pd(p, detail::first_lanes(n, sizeof(T)))};
    }
#else
    if constexpr (width<T> == 1) {
        return *p;
    } else {
        typename vec<T>::native::register_type lanes{};
        CTNN_UNROLL
        for (std::size_t i = 0; i < width<T>; ++i)
            if (i < n) lanes[i] = p[i];
        return {lanes};
    }
#endif
}

/// The first `n` numbers at `p`, those of `other` in the other lanes; reads nothing past them. 1 <= n <=
/// width.
template <class T>
CTNN_INLINE vec<T> load_first_or(vec<T> other, const T* p, std::size_t n)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>)
        return {_mm512_mask_loadu_ps(other.v, static_cast<__mmask16>((1U << n) - 1U), p)};
    else return {_mm512_mask_loadu_pd(other.v, static_cast<__mmask8>((1U << n) - 1U), p)};
#else
    T lanes[width<T>];
    other.store(lanes);
    for (std::size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return vec<T>::load(lanes);
#endif
}

/// Writes the first `n` lanes to `p` and nothing past them. 1 <= n <= width.
template <class T>
CTNN_INLINE void store_first(T* p, std::size_t n, vec<T> x)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) {
        if (detail::is_half<T>(n))
            _mm256_storeu_ps(p,
                             _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(0xff, _mm512_castps_pd(x.v), 0)));
        else _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1U << n) - 1U), x.v);
    } else {
        if (detail::is_half<T>(n)) _mm256_storeu_pd(p, _mm512_maskz_extractf64x4_pd(0xff, x.v, 0));
        else _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1U << n) - 1U), x.v);
    }
#elif defined(__AVX__)
    if constexpr (std::is_same_v<T, float>) {
        if (detail::is_half<T>(n)) _mm_storeu_ps(p, _mm256_castps256_ps128(x.v));
        else _mm256_maskstore_ps(p, detail::first_lanes(n, sizeof(T)), x.v);
    } else {
        if (detail::is_half<T>(n)) _mm_storeu_pd(p, _mm256_castpd256_pd128(x.v));
        else _mm256_maskstore_pd(p, detail::first_lanes(n, sizeof(T)), x.v);
    }
#else
    if constexpr (width<T> == 1) {
        *p = x.v;
    } else {
        // Lane by lane: copied from an array, the register would live in memory, and in the loops before this
        // too.
        const typename vec<T>::native::register_type lanes = x.v;
        CTNN_UNROLL
        for (std::size_t i = 0; i < width<T>; ++i)
            if (i < n) p[i] = lanes[i];
    }
#endif
}

/// `x` with 0 in all lanes but the first `n`. 1 <= n <= width.
template <class T>
CTNN_INLINE vec<T> keep_first(std::size_t n, vec<T> x)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>)
        return {_mm512_maskz_mov_ps(static_cast<__mmask16>((1U << n) - 1U), x.v)};
    else return {_mm512_maskz_mov_pd(static_cast<__mmask8>((1U << n) - 1U), x.v)};
#else
    if constexpr (width<T> == 1) {
        return x;
    } else {
        static constexpr auto ones_then_zeros = [] { // bits of 1, which as a number are NaN
            using bits = std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>;
            std::array<T, 2 * width<T>> a{};
            for (std::size_t i = 0; i < width<T>; ++i) a[i] = ctnn::detail::bit_cast<T>(~bits{0});
            return a;
        }();
        return x.v & vec<T>::load(ones_then_zeros.data() + (width<T> - n)).v;
    }
#endif
}

/// a * b + c, rounded once where the instruction set has FMA. (xsimd 8.1 multiplies and adds for AVX-512
/// under clang.)
template <class T>
CTNN_INLINE vec<T> fma(vec<T> a, vec<T> b, vec<T> c)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return {_mm512_fmadd_ps(a.v, b.v, c.v)};
    else return {_mm512_fmadd_pd(a.v, b.v, c.v)};
#else
    return detail::native::fma(a.v, b.v, c.v);
#endif
}

/// c - a * b.
template <class T>
CTNN_INLINE vec<T> fnma(vec<T> a, vec<T> b, vec<T> c)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return {_mm512_fnmadd_ps(a.v, b.v, c.v)};
    else return {_mm512_fnmadd_pd(a.v, b.v, c.v)};
#else
    return detail::native::fnma(a.v, b.v, c.v);
#endif
}

template <class T>
CTNN_INLINE vec<T> select(mask<T> m, vec<T> a, vec<T> b)
{
    return detail::native::select(m, a.v, b.v);
}

/// The larger and the smaller number. When either is NaN the result is `b` or NaN, so keep NaN alive by
/// passing new data as `b`. (xsimd 14 passes the two to x86 the other way round, those before do not.)
template <class T>
CTNN_INLINE vec<T> max(vec<T> a, vec<T> b)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return {_mm512_maskz_max_ps(0xffff, a.v, b.v)};
    else return {_mm512_maskz_max_pd(0xff, a.v, b.v)};
#elif defined(__AVX__)
    if constexpr (std::is_same_v<T, float>) return {_mm256_max_ps(a.v, b.v)};
    else return {_mm256_max_pd(a.v, b.v)};
#elif defined(__SSE2__)
    if constexpr (std::is_same_v<T, float>) return {_mm_max_ps(a.v, b.v)};
    else return {_mm_max_pd(a.v, b.v)};
#else
    return detail::native::max(a.v, b.v);
#endif
}
template <class T>
CTNN_INLINE vec<T> min(vec<T> a, vec<T> b)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return {_mm512_maskz_min_ps(0xffff, a.v, b.v)};
    else return {_mm512_maskz_min_pd(0xff, a.v, b.v)};
#elif defined(__AVX__)
    if constexpr (std::is_same_v<T, float>) return {_mm256_min_ps(a.v, b.v)};
    else return {_mm256_min_pd(a.v, b.v)};
#elif defined(__SSE2__)
    if constexpr (std::is_same_v<T, float>) return {_mm_min_ps(a.v, b.v)};
    else return {_mm_min_pd(a.v, b.v)};
#else
    return detail::native::min(a.v, b.v);
#endif
}

template <class T>
CTNN_INLINE vec<T> abs(vec<T> a)
{
    return detail::native::abs(a.v);
}

template <class T>
CTNN_INLINE vec<T> sqrt(vec<T> a)
{
#if defined(__AVX512F__)
    // The masked forms of all lanes: g++ 12 warns of an uninitialised value inside its own headers for the
    // plain ones.
    if constexpr (std::is_same_v<T, float>) return {_mm512_maskz_sqrt_ps(0xffff, a.v)};
    else return {_mm512_maskz_sqrt_pd(0xff, a.v)};
#else
    return detail::native::sqrt(a.v);
#endif
}

/// |a| with the sign of `s`.
template <class T>
CTNN_INLINE vec<T> copysign(vec<T> a, vec<T> s)
{
    return detail::native::copysign(a.v, s.v);
}

/// x * 2^n for an integral n with 2^n a normal number.
template <class T>
CTNN_INLINE vec<T> scale_by_power(vec<T> x, vec<T> n)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return {_mm512_maskz_scalef_ps(0xffff, x.v, n.v)};
    else return {_mm512_maskz_scalef_pd(0xff, x.v, n.v)};
#else
    return detail::native::scale_by_power(x.v, n.v);
#endif
}

namespace detail {

/// Lanes of two registers by number: I < width from a, the others from b.
template <int... I, class T>
CTNN_INLINE vec<T> shuffle(vec<T> a, vec<T> b)
{
#if defined(__GNUC__)
    using bits = typename vec<T>::native::register_type;
    return {static_cast<bits>(__builtin_shufflevector(static_cast<bits>(a.v), static_cast<bits>(b.v), I...))};
#else
    std::array<T, 2 * width<T>> lanes;
    a.store(lanes.data());
    b.store(lanes.data() + width<T>);
    const std::array<T, width<T>> chosen{lanes[I]...};
    return vec<T>::load(chosen.data());
#endif
}

template <class F, class T, int... Lane>
CTNN_INLINE vec<T> combine_distance(vec<T> a, F f, std::integer_sequence<int, Lane...>, auto distance)
{
    return f(a, shuffle<(Lane ^ static_cast<int>(distance()))...>(a, a));
}

} // namespace detail

/// The number in the first lane.
template <class T>
CTNN_INLINE T first(vec<T> a)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return _mm512_cvtss_f32(a.v);
    else return _mm512_cvtsd_f64(a.v);
#else
    T lanes[width<T>];
    a.store(lanes);
    return lanes[0];
#endif
}

/// All lanes combined pairwise by f(vec, vec): each half with the other, until every lane holds the result.
template <class T, class F, std::size_t Distance = width<T> / 2>
CTNN_INLINE T reduce(vec<T> a, F f)
{
    if constexpr (Distance > 0) {
        constexpr std::integral_constant<std::size_t, Distance> distance;
        return reduce<T, F, Distance / 2>(
            detail::combine_distance(a, f, std::make_integer_sequence<int, static_cast<int>(width<T>)>{},
                                     distance),
            f);
    } else {
        return first(a);
    }
}

/// The sum of all lanes.
template <class T>
CTNN_INLINE T sum(vec<T> a)
{
    return reduce(a, [](vec<T> x, vec<T> y) CTNN_INLINE_LAMBDA { return x + y; });
}

/// The largest lane.
template <class T>
CTNN_INLINE T largest(vec<T> a)
{
    return reduce(a, [](vec<T> x, vec<T> y) CTNN_INLINE_LAMBDA { return max(x, y); });
}

} // namespace ctnn::inline CTNN_ARCH::simd
