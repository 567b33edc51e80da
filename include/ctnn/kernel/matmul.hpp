// SPDX-License-Identifier: BSD-3-Clause
/// The register-blocked matrix product that every layer's products are made of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <ctnn/core/facts.hpp>
#include <ctnn/kernel/transpose.hpp>
#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/pack.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// Stands in the place of an activation where a product is added to what is there: y += a * b.
struct add_to_result : no_activation {};
/// The same as a choice.
template <write_mode How>
using finish_of = std::conditional_t<How == write_mode::add, add_to_result, no_activation>;

/// A matrix read element by element: `row` and `k` are the distances between neighbours along its two axes,
/// so the same kernel reads a matrix or its transpose.
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

/// The transpose of a row-major matrix (N, K). The kernel turns as many of its rows as it uses at once into
/// `scratch`, which is `transposed_scratch<N>(K)` numbers.
template <class T, std::size_t K>
struct transpose_of {
    const T* data;
    T* scratch;
};

namespace detail {

#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr std::size_t registers = 32;
#else
inline constexpr std::size_t registers = 16;
#endif

/// Rows taken at once beside `columns` registers of columns: what the register file holds, as far as it is of
/// use.
constexpr std::size_t most_rows(std::size_t columns)
{
    return std::clamp<std::size_t>((registers - columns - 1) / columns, 1, registers / 4 * 3 / columns);
}

/// sum(Chains, MR) += a * b over `count` values of k from `from` on; each chain is `length` after the one
/// before it.
template <class Place, class T, std::size_t Chains, std::size_t MR, class A, class B>
CTNN_INLINE void accumulate(simd::pack<T, Place::registers> (&sum)[Chains][MR], A a, B b, std::size_t length,
                            std::size_t from, std::size_t count)
{
    const T *x = a.data + from * A::k, *row = b.data + from * B::stride;
    for (std::size_t k = 0; k < count; ++k, x += A::k, row += B::stride) {
        CTNN_UNROLL
        for (std::size_t c = 0; c < Chains; ++c) {
            const auto columns = Place::load(row + c * length * B::stride);
            CTNN_UNROLL
            for (std::size_t r = 0; r < MR; ++r)
                sum[c][r] = simd::fma(simd::vec<T>(x[r * A::row + c * length * A::k]), columns, sum[c][r]);
        }
    }
}

/// y(MR, columns) = finish(start + a(MR, K) * b(K, columns)), for the columns of a `simd::columns`.
///
/// An element is one chain of multiply-adds over k, or with Parts above 1 as many chains over stretches of k,
/// added in order, then what is left of k. So its bits depend on its row of `a`, its column of `b`, and
/// Parts, and not on the size of the block.
///
///   Careful : the last rows of b, from where a whole register read at the last columns would reach past
///             the end of b
template <std::size_t MR, class Place, std::size_t Parts, std::size_t Careful, class T, class A, class B,
          class Y, class K, class Finish>
CTNN_INLINE void block(Y y, A a, B b, const T* start, K k_count, Finish finish)
{
    using P = simd::pack<T, Place::registers>;
    using whole = simd::columns<T, Place::registers, simd::width<T>>;
    const std::size_t last = k_count, safe = last > Careful ? last - Careful : 0, length = safe / Parts;
    // One row and many chains: all chains at once, because a row alone has nothing else to hide the latency
    // of a multiply-add.
    constexpr std::size_t chains = MR == 1 ? Parts : 1;

    P sum[chains][MR], total[1][MR];
    CTNN_UNROLL
    for (std::size_t c = 0; c < chains; ++c) {
        CTNN_UNROLL
        for (std::size_t r = 0; r < MR; ++r)
            sum[c][r] = c == 0 && start != nullptr ? Place::load(start) : P::of(T{0});
    }
    accumulate<whole>(sum, a, b, length, 0, length);
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) total[0][r] = sum[0][r];
    CTNN_UNROLL
    for (std::size_t c = 1; c < chains; ++c) total[0][0] = total[0][0] + sum[c][0];
    for (std::size_t part = chains; part < Parts; ++part) {
        CTNN_UNROLL
        for (std::size_t r = 0; r < MR; ++r) sum[0][r] = P::of(T{0});
        accumulate<whole>(sum, a, b, length, part * length, length);
        CTNN_UNROLL
        for (std::size_t r = 0; r < MR; ++r) total[0][r] = total[0][r] + sum[0][r];
    }
    if constexpr (Parts > 1) accumulate<whole>(total, a, b, 0, Parts * length, safe - Parts * length);
    if constexpr (Careful > 0) accumulate<Place>(total, a, b, 0, safe, last - safe);
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) {
        P result = P::map(finish, total[0][r]);
        if constexpr (std::is_same_v<Finish, add_to_result>)
            result = Place::load(y.data + r * Y::stride) + result;
        Place::store(y.data + r * Y::stride, result);
    }
}

/// `count` blocks of MR rows, one under the other; moves y and a past them.
template <std::size_t MR, class Place, std::size_t Parts, std::size_t Careful, class T, class A, class B,
          class Y, class K, class Finish>
[[gnu::flatten, gnu::noinline]] void blocks(Y& y, A& a, B b, const T* start, std::size_t count, K k_count,
                                            Finish finish)
{
    for (; count > 0; --count) {
        block<MR, Place, Parts, Careful>(y, a, b, start, k_count, finish);
        y.data += MR * Y::stride;
        a.data += MR * A::row;
    }
}

/// All rows of one panel of columns: of a number known when compiling, in blocks as even as can be; else in
/// blocks of MR and of smaller ones after them.
template <std::size_t MR, class Place, std::size_t Parts, std::size_t Careful, class T, class A, class B,
          class Y, class Rows, class K, class Finish>
void panel(Y y, A a, B b, const T* start, Rows rows, K k_count, Finish finish)
{
    if constexpr (requires { Rows::value; }) {
        constexpr std::size_t count = (Rows::value + MR - 1) / MR, each = (Rows::value + count - 1) / count,
                              shorter = count * each - Rows::value;
        blocks<each, Place, Parts, Careful>(y, a, b, start, count - shorter, k_count, finish);
        if constexpr (shorter > 0)
            blocks<each - 1, Place, Parts, Careful>(y, a, b, start, shorter, k_count, finish);
    } else {
        blocks<MR, Place, Parts, Careful>(y, a, b, start, rows / MR, k_count, finish);
        if constexpr (MR > 1) {
            if (rows % MR > 0)
                panel<(MR > 4 ? (MR + 2) / 3 : 1), Place, Parts, Careful>(y, a, b, start, rows % MR, k_count,
                                                                          finish);
        }
    }
}

/// The columns of b from `column` on, ready to be read.
template <class Place, class T, std::size_t Stride, class K>
rows_of<const T, Stride> columns_from(rows_of<const T, Stride> b, std::size_t column, K)
{
    return {b.data + column};
}
template <class Place, class T, std::size_t K>
auto columns_from(transpose_of<T, K> b, std::size_t column, simd::constant<K>)
{
    constexpr std::size_t stride = Place::registers * simd::width<T>;
    transpose_rows<K>(b.scratch, b.data + column * K, Place::count, stride);
    return rows_of<const T, stride>{b.scratch};
}

/// How many of the last rows of b a register read at its last columns could leave.
template <std::size_t N, class T, std::size_t Stride>
constexpr std::size_t careful_rows(rows_of<const T, Stride>)
{
    constexpr std::size_t W = simd::width<T>, over = (W - N % W) % W;
    return (over + Stride - 1) / Stride;
}
template <std::size_t N, class T, std::size_t K>
constexpr std::size_t careful_rows(transpose_of<T, K>)
{
    return 0;
}

/// All columns, in panels of at most `Most` registers.
template <std::size_t N, std::size_t Most, std::size_t MaxRows, std::size_t Parts, class T, class A, class B,
          class Y, class Rows, class K, class Finish>
CTNN_INLINE void panels(Y y, A a, B b, const T* start, Rows rows, K k_count, Finish finish)
{
    simd::for_each_columns<T, N, Most>([&](std::size_t column, auto place) CTNN_INLINE_LAMBDA {
        using Place = decltype(place);
        panel<std::min(MaxRows, most_rows(Place::registers)), Place, Parts, careful_rows<N>(B{})>(
            Y{y.data + column}, a, columns_from<Place>(b, column, k_count),
            start != nullptr ? start + column : nullptr, rows, k_count, finish);
    });
}

} // namespace detail

/// The scratch of `transpose_of` a matrix (N, K).
template <std::size_t N>
constexpr std::size_t transposed_scratch(std::size_t K)
{
    constexpr std::size_t W = simd::width<float>; // in double a register holds half as many
    return std::min(simd::columns_at_once, (N + W - 1) / W) * W * K;
}

/// y(rows, N) = finish([start(N) +] a(rows, K) * b(K, N)).
///
///   y       : overwritten, or added to with `add_to_result`; start : added to each row, may be null
///   rows, K : numbers, or better `simd::constant`s
///   order   : see `detail::block`: the bits of a row do not depend on the number of rows
///   cost    : 2 rows K N operations; no allocation
template <std::size_t N, std::size_t Parts = 1, class T, class A, class B, class Y, class Rows, class K,
          class Finish = no_activation>
void matmul(Y y, A a, B b, const T* start, Rows rows, K k_count, Finish finish = {})
{
    // One row alone has no other rows to hide the latency of its sums, so it takes more columns at
    // once, unless these must first be turned into scratch.
    constexpr bool in_place = requires { B::stride; };
    constexpr std::size_t most_for_one =
        in_place ? std::max<std::size_t>(1, detail::registers / 4 * 3 / Parts) : simd::columns_at_once;
    if constexpr (requires { Rows::value; }) {
        if constexpr (Rows::value == 1)
            detail::panels<N, most_for_one, 1, Parts>(y, a, b, start, rows, k_count, finish);
        else
            detail::panels<N, simd::columns_at_once, detail::registers, Parts>(y, a, b, start, rows, k_count,
                                                                               finish);
    } else {
        const auto count = static_cast<std::size_t>(rows);
        if (count == 1)
            detail::panels<N, most_for_one, 1, Parts>(y, a, b, start, simd::constant<1>{}, k_count, finish);
        else
            detail::panels<N, simd::columns_at_once, detail::registers, Parts>(y, a, b, start, count, k_count,
                                                                               finish);
    }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
