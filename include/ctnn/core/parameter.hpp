// SPDX-License-Identifier: BSD-3-Clause
/// What a layer says of the numbers it owns, and names that can be template arguments.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <ctnn/core/arch.hpp>
#include <ctnn/core/shape.hpp>

namespace ctnn::inline CTNN_ARCH {

/// How PyTorch, and so a file, has the axes of a parameter.
enum class layout { same, transposed };

/// One parameter or buffer of a layer: its name as in PyTorch, its shape, the value of each element before
/// anything else sets it, and whether PyTorch has its two axes the other way round.
struct Parameter {
    std::string_view name;
    extents shape;
    double initial = 0;
    layout in_files = layout::same;
};

/// A string literal as a template argument: `model.parameter<"1.weight">()`.
template <std::size_t N>
struct fixed_string {
    char text[N]{};
    constexpr fixed_string(const char (&s)[N]) { std::copy_n(s, N, text); }
    [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

namespace detail {

/// A short name built while compiling, such as "3.0.weight".
struct dotted_name {
    static constexpr std::size_t capacity = 64;
    std::array<char, capacity> text{};
    std::size_t length = 0;

    constexpr void append(std::string_view s)
    {
        for (const char c : s)
            if (length < capacity) text[length++] = c;
    }
    constexpr void append_number(std::size_t n)
    {
        if (n >= 10) append_number(n / 10);
        const char digit[] = {static_cast<char>('0' + n % 10)};
        append({digit, 1});
    }
    [[nodiscard]] constexpr std::string_view view() const { return {text.data(), length}; }
};

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
