// SPDX-License-Identifier: BSD-3-Clause
/// Rows of a table looked up by class id, and the scatter of their gradients.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(n,C) = table(V,C)[ids(n)]; every id is in 0..V-1.   y : =
template <std::size_t C, class T, class Id>
void gather(T* y, const T* table, const Id* ids, std::size_t n)
{
    for (std::size_t i = 0; i < n; ++i) {
        const T* row = table + static_cast<std::size_t>(ids[i]) * C;
        simd::for_each_vec<T>(C, [&](std::size_t c, auto place) { place.store(y + i * C + c, place.load(row + c)); });
    }
}

/// dtable(V,C)[ids(n)] += dy(n,C), an id that stands there twice is added twice; the rows of other ids become 0.   dtable : =
template <std::size_t V, std::size_t C, class T, class Id>
void gather_backward(T* dtable, const T* dy, const Id* ids, std::size_t n)
{
    std::fill_n(dtable, V * C, T{0});
    for (std::size_t i = 0; i < n; ++i) {
        T* row = dtable + static_cast<std::size_t>(ids[i]) * C;
        simd::for_each_vec<T>(C, [&](std::size_t c, auto place) { place.store(row + c, place.load(row + c) + place.load(dy + i * C + c)); });
    }
}

} // namespace ctnn::inline CTNN_ARCH::kernel
