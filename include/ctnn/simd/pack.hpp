// SPDX-License-Identifier: BSD-3-Clause
/// Several registers side by side as one value, and the columns of a matrix taken as such values.
#pragma once

#include <cstddef>

#include <ctnn/simd/vec.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

/// N registers of neighbouring numbers. All operations act lane by lane.
template <class T, std::size_t N>
struct pack {
    vec<T> v[N];

    /// f of the registers of one, two or three packs, one after the other.
    template <class F, class... Packs>
    CTNN_INLINE static pack map(F f, const Packs&... packs)
    {
        pack y;
        CTNN_UNROLL
        for (std::size_t i = 0; i < N; ++i) y.v[i] = f(packs.v[i]...);
        return y;
    }

    CTNN_INLINE static pack of(T x)
    {
        pack y;
        CTNN_UNROLL
        for (std::size_t i = 0; i < N; ++i) y.v[i] = vec<T>(x);
        return y;
    }
    CTNN_INLINE friend pack operator+(const pack& a, const pack& b)
    {
        return map([](vec<T> x, vec<T> y) CTNN_INLINE_LAMBDA { return x + y; }, a, b);
    }
    CTNN_INLINE friend pack operator-(const pack& a, const pack& b)
    {
        return map([](vec<T> x, vec<T> y) CTNN_INLINE_LAMBDA { return x - y; }, a, b);
    }
    CTNN_INLINE friend pack operator*(const pack& a, const pack& b)
    {
        return map([](vec<T> x, vec<T> y) CTNN_INLINE_LAMBDA { return x * y; }, a, b);
    }
    CTNN_INLINE friend pack operator*(const pack& a, vec<T> b)
    {
        return map([b](vec<T> x) CTNN_INLINE_LAMBDA { return x * b; }, a);
    }
};

/// a * b + c, and c - a * b.
template <class T, std::size_t N>
CTNN_INLINE pack<T, N> fma(const pack<T, N>& a, const pack<T, N>& b, const pack<T, N>& c)
{
    return pack<T, N>::map([](vec<T> x, vec<T> y, vec<T> z) CTNN_INLINE_LAMBDA { return fma(x, y, z); }, a, b,
                           c);
}
template <class T, std::size_t N>
CTNN_INLINE pack<T, N> fma(vec<T> a, const pack<T, N>& b, const pack<T, N>& c)
{
    return pack<T, N>::map([a](vec<T> y, vec<T> z) CTNN_INLINE_LAMBDA { return fma(a, y, z); }, b, c);
}
template <class T, std::size_t N>
CTNN_INLINE pack<T, N> fnma(const pack<T, N>& a, const pack<T, N>& b, const pack<T, N>& c)
{
    return pack<T, N>::map([](vec<T> x, vec<T> y, vec<T> z) CTNN_INLINE_LAMBDA { return fnma(x, y, z); }, a,
                           b, c);
}

#if defined(__AVX512F__) && CTNN_HAS_FMA
namespace detail {

/// The first half of a register. (The intrinsics for it make g++ 12 warn of its own headers.)
CTNN_INLINE __m256 first_half(__m512 x)
{
#if defined(__GNUC__)
    return __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7);
#else
    return _mm512_castps512_ps256(x);
#endif
}
CTNN_INLINE __m256d first_half(__m512d x)
{
#if defined(__GNUC__)
    return __builtin_shufflevector(x, x, 0, 1, 2, 3);
#else
    return _mm512_castpd512_pd256(x);
#endif
}

} // namespace detail
#endif

/// a * b + c in the first half of the lanes; the others may hold anything.
template <class T>
CTNN_INLINE vec<T> fma_of_half(vec<T> a, vec<T> b, vec<T> c)
{
#if defined(__AVX512F__) && CTNN_HAS_FMA
    if constexpr (std::is_same_v<T, float>)
        return {_mm512_castps256_ps512(
            _mm256_fmadd_ps(detail::first_half(a.v), detail::first_half(b.v), detail::first_half(c.v)))};
    else
        return {_mm512_castpd256_pd512(
            _mm256_fmadd_pd(detail::first_half(a.v), detail::first_half(b.v), detail::first_half(c.v)))};
#else
    return fma(a, b, c);
#endif
}

/// The lanes that are read for `tail` columns where it does not matter what follows them: a whole register,
/// or half of one, which costs half as much on CPUs that work on 512 bits in two halves, such as Zen 4.
template <class T>
constexpr std::size_t read_for(std::size_t tail)
{
#if defined(__AVX512F__)
    if (tail > 0 && 2 * tail <= width<T>) return width<T> / 2;
#endif
    return tail > 0 ? width<T> : 0;
}

/// N registers' worth of neighbouring columns, of the last one only `Tail` lanes.
template <class T, std::size_t N, std::size_t Tail>
struct columns {
    static constexpr std::size_t registers = N, tail = Tail, count = (N - 1) * width<T> + Tail;

    CTNN_INLINE static pack<T, N> load(const T* p)
    {
        pack<T, N> x;
        CTNN_UNROLL
        for (std::size_t i = 0; i < N; ++i)
            x.v[i] = i == N - 1 && Tail != width<T> ? load_first(p + i * width<T>, Tail)
                                                    : vec<T>::load(p + i * width<T>);
        return x;
    }
    CTNN_INLINE static void store(T* p, const pack<T, N>& x)
    {
        CTNN_UNROLL
        for (std::size_t i = 0; i < N; ++i) {
            if (i == N - 1 && Tail != width<T>) store_first(p + i * width<T>, Tail, x.v[i]);
            else x.v[i].store(p + i * width<T>);
        }
    }
};

/// How much of a panel's last register are columns: all of it, up to a half, or more.
enum class last_register { all, half, more };

/// The same with a number of columns known when running, so that panels of many widths share one kernel.
template <class T, std::size_t N, last_register Last>
struct panel {
    static constexpr std::size_t registers = N;
    std::size_t tail; ///< columns in the last register

    /// Its columns, 0 in what is left of the last register.
    [[nodiscard]] CTNN_INLINE pack<T, N> load(const T* p) const
    {
        pack<T, N> x;
        CTNN_UNROLL
        for (std::size_t i = 0; i < N; ++i)
            x.v[i] = i == N - 1 && Last != last_register::all ? load_first(p + i * width<T>, tail)
                                                              : vec<T>::load(p + i * width<T>);
        return x;
    }
    /// Its columns with what follows them, `read_for` lanes of the last register.
    [[nodiscard]] CTNN_INLINE pack<T, N> load_more(const T* p) const
    {
        constexpr bool is_half = Last == last_register::half && read_for<T>(1) < width<T>;
        pack<T, N> x;
        CTNN_UNROLL
        for (std::size_t i = 0; i < N; ++i)
            x.v[i] = i == N - 1 && is_half ? load_first(p + i * width<T>, width<T> / 2)
                                           : vec<T>::load(p + i * width<T>);
        return x;
    }
    CTNN_INLINE void store(T* p, const pack<T, N>& x) const
    {
        CTNN_UNROLL
        for (std::size_t i = 0; i < N; ++i) {
            if (i == N - 1 && Last != last_register::all) store_first(p + i * width<T>, tail, x.v[i]);
            else x.v[i].store(p + i * width<T>);
        }
    }
    /// What a sum starts with: `start`, if it is not null, and else 0.
    CTNN_INLINE pack<T, N> begin(const T* start, const T*) const
    {
        return start != nullptr ? load(start) : pack<T, N>::of(T{0});
    }
    CTNN_INLINE static pack<T, N> add(const pack<T, N>& a, const pack<T, N>& b) { return a + b; }
    /// What comes of a sum.
    CTNN_INLINE static pack<T, N> result(const pack<T, N>& sum) { return sum; }
    /// a * b + c.
    CTNN_INLINE static pack<T, N> fma(vec<T> a, const pack<T, N>& b, const pack<T, N>& c)
    {
        pack<T, N> y;
        CTNN_UNROLL
        for (std::size_t i = 0; i < N; ++i)
            y.v[i] = i == N - 1 && Last == last_register::half ? fma_of_half(a, b.v[i], c.v[i])
                                                               : simd::fma(a, b.v[i], c.v[i]);
        return y;
    }
};
/// The panel of some `columns`.
template <class T, std::size_t N, std::size_t Tail>
constexpr auto panel_of(columns<T, N, Tail>)
{
    constexpr auto last = Tail == width<T>       ? last_register::all
                          : 2 * Tail <= width<T> ? last_register::half
                                                 : last_register::more;
    return panel<T, N, last>{Tail};
}

/// How many registers of columns kernels take at once: neighbours share cache lines, and a product loads few
/// numbers for many multiply-adds.
inline constexpr std::size_t columns_at_once = 3;

/// Calls f(first column, columns<...>) for all of C columns: at most `Most` registers at once, as evenly as
/// can be.
template <class T, std::size_t C, std::size_t Most, class F>
CTNN_INLINE void for_each_columns(F&& f)
{
    constexpr std::size_t W = width<T>, vecs = (C + W - 1) / W, tail = C - (vecs - 1) * W;
    constexpr std::size_t groups = (vecs + Most - 1) / Most, narrow = vecs / groups, wider = vecs % groups;
    std::size_t c = 0;
    if constexpr (wider > 0)
        for (; c < wider * (narrow + 1) * W; c += (narrow + 1) * W) f(c, columns<T, narrow + 1, W>{});
    for (; c + narrow * W <= C; c += narrow * W) f(c, columns<T, narrow, W>{});
    if constexpr (tail != W) f(c, columns<T, narrow, tail>{});
}

} // namespace ctnn::inline CTNN_ARCH::simd
