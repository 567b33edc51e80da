// SPDX-License-Identifier: BSD-3-Clause
/// Rows of a table looked up by class id, and the scatter of their gradients.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/core/facts.hpp>
#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/pack.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(n,C) = table(V,C)[ids(n)]; every id is in 0..V-1.   y : =
template <std::size_t C, class T, class Id>
[[gnu::flatten]] void gather(T* y, const T* table, const Id* ids, std::size_t n)
{
    for (std::size_t i = 0; i < n; ++i) {
        const T* row = table + static_cast<std::size_t>(ids[i]) * C;
        simd::for_each_vec<T>(C, [&](std::size_t c, auto place)
                                     CTNN_INLINE_LAMBDA { place.store(y + i * C + c, place.load(row + c)); });
    }
}

/// y(n,C) = f(b(C) + the sum over t of tables(T,V,C)[t][ids(n,T)[t]]); every id is in 0..V-1; b may be null;
/// the rows of a table are Stride apart.   y : =
template <std::size_t V, std::size_t C, std::size_t Ids, std::size_t Stride = C, class T, class Id,
          class Finish = no_activation>
[[gnu::flatten]] void gather_sum(T* y, const T* tables, const T* b, const Id* ids, std::size_t n,
                                 Finish finish = {})
{
    for (std::size_t i = 0; i < n; ++i, y += C, ids += Ids) {
        const T* row[Ids];
        for (std::size_t t = 0; t < Ids; ++t)
            row[t] = tables + (t * V + static_cast<std::size_t>(ids[t])) * Stride;
        simd::for_each_columns<T, C, 4>([&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
            auto sum = b != nullptr ? place.load(b + c) : decltype(place.load(b))::of(T{0});
            for (std::size_t t = 0; t < Ids; ++t) sum = sum + place.load(row[t] + c);
            place.store(y + c, sum.map(finish, sum));
        });
    }
}

/// dtables(Ids,V,C)[t][ids(n,Ids)[t]] += dy(n,C) for each t: the gradient of `gather_sum`.   dtables : =
template <std::size_t V, std::size_t C, std::size_t Ids, class T, class Id>
[[gnu::flatten]] void gather_sum_backward(T* dtables, const T* dy, const Id* ids, std::size_t n)
{
    std::fill_n(dtables, Ids * V * C, T{0});
    for (std::size_t i = 0; i < n; ++i, dy += C, ids += Ids)
        for (std::size_t t = 0; t < Ids; ++t) {
            T* const row = dtables + (t * V + static_cast<std::size_t>(ids[t])) * C;
            simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                place.store(row + c, place.load(row + c) + place.load(dy + c));
            });
        }
}

/// dtable(V,C)[ids(n)] += dy(n,C); an id that stands there twice is added twice.
///
///   dtable : =, the rows of other ids become 0; with write_mode::add +=, and those stay as they are
template <std::size_t V, std::size_t C, write_mode How = write_mode::set, class T, class Id>
[[gnu::flatten]] void gather_backward(T* dtable, const T* dy, const Id* ids, std::size_t n)
{
    constexpr std::size_t W = simd::width<T>, padded = (C + W - 1) / W * W;
    if constexpr (How == write_mode::set && C % W != 0 && V * padded * sizeof(T) <= 8 * 1024) {
        // Sums grow in whole registers: a register that has just been stored in part would have to reach the
        // cache before it is read again.
        alignas(64) T sums[V * padded] = {};
        for (std::size_t i = 0; i < n; ++i) {
            T* row = sums + static_cast<std::size_t>(ids[i]) * padded;
            simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                (simd::vec<T>::load(row + c) + place.load(dy + i * C + c)).store(row + c);
            });
        }
        for (std::size_t v = 0; v < V; ++v)
            simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                place.store(dtable + v * C + c, simd::vec<T>::load(sums + v * padded + c));
            });
    } else {
        if constexpr (How == write_mode::set) std::fill_n(dtable, V * C, T{0});
        for (std::size_t i = 0; i < n; ++i) {
            T* row = dtable + static_cast<std::size_t>(ids[i]) * C;
            simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                place.store(row + c, place.load(row + c) + place.load(dy + i * C + c));
            });
        }
    }
}

/// table(V,C) -= rate * the gradient that `gather_backward` gives, for the rows that were looked up: those of
/// other ids are neither read nor written.
///
///   dtable : (V,C), of any content; the rows that were looked up are 0 afterwards
template <std::size_t V, std::size_t C, class T, class Id>
[[gnu::flatten]] void gather_descend(T* table, T* dtable, const T* dy, const Id* ids, std::size_t n, T rate)
{
    const auto row = [&](std::size_t i) { return static_cast<std::size_t>(ids[i]) * C; };
    const simd::vec<T> minus_rate(-rate);
    for (std::size_t i = 0; i < n; ++i) std::fill_n(dtable + row(i), C, T{0});
    gather_backward<V, C, write_mode::add>(dtable, dy, ids, n);
    for (std::size_t i = 0; i < n; ++i) // an id that comes again finds a gradient of 0
        simd::for_each_vec<T>(C, [&](std::size_t c, auto place) CTNN_INLINE_LAMBDA {
            T *const sum = dtable + row(i) + c, *const w = table + row(i) + c;
            place.store(w, simd::fma(minus_rate, place.load(sum), place.load(w)));
            place.store(sum, simd::vec<T>(T{0}));
        });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
