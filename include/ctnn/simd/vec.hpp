// SPDX-License-Identifier: BSD-3-Clause
/// One vector register of the widest kind this translation unit is compiled for. The only header that includes xsimd.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include <xsimd/xsimd.hpp>

#include <ctnn/core/arch.hpp>
#include <ctnn/simd/scalar.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

namespace detail {

#if defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
namespace native = scalar;
template <class T>
struct register_of {
    using type = T;
    using mask = bool;
    static constexpr std::size_t width = 1;
};
template <class T>
T load(const T* p)
{
    return *p;
}
template <class T>
void store(T* p, T x)
{
    *p = x;
}
#else
namespace native = xsimd;
template <class T>
struct register_of {
    using type = xsimd::batch<T>;
    using mask = typename xsimd::batch<T>::batch_bool_type;
    static constexpr std::size_t width = xsimd::batch<T>::size;
};
template <class T>
xsimd::batch<T> load(const T* p)
{
    return xsimd::batch<T>::load_unaligned(p);
}
template <class T>
void store(T* p, const xsimd::batch<T>& x)
{
    x.store_unaligned(p);
}
#endif

} // namespace detail

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
    vec(native n) : v(n) {}
    vec(T x) requires(!std::is_same_v<T, native>) : v(x) {}

    static vec load(const T* p) { return detail::load(p); }
    void store(T* p) const { detail::store(p, v); }

    friend vec operator+(vec a, vec b) { return a.v + b.v; }
    friend vec operator-(vec a, vec b) { return a.v - b.v; }
    friend vec operator*(vec a, vec b) { return a.v * b.v; }
    friend vec operator/(vec a, vec b) { return a.v / b.v; }
    friend mask<T> operator<(vec a, vec b) { return a.v < b.v; }
    friend mask<T> operator>(vec a, vec b) { return a.v > b.v; }
};

/// The first `n` numbers at `p`, 0 in the other lanes; reads nothing behind them. 1 <= n <= width.
template <class T>
vec<T> load_first(const T* p, std::size_t n)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1U << n) - 1U), p)};
    else return {_mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << n) - 1U), p)};
#else
    alignas(vec<T>) T lanes[width<T>] = {};
    std::memcpy(lanes, p, n * sizeof(T));
    return vec<T>::load(lanes);
#endif
}

/// Writes the first `n` lanes to `p` and nothing behind them. 1 <= n <= width.
template <class T>
void store_first(T* p, std::size_t n, vec<T> x)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1U << n) - 1U), x.v);
    else _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1U << n) - 1U), x.v);
#else
    alignas(vec<T>) T lanes[width<T>];
    x.store(lanes);
    std::memcpy(p, lanes, n * sizeof(T));
#endif
}

/// a * b + c, rounded once where the instruction set has FMA. (xsimd 8.1 multiplies and adds for AVX-512 under clang.)
template <class T>
vec<T> fma(vec<T> a, vec<T> b, vec<T> c)
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
vec<T> fnma(vec<T> a, vec<T> b, vec<T> c)
{
    return fma(T{0} - a, b, c);
}

template <class T>
vec<T> select(mask<T> m, vec<T> a, vec<T> b)
{
    return detail::native::select(m, a.v, b.v);
}

/// The larger number. When either is NaN the result is `b` or NaN, so keep NaN alive by passing new data as `b`.
template <class T>
vec<T> max(vec<T> a, vec<T> b)
{
    return select<T>(a > b, a, b);
}

template <class T>
vec<T> abs(vec<T> a)
{
    return detail::native::abs(a.v);
}

template <class T>
vec<T> sqrt(vec<T> a)
{
#if defined(__AVX512F__)
    // The masked forms of all lanes: g++ 12 warns of an uninitialised value inside its own headers for the plain ones.
    if constexpr (std::is_same_v<T, float>) return {_mm512_maskz_sqrt_ps(0xffff, a.v)};
    else return {_mm512_maskz_sqrt_pd(0xff, a.v)};
#else
    return detail::native::sqrt(a.v);
#endif
}

/// |a| with the sign of `s`.
template <class T>
vec<T> copysign(vec<T> a, vec<T> s)
{
#if defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
    return scalar::copysign(a.v, s.v);
#else
    return xsimd::bitofsign(s.v) | xsimd::abs(a.v);
#endif
}

/// x * 2^n for an integral n with 2^n a normal number.
template <class T>
vec<T> scale_by_power(vec<T> x, vec<T> n)
{
#if defined(__AVX512F__)
    if constexpr (std::is_same_v<T, float>) return {_mm512_maskz_scalef_ps(0xffff, x.v, n.v)};
    else return {_mm512_maskz_scalef_pd(0xff, x.v, n.v)};
#elif defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
    return scalar::scale_by_power(x.v, n.v);
#else
    return xsimd::ldexp(x.v, xsimd::to_int(n.v));
#endif
}

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
namespace detail {

/// Lanes of two registers by number: I < width from a, the others from b.
template <int... I, class T>
vec<T> shuffle(vec<T> a, vec<T> b)
{
    using bits = typename xsimd::batch<T>::register_type;
    return {static_cast<bits>(__builtin_shufflevector(static_cast<bits>(a.v), static_cast<bits>(b.v), I...))};
}

template <class F, class T, int... Lane>
vec<T> combine_distance(vec<T> a, F f, std::integer_sequence<int, Lane...>, auto distance)
{
    return f(a, shuffle<(Lane ^ static_cast<int>(distance()))...>(a, a));
}

template <class T, int... Lane>
void interleave(vec<T> a, vec<T> b, vec<T>& low, vec<T>& high, std::integer_sequence<int, Lane...>)
{
    constexpr int w = static_cast<int>(sizeof...(Lane));
    low = shuffle<(Lane % 2 * w + Lane / 2)...>(a, b);
    high = shuffle<(Lane % 2 * w + Lane / 2 + w / 2)...>(a, b);
}

} // namespace detail
#endif

/// width x width numbers, a row a register, become their transpose. Each round interleaves row i with row i + width / 2, which turns
/// the bits of (row, lane) by one place; after log2(width) rounds row and lane have changed places.
template <class T>
void transpose(vec<T> (&rows)[width<T>])
{
#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
    constexpr std::size_t w = width<T>;
    for (std::size_t round = 1; round < w; round *= 2) {
        vec<T> next[w];
        for (std::size_t i = 0; i < w / 2; ++i)
            detail::interleave(rows[i], rows[i + w / 2], next[2 * i], next[2 * i + 1], std::make_integer_sequence<int, static_cast<int>(w)>{});
        for (std::size_t i = 0; i < w; ++i) rows[i] = next[i];
    }
#endif
}

/// All lanes combined pairwise by f(vec, vec): each half with the other, until every lane holds the result.
template <class T, class F, std::size_t Distance = width<T> / 2>
T reduce(vec<T> a, F f)
{
#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
    if constexpr (Distance > 0) {
        constexpr std::integral_constant<std::size_t, Distance> distance;
        return reduce<T, F, Distance / 2>(
            detail::combine_distance(a, f, std::make_integer_sequence<int, static_cast<int>(width<T>)>{}, distance), f);
    }
#endif
    T lanes[width<T>];
    a.store(lanes);
    return lanes[0];
}

/// The sum of all lanes.
template <class T>
T sum(vec<T> a)
{
    return reduce(a, [](vec<T> x, vec<T> y) { return x + y; });
}

/// The largest lane.
template <class T>
T largest(vec<T> a)
{
    return reduce(a, [](vec<T> x, vec<T> y) { return max(x, y); });
}

} // namespace ctnn::inline CTNN_ARCH::simd
