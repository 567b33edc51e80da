// SPDX-License-Identifier: BSD-3-Clause
/// Names of parameters by pattern.
#pragma once

#include <cstddef>
#include <string_view>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Whether a name fits a pattern, in which each '*' stands for any characters: "*.bias", "0.*".
constexpr bool fits_pattern(std::string_view name, std::string_view pattern)
{
    std::size_t n = 0, p = 0, star = pattern.size(), after = 0; // the last star, and what it took up to
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            after = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++n, ++p;
        } else if (star < pattern.size()) {
            p = star + 1;
            n = ++after;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

} // namespace ctnn::inline CTNN_ARCH::detail
