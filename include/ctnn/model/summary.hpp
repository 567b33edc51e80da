// SPDX-License-Identifier: BSD-3-Clause
/// A network as text: its type, and the table of its layers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/core/type_name.hpp>
#include <ctnn/model/network.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

inline std::string grouped(std::size_t n)
{
    std::string s = std::to_string(n);
    for (std::size_t i = s.size(); i > 3; i -= 3) s.insert(i - 3, 1, ',');
    return s;
}

/// The layer of node I as its user writes it, for every node.
template <class Net>
std::string name_of_node(std::size_t i)
{
    constexpr auto names = by_leaf<Net>([]<class L> { return &layer_name<L>; });
    return names[shapes_of<Net>.leaf[i]]();
}

template <class Net>
struct signature_of {
    static std::string text() { return layer_name<Net>(); }
};
template <class... L>
std::string container_text(std::string name)
{
    name.resize(name.find('<'));
    std::string list;
    ((list += (list.empty() ? "" : ", ") + signature_of<L>::text()), ...);
    return name + "<" + list + ">";
}
template <template <class...> class C, class... L>
    requires container<C<L...>>
struct signature_of<C<L...>> {
    static std::string text() { return container_text<L...>(type_name<C<L...>>()); }
};
template <template <std::size_t, class> class C, std::size_t N, class L>
    requires container<C<N, L>>
struct signature_of<C<N, L>> {
    static std::string text() { return "Repeat<" + std::to_string(N) + ", " + signature_of<L>::text() + ">"; }
};
template <template <fixed_string, class> class C, fixed_string Word, class L>
    requires container<C<Word, L>>
struct signature_of<C<Word, L>> {
    static std::string text()
    {
        std::string name = type_name<C<Word, L>>();
        name.resize(name.find('<'));
        return name.append("<\"")
            .append(Word.view())
            .append("\", ")
            .append(signature_of<L>::text())
            .append(">");
    }
};

} // namespace detail

/// The network as text, equal with every compiler: "Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>,
/// Tanh>". A user's layers stand in it without namespaces; one with default template arguments says `name()`
/// (and `using self = ...`), or compilers differ.
template <class Net>
[[nodiscard]] std::string signature()
{
    return detail::signature_of<Net>::text();
}

/// The table of layers: path, layer, output shape with the batch as B, parameters; then the totals.
template <class Net, class T = float>
[[nodiscard]] std::string summary()
{
    std::string text;
    if constexpr (detail::fault_of<Net> != detail::fault::none) {
        (void)sizeof(detail::report<Net>);
    } else {
        constexpr auto& schedule = detail::schedule_of<Net>;
        constexpr auto& shapes = detail::shapes_of<Net>;
        const auto with_batch = [](const extents& e) {
            std::string s = "(B";
            for (std::size_t i = 0; i < e.rank; ++i) s += ", " + std::to_string(e[i]);
            return s + ")";
        };
        std::vector<std::array<std::string, 4>> rows{{"", "layer", "output", "parameters"}};
        for (std::size_t k = 0; k < schedule.size.inputs; ++k)
            rows.push_back({"", "input", with_batch(shapes.at[schedule.inputs[k]]), ""});
        for (std::size_t i = 0; i < schedule.size.nodes; ++i)
            rows.push_back({std::string(schedule.path(i)), detail::name_of_node<Net>(i),
                            with_batch(shapes.at[schedule.nodes[i].gives]),
                            detail::grouped(detail::parameter_elements<Net>(i))});

        std::array<std::size_t, 4> width{};
        for (const auto& row : rows)
            for (std::size_t c = 0; c < 4; ++c) width[c] = std::max(width[c], row[c].size());
        const std::string rule(width[0] + width[1] + width[2] + width[3] + 6, '-');
        for (std::size_t r = 0; r < rows.size(); ++r) {
            const auto& row = rows[r];
            const auto pad = [&](std::size_t c) { return std::string(width[c] - row[c].size(), ' '); };
            text += row[0] + pad(0) + "  " + row[1] + pad(1) + "  " + row[2] + pad(2) + "  " + pad(3) +
                    row[3] + "\n";
            if (r == 0) text += rule + "\n";
        }
        text += rule + "\n" + detail::grouped(parameter_count<Net>) + " parameters (" +
                detail::grouped(weight_bytes<Net, T>) + " bytes), ";
        if (trainable_count<Net> != parameter_count<Net>)
            text += detail::grouped(trainable_count<Net>) + " of them learn, ";
        text += detail::grouped(multiply_adds<Net>) + " multiply-adds a sample\n";
    }
    return text;
}

} // namespace ctnn::inline CTNN_ARCH
