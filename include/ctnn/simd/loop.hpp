// SPDX-License-Identifier: BSD-3-Clause
/// Loops over arrays in whole registers with one padded tail.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/simd/vec.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

/// A number known when compiling, passed as an argument.
template <std::size_t N>
using constant = std::integral_constant<std::size_t, N>;

/// Elements of one place in an array: a whole register, or the `count` elements that are left at its end.
/// Both are computed by the same instructions, so a result does not depend on where in the array its element
/// stands.
template <class T>
struct whole {
    CTNN_INLINE static vec<T> load(const T* p) { return vec<T>::load(p); }
    CTNN_INLINE static void store(T* p, vec<T> x) { x.store(p); }
    /// The lanes that are elements, 0 in the others.
    CTNN_INLINE static vec<T> only(vec<T> x) { return x; }
};
template <class T>
struct part {
    std::size_t count;
    CTNN_INLINE vec<T> load(const T* p) const { return load_first(p, count); }
    CTNN_INLINE void store(T* p, vec<T> x) const { store_first(p, count, x); }
    CTNN_INLINE vec<T> only(vec<T> x) const { return keep_first(count, x); }
};

/// Calls f(offset, place) for each register's worth of `n` elements: `whole` places, then at most one `part`.
template <class T, class F>
CTNN_INLINE void for_each_vec(std::size_t n, F&& f)
{
    std::size_t i = 0;
    for (; i + width<T> <= n; i += width<T>) f(i, whole<T>{});
    if (i < n) f(i, part<T>{n - i});
}

} // namespace ctnn::inline CTNN_ARCH::simd
