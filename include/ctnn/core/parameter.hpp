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

/// How PyTorch, and so a file, has the axes of a parameter: transposed, the last of them comes first.
enum class layout { same, transposed };

/// One parameter or buffer of a layer: its name as in PyTorch, its shape, the value of each element before
/// anything else sets it, whether PyTorch has its axes in another order, and the name of a count that
/// PyTorch keeps beside it in files and that nobody needs.
struct Parameter {
    std::string_view name;
    extents shape;
    double initial = 0;
    layout in_files = layout::same;
    std::string_view count_in_files = {};
};

/// A string literal as a template argument: `model.parameter<"1.weight">()`.
template <std::size_t N>
struct fixed_string {
    char text[N]{};
    constexpr fixed_string(const char (&s)[N]) { std::copy_n(s, N, text); }
    [[nodiscard]] constexpr std::string_view view() const { return {text, N - 1}; }
};

} // namespace ctnn::inline CTNN_ARCH
