// SPDX-License-Identifier: BSD-3-Clause
/// The register-blocked matrix product that every layer's products are made of.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// A matrix read element by element: `row` and `k` are the distances between neighbours along its two axes, so the same kernel
/// reads a matrix or its transpose.
template <class T, std::size_t RowStride, std::size_t KStride>
struct left {
    const T* data;
    static constexpr std::size_t row = RowStride, k = KStride;
};

/// A row-major matrix whose rows are `Stride` apart.
template <class T, std::size_t Stride>
struct rows_of {
    T* data;
    static constexpr std::size_t stride = Stride;
};

namespace detail {

#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr std::size_t registers = 32;
#else
inline constexpr std::size_t registers = 16;
#endif

/// y(MR, NV registers) = start + a(MR, K) * b(K, NV registers). The sum over k runs in order in one accumulator an element,
/// whatever MR and NV are: an element's bits depend on its row of `a` and its column of `b` alone.
template <std::size_t MR, std::size_t NV, std::size_t Tail, class T, class A, class B, class Y, class K>
[[gnu::always_inline]] inline void block(Y y, A a, B b, const T* start, K k_count)
{
    using V = simd::vec<T>;
    constexpr std::size_t W = simd::width<T>;
    const auto load = [](const T* p, auto v) { return v == NV - 1 && Tail != W ? simd::load_first(p + v * W, Tail) : V::load(p + v * W); };

    V sum[MR][NV];
    simd::unroll<NV>([&](auto v) {
        const V s = start != nullptr ? load(start, v) : V(T{0});
        simd::unroll<MR>([&](auto r) { sum[r][v] = s; });
    });
    const std::size_t k_end = k_count;
    for (std::size_t k = 0; k < k_end; ++k) {
        V column[NV];
        simd::unroll<NV>([&](auto v) { column[v] = load(b.data + k * B::stride, v); });
        simd::unroll<MR>([&](auto r) {
            const V x(a.data[r * A::row + k * A::k]);
            simd::unroll<NV>([&](auto v) { sum[r][v] = simd::fma(x, column[v], sum[r][v]); });
        });
    }
    simd::unroll<MR>([&](auto r) {
        simd::unroll<NV>([&](auto v) {
            T* p = y.data + r * Y::stride + v * W;
            if constexpr (v == NV - 1 && Tail != W) simd::store_first(p, Tail, sum[r][v]);
            else sum[r][v].store(p);
        });
    });
}

/// All rows of one panel of columns, in blocks of MR rows and then of about MR/2, MR/4, ... 1.
template <std::size_t MR, std::size_t NV, std::size_t Tail, class T, class A, class B, class Y, class K>
inline void panel(Y y, A a, B b, const T* start, std::size_t rows, K k_count)
{
    for (; rows >= MR; rows -= MR) {
        block<MR, NV, Tail>(y, a, b, start, k_count);
        y.data += MR * Y::stride;
        a.data += MR * A::row;
    }
    if constexpr (MR > 1) {
        if (rows > 0) panel<(MR + 1) / 2, NV, Tail>(y, a, b, start, rows, k_count);
    }
}

/// The columns in panels of NV registers, and what is left in one narrower panel that ends in a part of a register.
template <std::size_t N, std::size_t NV, std::size_t MaxRows, class T, class A, class B, class Y, class K>
inline void panels(Y y, A a, B b, const T* start, std::size_t rows, K k_count)
{
    constexpr std::size_t W = simd::width<T>, whole = N / (NV * W), rest = N - whole * NV * W;
    constexpr auto rows_for = [](std::size_t nv) { return std::clamp<std::size_t>((registers - nv - 1) / nv, 1, MaxRows); };
    const auto at = [&](std::size_t column) { return start != nullptr ? start + column : nullptr; };
    for (std::size_t p = 0; p < whole; ++p)
        panel<rows_for(NV), NV, W>(Y{y.data + p * NV * W}, a, B{b.data + p * NV * W}, at(p * NV * W), rows, k_count);
    if constexpr (rest > 0) {
        constexpr std::size_t vecs = (rest + W - 1) / W, column = whole * NV * W;
        panel<rows_for(vecs), vecs, rest - (vecs - 1) * W>(Y{y.data + column}, a, B{b.data + column}, at(column), rows, k_count);
    }
}

} // namespace detail

/// y(rows, N) = [start(N) +] a(rows, K) * b(K, N).
///
///   y      : overwritten; start : added to each row, may be null
///   order  : an element is start, then a[k] * b[k] for k = 0, 1, ... in one fused multiply-add each, for any number of rows
///   cost   : 2 rows K N operations; no allocation
template <std::size_t N, class T, class A, class B, class Y, class K>
void matmul(Y y, A a, B b, const T* start, std::size_t rows, K k_count)
{
    // One row alone has no other rows to hide the latency of its sums behind, so it takes more columns at once.
    constexpr std::size_t wide = std::clamp<std::size_t>((N + simd::width<T> - 1) / simd::width<T>, 1, detail::registers / 2 - 2);
    if (rows == 1) detail::panels<N, wide, 1>(y, a, b, start, rows, k_count);
    else detail::panels<N, 3, 8>(y, a, b, start, rows, k_count);
}

} // namespace ctnn::inline CTNN_ARCH::kernel
