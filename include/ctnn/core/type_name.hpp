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

/// A type as its user writes it, from a compiler's text for it, without namespaces: "Square",
/// "LeakySlope<1, 5>".
inline std::string readable_type(std::string_view text)
{
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
        name += text[i];
        if (name.ends_with("::")) { // drop the qualifier just read
            std::size_t start = name.size() - 2;
            // {anonymous}::, (anonymous namespace):: or `anonymous-namespace'::
            if (start > 0 && std::string_view("})'").find(name[start - 1]) != std::string_view::npos)
                start = name.find_last_of("{(`", start);
            while (start > 0 &&
                   (std::isalnum(static_cast<unsigned char>(name[start - 1])) != 0 || name[start - 1] == '_'))
                --start;
            name.erase(start);
        }
        for (const std::string_view word : {"struct ", "class ", "enum "}) // Microsoft's compiler says which
            if (name.ends_with(word) && (name.size() == word.size() ||
                                         std::string_view("<, (").find(name[name.size() - word.size() - 1]) !=
                                             std::string_view::npos))
                name.erase(name.size() - word.size());
        if (i + 1 < text.size() && text[i] == ',' && text[i + 1] != ' ') name += ' ';
    }
    std::string plain;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool inside_word =
            !plain.empty() &&
            (std::isalnum(static_cast<unsigned char>(plain.back())) != 0 || plain.back() == '_');
        if (!inside_word && name.compare(i, 2, "0x") == 0) { // 30 as Microsoft's compiler prints it: 0x1e
            std::size_t digits = 0;
            plain += std::to_string(std::stoull(name.substr(i), &digits, 16));
            i += digits - 1;
            continue;
        }
        const bool digit_before = !plain.empty() && plain.back() >= '0' && plain.back() <= '9';
        if (digit_before && (name[i] == 'U' || name[i] == 'u') && i + 1 < name.size() &&
            (name[i + 1] == 'L' || name[i + 1] == 'l'))
            ++i; // clang prints 30UL in places
        // g++ prints "> >"
        else if (name[i] != ' ' || i + 1 == name.size() || name[i + 1] != '>') plain += name[i];
    }
    return plain;
}

/// The text of a type by itself in what this compiler writes for type_name<L>.
template <class L>
constexpr std::string_view type_text()
{
#if defined(__GNUC__)
    const std::string_view text = __PRETTY_FUNCTION__;
    const std::size_t from = text.find("L = ") + 4;
    std::size_t to = from, depth = 0;
    for (; to < text.size(); ++to) { // g++ puts other facts after a ';', clang closes a ']'
        if (text[to] == '<') ++depth;
        if (text[to] == '>') --depth;
        if (depth == 0 && (text[to] == ';' || text[to] == ']')) break;
    }
#else
    const std::string_view text = __FUNCSIG__;
    const std::size_t from = text.find("type_text<") + 10, to = text.rfind(">(");
#endif
    return text.substr(from, to - from);
}

template <class L>
std::string type_name()
{
    return readable_type(type_text<L>());
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
