// SPDX-License-Identifier: BSD-3-Clause
/// Numbers that a user chooses: checked, and as text.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <type_traits>

#include <ctnn/core/error.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// As few digits as tell a number from every other of its type.
template <class T>
std::string option_text(T x)
{
    char digits[40] = "0";
    const auto reads_back = [&] {
        if constexpr (std::is_same_v<T, float>) return std::strtof(digits, nullptr) == x;
        else return std::strtod(digits, nullptr) == x;
    };
    for (int n = 6; n <= 17 && !reads_back(); ++n)
        std::snprintf(digits, sizeof digits, "%.*g", n, static_cast<double>(x));
    for (char& c : digits) c = c == ',' ? '.' : c; // in a locale that writes 0,9
    return digits;
}

/// Ends of ranges that are said in words.
inline constexpr double above_zero = 1e-37, below_one = 0.99999994, largest_option = 3.4e38,
                        no_limit = std::numeric_limits<double>::infinity();

/// errors : [ctnn.option] value below low, above high, or NaN
inline void require_option(const char* what, double value, double low, double high)
{
    if (!(value >= low && value <= high))
        throw Error("ctnn.option", std::string(what) + " is " + option_text(value) +
                                       ", expected a number from " + (low > 0 ? "above 0" : "0") + " to " +
                                       (high < 1           ? "below 1"
                                        : high == 1        ? "1"
                                        : high == no_limit ? "infinity"
                                                           : "the largest float"));
}

} // namespace ctnn::inline CTNN_ARCH::detail
