// SPDX-License-Identifier: BSD-3-Clause
/// The table of a network's layers.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ctnn/model/network.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// "Linear<30, 200, NoBias>": the type as the user wrote it, from the compiler's own text, without namespaces.
template <class L>
std::string type_name()
{
    const std::string_view text = __PRETTY_FUNCTION__;
    const std::size_t from = text.find("L = ") + 4;
    std::size_t to = from, depth = 0;
    for (; to < text.size(); ++to) { // g++ puts other facts behind a ';', clang closes a ']'
        if (text[to] == '<') ++depth;
        if (text[to] == '>') --depth;
        if (depth == 0 && (text[to] == ';' || text[to] == ']')) break;
    }
    std::string name;
    for (std::size_t i = from; i < to; ++i) {
        name += text[i];
        if (name.ends_with("::")) { // drop the qualifier just read
            std::size_t start = name.size() - 2;
            if (start > 0 && (name[start - 1] == '}' || name[start - 1] == ')')) // {anonymous}:: or (anonymous namespace)::
                start = name.find_last_of("{(", start);
            while (start > 0 && (std::isalnum(static_cast<unsigned char>(name[start - 1])) != 0 || name[start - 1] == '_')) --start;
            name.resize(start);
        }
        if (i + 2 < to && text[i] == ',' && text[i + 1] != ' ') name += ' ';
    }
    std::string plain; // clang prints 30UL in places
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool digit_before = !plain.empty() && plain.back() >= '0' && plain.back() <= '9';
        if (digit_before && (name[i] == 'U' || name[i] == 'u') && i + 1 < name.size() && (name[i + 1] == 'L' || name[i + 1] == 'l')) ++i;
        else plain += name[i];
    }
    return plain;
}

inline std::string grouped(std::size_t n)
{
    std::string s = std::to_string(n);
    for (std::size_t i = s.size(); i > 3; i -= 3) s.insert(i - 3, 1, ',');
    return s;
}

} // namespace detail

/// The table of layers: position, layer, output shape with the batch as B, trainable parameters; then the totals.
template <class Net, class T = float>
[[nodiscard]] std::string summary()
{
    using list = detail::flat_layers<Net>;
    std::string text;
    if constexpr (detail::fault_of<Net> != detail::fault::none) {
        (void)sizeof(detail::report<Net>);
    } else {
        constexpr auto& shapes = detail::shapes_of<Net>;
        const auto with_batch = [](const extents& e) {
            std::string s = "(B";
            for (std::size_t i = 0; i < e.rank; ++i) s += ", " + std::to_string(e[i]);
            return s + ")";
        };
        std::vector<std::array<std::string, 4>> rows{{"", "layer", "output", "parameters"}};
        rows.push_back({"", "input", with_batch(shapes.at[0]), ""});
        const auto paths = detail::paths_of<Net>();
        [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            (rows.push_back({std::string(paths[I].view()), detail::type_name<typename list::template at<I>>(), with_batch(shapes.at[I + 1]),
                             detail::grouped(detail::facts_table<list>::value[I].parameter_elements)}),
             ...);
        }
        (std::make_index_sequence<list::size>{});

        std::array<std::size_t, 4> width{};
        for (const auto& row : rows)
            for (std::size_t c = 0; c < 4; ++c) width[c] = std::max(width[c], row[c].size());
        const std::string rule(width[0] + width[1] + width[2] + width[3] + 6, '-');
        for (std::size_t r = 0; r < rows.size(); ++r) {
            const auto& row = rows[r];
            const auto pad = [&](std::size_t c) { return std::string(width[c] - row[c].size(), ' '); };
            text += row[0] + pad(0) + "  " + row[1] + pad(1) + "  " + row[2] + pad(2) + "  " + pad(3) + row[3] + "\n";
            if (r == 0) text += rule + "\n";
        }
        text += rule + "\n" + detail::grouped(parameter_count<Net>) + " parameters (" + detail::grouped(weight_bytes<Net, T>) + " bytes), " +
                detail::grouped(multiply_adds<Net>) + " multiply-adds a sample\n";
    }
    return text;
}

} // namespace ctnn::inline CTNN_ARCH
