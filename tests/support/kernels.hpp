// SPDX-License-Identifier: BSD-3-Clause
/// Lengths and numbers that tests of kernels share.
#pragma once

#include <cstddef>
#include <iterator>
#include <limits>

#include <ctnn/core/index.hpp>
#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/vec.hpp>

#include "random.hpp"
#include "reference.hpp"

namespace support {

/// Around one, two and four registers.
inline constexpr std::size_t W = ctnn::simd::width<float>;
inline constexpr std::size_t edges[] = {
    1, 2, 3, W - 1 > 3 ? W - 1 : 4, W, W + 1, 2 * W - 1, 2 * W, 2 * W + 1, 4 * W + 3};
inline constexpr float inf = std::numeric_limits<float>::infinity(),
                       not_a_number = std::numeric_limits<float>::quiet_NaN();
inline constexpr double eps = static_cast<double>(std::numeric_limits<float>::epsilon());

/// f(simd::constant<length>{}) for each of them.
template <class F>
void for_each_edge(F f)
{
    ctnn::detail::for_each_index<std::size(edges)>([&](auto i) { f(ctnn::simd::constant<edges[i()]>{}); });
}

} // namespace support
