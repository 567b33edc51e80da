// SPDX-License-Identifier: BSD-3-Clause
/// Sums over a parameter and its last change, fast enough for every step of a training.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// Sums of d = after - after[0] and of u = after - before, less its first, and of their squares.
struct change_sums {
    double data = 0, data_squares = 0, update = 0, update_squares = 0;
};

/// The sums over n numbers. They are made in T for 64 registers at a time and added up in double: in float
/// they are good to six digits.
template <class T>
[[gnu::flatten]] change_sums sums_of_change(const T* before, const T* after, std::size_t n)
{
    using V = simd::vec<T>;
    change_sums total;
    if (n == 0) return total;
    const V pivot(after[0]), first(after[0] - before[0]), zero(T{0});
    constexpr std::size_t block = 64 * simd::width<T>;
    for (std::size_t start = 0; start < n; start += block) {
        V data = zero, data_squares = zero, update = zero, update_squares = zero;
        simd::for_each_vec<T>(std::min(block, n - start), [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
            const V now = place.load(after + start + i), d = place.only(now - pivot),
                    u = place.only(now - place.load(before + start + i) - first);
            data = data + d;
            data_squares = simd::fma(d, d, data_squares);
            update = update + u;
            update_squares = simd::fma(u, u, update_squares);
        });
        total.data += static_cast<double>(simd::sum(data));
        total.data_squares += static_cast<double>(simd::sum(data_squares));
        total.update += static_cast<double>(simd::sum(update));
        total.update_squares += static_cast<double>(simd::sum(update_squares));
    }
    return total;
}

/// The sum of x(n)^2, made as those above.
template <class T>
[[gnu::flatten]] double sum_of_squares(const T* x, std::size_t n)
{
    const std::size_t block = 64 * simd::width<T>;
    double total = 0;
    for (std::size_t first = 0; first < n; first += block) {
        simd::vec<T> sum(T{0});
        simd::for_each_vec<T>(std::min(block, n - first), [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
            const simd::vec<T> v = place.load(x + first + i);
            sum = simd::fma(v, v, sum);
        });
        total += static_cast<double>(simd::sum(sum));
    }
    return total;
}

} // namespace ctnn::inline CTNN_ARCH::kernel
