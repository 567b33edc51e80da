// SPDX-License-Identifier: BSD-3-Clause
/// Loops over constants.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// f(0, 1, ..., N-1), each a std::integral_constant: `return with_indices<N>([&](auto... i) { return
/// std::tuple{at<i()>()...}; });`
template <std::size_t N, class F>
constexpr decltype(auto) with_indices(F&& f)
{
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
        return f(std::integral_constant<std::size_t, I>{}...);
    }(std::make_index_sequence<N>{});
}

/// f(0), f(1), ..., f(N-1).
template <std::size_t N, class F>
constexpr void for_each_index(F&& f)
{
    with_indices<N>([&](auto... i) { (f(i), ...); });
}

} // namespace ctnn::inline CTNN_ARCH::detail
