// SPDX-License-Identifier: BSD-3-Clause
/// The register-blocked matrix product that every layer's products are made of.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <type_traits>

#include <ctnn/core/facts.hpp>
#include <ctnn/core/index.hpp>
#include <ctnn/kernel/transpose.hpp>
#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/pack.hpp>
#include <ctnn/simd/quad.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// Stands in the place of an activation where a product is added to what is there: y += a * b.
struct add_to_result : no_activation {
    static constexpr bool reads_result() { return true; }
    template <class P>
    CTNN_INLINE static P combine(const P& there, const P& product)
    {
        return there + product;
    }
};
/// The same for a step down a gradient, y -= rate a * b; without a rate y = a * b.
template <class T>
struct set_or_descend : no_activation {
    const T* rate = nullptr;
    explicit set_or_descend(const T* r) : rate(r) {}
    [[nodiscard]] CTNN_INLINE bool reads_result() const { return rate != nullptr; }
    template <class P>
    CTNN_INLINE P combine(const P& there, const P& product) const
    {
        return simd::fma(simd::vec<T>(-*rate), product, there);
    }
};
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
/// The same with as many numbers of any content after each row as fill its last register.
template <class T, std::size_t Stride>
struct padded_rows_of : rows_of<T, Stride> {};

/// The transpose of a row-major matrix (N, K). The kernel turns as many of its rows as it uses at once into
/// `scratch`, which is `transposed_scratch<N>(K)` numbers. A sum over many k is made piece by piece, each
/// added to y.
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

/// Registers of columns taken at once, where there are rows enough: each number of `a` that is read serves as
/// many multiply-adds. Measured in tests/benchmark/README.md.
#if defined(__AVX512F__)
inline constexpr std::size_t most_columns = 4;
#else
inline constexpr std::size_t most_columns = 3;
#endif

/// Rows taken at once beside `columns` registers of columns: what the register file holds, as far as it is of
/// use.
constexpr std::size_t most_rows(std::size_t columns)
{
    return std::clamp<std::size_t>((registers - columns - 1) / columns, 1, registers / 4 * 3 / columns);
}

/// The operands of a block. Their strides are numbers when running, so that products of many sizes share one
/// kernel; which of the two strides of `a` is 1 is known.
template <class T, bool IsRowMajor, bool IsColumnMajor>
struct block_left {
    static constexpr bool is_row_major = IsRowMajor;
    const T* data;
    std::size_t row_stride, k_stride;
    [[nodiscard]] CTNN_INLINE std::size_t row() const { return IsColumnMajor ? 1 : row_stride; }
    [[nodiscard]] CTNN_INLINE std::size_t k() const { return IsRowMajor ? 1 : k_stride; }
};
template <class T>
struct block_rows {
    T* data;
    std::size_t row_stride;
    [[nodiscard]] CTNN_INLINE std::size_t stride() const { return row_stride; }
};

/// sum(Chains, MR) += a * b over `count` times Step values of k, from `from` on; chain c has each Step-th of
/// them, from the c-th on.
///
///   Exactly : nothing is read past the columns
template <std::size_t Step, bool Exactly, class Place, class T, std::size_t Chains, std::size_t MR, class A,
          class B>
CTNN_INLINE void accumulate(simd::pack<T, Place::registers> (&sum)[Chains][MR], Place place, A a, B b,
                            std::size_t from, std::size_t count)
{
    const auto load = [place](const T* p) CTNN_INLINE_LAMBDA {
        if constexpr (Exactly) return place.load(p);
        else return place.load_more(p);
    };
    const T *x = a.data + from * a.k(), *row = b.data + from * b.stride();
    if constexpr (MR == 1 && A::is_row_major && Place::registers <= 4 && simd::quad<T>::is_fast) {
        // One row reads almost as many numbers of a as registers of b: four of them at once are fewer reads.
        static_assert(Step == Chains && std::has_single_bit(Chains));
        constexpr std::size_t abreast = std::max<std::size_t>(4, Chains);
        for (; count >= abreast / Chains;
             count -= abreast / Chains, x += abreast, row += abreast * b.stride())
            ctnn::detail::for_each_index<abreast / 4>([&](auto four) CTNN_INLINE_LAMBDA {
                const auto numbers = simd::quad<T>::load(x + 4 * four);
                ctnn::detail::for_each_index<4>([&](auto i) CTNN_INLINE_LAMBDA {
                    constexpr std::size_t k = 4 * four() + i();
                    simd::pack<T, Place::registers>& s = sum[k % Chains][0];
                    s = Place::fma(numbers.template spread<i()>(), load(row + k * b.stride()), s);
                });
            });
    }
    // One pointer for four rows: with one for all the others are more distances than there are registers.
    const T* rows[(MR + 3) / 4];
    CTNN_UNROLL
    for (std::size_t i = 0; i < (MR + 3) / 4; ++i) rows[i] = x + 4 * i * a.row();
    for (; count > 0; --count, row += Step * b.stride()) {
        CTNN_UNROLL
        for (std::size_t c = 0; c < Chains; ++c) {
            const auto columns = load(row + c * b.stride());
            CTNN_UNROLL
            for (std::size_t r = 0; r < MR; ++r)
                sum[c][r] =
                    Place::fma(simd::vec<T>(rows[r / 4][r % 4 * a.row() + c * a.k()]), columns, sum[c][r]);
        }
        CTNN_UNROLL
        for (std::size_t i = 0; i < (MR + 3) / 4; ++i) rows[i] += Step * a.k();
    }
}

/// y(MR, columns) = finish(start + a(MR, K) * b(K, columns)), for the columns of a `simd::panel`.
///
/// An element is one chain of multiply-adds over k, or with Parts above 1 as many chains that take turns in
/// k, added in order, then what is left of k. So its bits depend on its row of `a`, its column of `b`, and
/// Parts, and not on the size of the block.
///
///   careful : the last rows of b, from where a whole register read at the last columns would reach past
///             the end of b
template <std::size_t MR, std::size_t Parts, bool IsCareful, class Place, class T, class A, class B, class Y,
          class Finish>
CTNN_INLINE void block(Place place, Y y, A a, B b, const T* start, std::size_t k_count, std::size_t careful,
                       Finish finish)
{
    using P = simd::pack<T, Place::registers>;
    const std::size_t last = k_count, rounds = last / Parts,
                      whole_rounds = std::min(rounds, (last > careful ? last - careful : 0) / Parts);
    // One row and many chains: all chains at once, because a row alone has nothing else to hide the latency
    // of a multiply-add.
    constexpr std::size_t chains = MR == 1 ? Parts : 1;
    const auto add_rounds = [&](auto& sum, std::size_t part) CTNN_INLINE_LAMBDA {
        accumulate<Parts, false>(sum, place, a, b, part, whole_rounds);
        if constexpr (IsCareful)
            accumulate<Parts, true>(sum, place, a, b, whole_rounds * Parts + part, rounds - whole_rounds);
    };

    P sum[chains][MR], total[1][MR];
    CTNN_UNROLL
    for (std::size_t c = 0; c < chains; ++c) {
        CTNN_UNROLL
        for (std::size_t r = 0; r < MR; ++r)
            sum[c][r] = c == 0 ? place.begin(start, y.data + r * y.stride()) : P::of(T{0});
    }
    add_rounds(sum, 0);
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) total[0][r] = sum[0][r];
    CTNN_UNROLL
    for (std::size_t c = 1; c < chains; ++c) total[0][0] = Place::add(total[0][0], sum[c][0]);
    for (std::size_t part = chains; part < Parts; ++part) {
        CTNN_UNROLL
        for (std::size_t r = 0; r < MR; ++r) sum[0][r] = P::of(T{0});
        add_rounds(sum, part);
        CTNN_UNROLL
        for (std::size_t r = 0; r < MR; ++r) total[0][r] = Place::add(total[0][r], sum[0][r]);
    }
    if constexpr (Parts > 1) accumulate<1, true>(total, place, a, b, Parts * rounds, last - Parts * rounds);
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) {
        total[0][r] = P::map(finish, place.result(total[0][r]));
        if constexpr (requires { finish.reads_result(); })
            if (finish.reads_result())
                total[0][r] = finish.combine(place.load(y.data + r * y.stride()), total[0][r]);
    }
    // Everything is read before anything is written: the next row would otherwise have to wait for the part
    // of a register that has just been written.
    CTNN_UNROLL
    for (std::size_t r = 0; r < MR; ++r) place.store(y.data + r * y.stride(), total[0][r]);
}

/// `count` blocks of MR rows, one under the other; moves y and a past them.
template <std::size_t MR, std::size_t Parts, bool IsCareful, class Place, class T, class A, class B, class Y,
          class Finish>
[[gnu::flatten, gnu::noinline]] void blocks(Place place, Y& y, A& a, B b, const T* start, std::size_t count,
                                            std::size_t k_count, std::size_t careful, Finish finish)
{
    for (; count > 0; --count) {
        block<MR, Parts, IsCareful>(place, y, a, b, start, k_count, careful, finish);
        y.data += MR * y.stride();
        a.data += MR * a.row();
    }
}

/// All rows of one panel of columns: of a number known when compiling, in blocks as even as can be; else in
/// blocks of MR and of smaller ones after them.
template <std::size_t MR, std::size_t Parts, bool IsCareful, class Place, class T, class A, class B, class Y,
          class Rows, class Finish>
void panel(Place place, Y y, A a, B b, const T* start, Rows rows, std::size_t k_count, std::size_t careful,
           Finish finish)
{
    if constexpr (requires { Rows::value; }) {
        constexpr std::size_t count = (Rows::value + MR - 1) / MR, each = (Rows::value + count - 1) / count,
                              shorter = count * each - Rows::value;
        blocks<each, Parts, IsCareful>(place, y, a, b, start, count - shorter, k_count, careful, finish);
        if constexpr (shorter > 0)
            blocks<each - 1, Parts, IsCareful>(place, y, a, b, start, shorter, k_count, careful, finish);
    } else {
        blocks<MR, Parts, IsCareful>(place, y, a, b, start, rows / MR, k_count, careful, finish);
        if constexpr (MR > 1) {
            if (rows % MR > 0)
                panel<(MR > 4 ? (MR + 2) / 3 : 1), Parts, IsCareful>(place, y, a, b, start, rows % MR,
                                                                     k_count, careful, finish);
        }
    }
}

/// The columns of b from `column` on, ready to be read.
template <class Place, class T, std::size_t Stride, class K>
rows_of<const T, Stride> columns_from(rows_of<const T, Stride> b, std::size_t column, K)
{
    return {b.data + column};
}
template <class Place, class T, std::size_t Stride, class K>
padded_rows_of<const T, Stride> columns_from(padded_rows_of<const T, Stride> b, std::size_t column, K)
{
    return {{b.data + column}};
}
template <class Place, class T, std::size_t K, std::size_t Count>
auto columns_from(transpose_of<T, K> b, std::size_t column, simd::constant<Count>)
{
    constexpr std::size_t stride = Place::registers * simd::width<T>;
    transpose_rows<Count, K>(b.scratch, b.data + column * K, Place::count, stride);
    return rows_of<const T, stride>{b.scratch};
}

/// How many of the last rows of b a read of more than the last columns could leave.
template <std::size_t N, class T, std::size_t Stride>
constexpr std::size_t careful_rows(rows_of<const T, Stride>)
{
    constexpr std::size_t tail = N % simd::width<T>, over = simd::read_for<T>(tail) - tail;
    return (over + Stride - 1) / Stride;
}
template <std::size_t N, class T, std::size_t Stride>
constexpr std::size_t careful_rows(padded_rows_of<const T, Stride>)
{
    return 0;
}
template <std::size_t N, class T, std::size_t K>
constexpr std::size_t careful_rows(transpose_of<T, K>)
{
    return 0;
}

/// The products of a matrix product: of numbers of T. Others make panels of their own, which multiply and add
/// what else a lane can hold (see small_products.hpp).
struct plain_products {
    template <class Place>
    CTNN_INLINE static auto panel(Place place, std::size_t)
    {
        return simd::panel_of(place);
    }
};

/// All columns, in panels of at most `Most` registers.
template <std::size_t N, std::size_t Most, std::size_t MaxRows, std::size_t Parts, class T, class A, class B,
          class Y, class Rows, class K, class Finish, class Products>
CTNN_INLINE void panels(Y y, A a, B b, const T* start, Rows rows, K k_count, Finish finish, Products products)
{
    simd::for_each_columns<T, N, Most>([&](std::size_t column, auto place) CTNN_INLINE_LAMBDA {
        using Place = decltype(place);
        const auto columns = columns_from<Place>(b, column, k_count);
        constexpr std::size_t careful = careful_rows<N>(B{});
        panel<std::min(MaxRows, most_rows(Place::registers)), Parts, (careful > 0)>(
            products.panel(place, column), block_rows<T>{y.data + column, Y::stride},
            block_left<T, A::k == 1, A::row == 1>{a.data, A::row, A::k},
            block_rows<const T>{columns.data, columns.stride}, start != nullptr ? start + column : nullptr,
            rows, k_count, careful, finish);
    });
}

/// How many k of a transpose are turned at once: all, unless that fills the second cache; then pieces that
/// leave room for the rows of x.
constexpr std::size_t turned_at_once(std::size_t K)
{
    constexpr std::size_t bytes = most_columns * simd::width<float> * sizeof(float);
    return K * bytes <= 320 * 1024 ? K : 64 * 1024 / bytes;
}

} // namespace detail

/// The scratch of `transpose_of` a matrix (N, K).
template <std::size_t N>
constexpr std::size_t transposed_scratch(std::size_t K)
{
    constexpr std::size_t W = simd::width<float>; // in double a register holds half as many
    return std::min(detail::most_columns, (N + W - 1) / W) * W * detail::turned_at_once(K);
}

/// y(rows, N) = finish([start(N) +] a(rows, K) * b(K, N)).
///
///   y       : overwritten, or added to with `add_to_result`; start : added to each row, may be null
///   rows, K : numbers, or better `simd::constant`s
///   order   : see `detail::block`: the bits of a row do not depend on the number of rows
///   products: how numbers are multiplied and added
///   cost    : 2 rows K N operations; no allocation
template <std::size_t N, std::size_t Parts = 1, class T, class A, class B, class Y, class Rows, class K,
          class Finish = no_activation, class Products = detail::plain_products>
void matmul(Y y, A a, B b, const T* start, Rows rows, K k_count, Finish finish = {}, Products products = {})
{
    // One row alone has no other rows to hide the latency of its sums, so it takes more columns at
    // once, unless these must first be turned into scratch.
    constexpr bool in_place = requires { B::stride; };
    constexpr std::size_t most_for_one =
        in_place ? std::max<std::size_t>(1, detail::registers / 4 * 3 / Parts) : detail::most_columns;
    const auto take = [&](auto most, auto max_rows, auto count) CTNN_INLINE_LAMBDA {
        detail::panels<N, most(), max_rows(), Parts>(y, a, b, start, count, k_count, finish, products);
    };
    constexpr simd::constant<1> one;
    constexpr simd::constant<most_for_one> most;
    if constexpr (requires { Rows::value; }) {
        if constexpr (Rows::value == 1) take(most, one, one);
        else take(simd::constant<detail::most_columns>{}, simd::constant<detail::registers>{}, rows);
    } else {
        const auto count = static_cast<std::size_t>(rows);
        if (count == 1) take(most, one, one);
        else take(simd::constant<detail::most_columns>{}, simd::constant<detail::registers>{}, count);
    }
}

/// The same with a transpose of which only a piece of k is turned at once.
template <std::size_t N, std::size_t Parts = 1, class T, class A, class Y, class Rows, std::size_t K,
          class Finish = no_activation>
    requires(detail::turned_at_once(K) < K)
void matmul(Y y, A a, transpose_of<T, K> b, const T* start, Rows rows, simd::constant<K>, Finish finish = {})
{
    static_assert(std::is_same_v<Finish, no_activation> || std::is_same_v<Finish, add_to_result>);
    constexpr std::size_t piece = detail::turned_at_once(K), last = (K - 1) / piece * piece;
    matmul<N, Parts, T>(y, a, b, start, rows, simd::constant<piece>{}, finish);
    for (std::size_t k = piece; k <= last; k += piece) {
        a.data += piece * A::k;
        b.data += piece;
        if (k < last) matmul<N, Parts, T>(y, a, b, nullptr, rows, simd::constant<piece>{}, add_to_result{});
        else matmul<N, Parts, T>(y, a, b, nullptr, rows, simd::constant<K - last>{}, add_to_result{});
    }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
