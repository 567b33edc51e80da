// SPDX-License-Identifier: BSD-3-Clause
/// Sums of arrays in one fixed order, whoever adds them.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/stream.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

namespace detail {

/// load(first) + load(first + 1) + ..., N of them, as a balanced binary tree.
template <std::size_t N, class Load>
CTNN_INLINE auto tree(std::size_t first, const Load& load)
{
    if constexpr (N == 1) return load(first);
    else return tree<N / 2>(first, load) + tree<N / 2>(first + N / 2, load);
}

/// How a register of the sum is written.
struct stores {
    template <class Place, class T>
    CTNN_INLINE void operator()(Place place, T* p, simd::vec<T> x) const
    {
        place.store(p, x);
    }
};
struct streams {
    template <class Place, class T>
    CTNN_INLINE void operator()(Place place, T* p, simd::vec<T> x) const
    {
        if constexpr (std::is_same_v<Place, simd::whole<T>>) simd::stream(p, x);
        else place.store(p, x);
    }
};

/// to(n) = (the sum of N arrays) * factor, each register of it by store(place, address, register).
template <std::size_t N, class T, class Store>
[[gnu::flatten]] void add_arrays(T* to, const T* const* from, std::size_t n, T factor, Store store)
{
    const simd::vec<T> times(factor);
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        const auto load = [&](std::size_t k) CTNN_INLINE_LAMBDA { return place.load(from[k] + i); };
        store(place, to + i, tree<N>(0, load) * times);
    });
}

/// The same for a count known when running, a power of two: eight at once, and the sums of those in pieces
/// that stay in the cache.
template <class T, class Store>
void add_many(T* to, const T* const* from, std::size_t count, std::size_t n, T factor, Store store)
{
    switch (count) {
    case 1:
        return add_arrays<1>(to, from, n, factor, store);
    case 2:
        return add_arrays<2>(to, from, n, factor, store);
    case 4:
        return add_arrays<4>(to, from, n, factor, store);
    case 8:
        return add_arrays<8>(to, from, n, factor, store);
    default:
        break;
    }
    constexpr std::size_t piece = 256, most = 64; // arrays of at most 64 halves
    alignas(64) T half[2][piece];
    for (std::size_t i = 0; i < n; i += piece) {
        const std::size_t some = n - i < piece ? n - i : piece;
        const T* shifted[most];
        const T* const sums[2] = {half[0], half[1]};
        for (std::size_t side = 0; side < 2; ++side) {
            for (std::size_t k = 0; k < count / 2; ++k) shifted[k] = from[side * (count / 2) + k] + i;
            add_many(half[side], shifted, count / 2, some, T{1}, stores{});
        }
        add_arrays<2>(to + i, sums, some, factor, store);
    }
}

} // namespace detail

/// to(n) = (from[0] + from[1] + ... ) * factor, added as a balanced binary tree: ((0 + 1) + (2 + 3)) + ...
/// Each number by itself, so that a sum does not depend on where arrays are cut, nor on who adds which
/// subtree.
///   to : =, may be any of them    count : 1, 2, 4, ... 128 arrays
template <class T>
void tree_sum(T* to, const T* const* from, std::size_t count, std::size_t n, T factor = 1)
{
    detail::add_many(to, from, count, n, factor, detail::stores{});
}

/// The same for a reader on another core: past the caches, and seen there once finish_streams() and then
/// something it waits for have been called.
///   to : =, on a cache line; n a multiple of the numbers in a cache line
template <class T>
void tree_sum_to_others(T* to, const T* const* from, std::size_t count, std::size_t n)
{
    detail::add_many(to, from, count, n, T{1}, detail::streams{});
}

} // namespace ctnn::inline CTNN_ARCH::kernel
