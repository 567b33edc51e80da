// SPDX-License-Identifier: BSD-3-Clause
/// Types as text, the same with every compiler.
#pragma once

#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

#include <ctnn/core/arch.hpp>
#include <ctnn/core/facts.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// The compiler's own text for a type, without namespaces: "Square", "LeakySlope<1, 5>".
template <class L>
std::string type_name()
{
    const std::string_view text = __PRETTY_FUNCTION__;
    const std::size_t from = text.find("L = ") + 4;
    std::size_t to = from, depth = 0;
    for (; to < text.size(); ++to) { // g++ puts other facts after a ';', clang closes a ']'
        if (text[to] == '<') ++depth;
        if (text[to] == '>') --depth;
        if (depth == 0 && (text[to] == ';' || text[to] == ']')) break;
    }
    std::string name;
    for (std::size_t i = from; i < to; ++i) {
        name += text[i];
        if (name.ends_with("::")) { // drop the qualifier just read
            std::size_t start = name.size() - 2;
            // {anonymous}:: or (anonymous namespace)::
            if (start > 0 && (name[start - 1] == '}' || name[start - 1] == ')'))
                start = name.find_last_of("{(", start);
            while (start > 0 &&
                   (std::isalnum(static_cast<unsigned char>(name[start - 1])) != 0 || name[start - 1] == '_'))
                --start;
            name.resize(start);
        }
        if (i + 2 < to && text[i] == ',' && text[i + 1] != ' ') name += ' ';
    }
    std::string plain; // clang prints 30UL in places
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool digit_before = !plain.empty() && plain.back() >= '0' && plain.back() <= '9';
        if (digit_before && (name[i] == 'U' || name[i] == 'u') && i + 1 < name.size() &&
            (name[i + 1] == 'L' || name[i + 1] == 'l'))
            ++i;
        // g++ prints "> >"
        else if (name[i] != ' ' || i + 1 == name.size() || name[i + 1] != '>') plain += name[i];
    }
    return plain;
}

/// "Linear<30, 200, NoBias>": a layer as its user writes it. Compilers differ in whether they spell out
/// default arguments, so a layer that has such says its own `name()`.
template <class L>
std::string layer_name()
{
    if constexpr (speaks_for_itself<L> && requires { L::name(); }) return L::name();
    else return type_name<L>();
}

} // namespace ctnn::inline CTNN_ARCH::detail
