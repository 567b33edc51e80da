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

} // namespace detail

namespace detail {

template <class Net>
struct signature_of {
    static std::string text() { return layer_name<Net>(); }
};
template <class... L>
struct signature_of<Sequential<L...>> {
    static std::string text()
    {
        std::string list;
        ((list += (list.empty() ? "" : ", ") + signature_of<L>::text()), ...);
        return "Sequential<" + list + ">";
    }
};

} // namespace detail

/// The network as text, equal with every compiler: "Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, Tanh>". Layers of one's own
/// stand in it without namespaces; one with default template arguments says `name()` (and `using self = ...`), or compilers differ.
template <class Net>
[[nodiscard]] std::string signature()
{
    return detail::signature_of<Net>::text();
}

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
            (rows.push_back({std::string(paths[I].view()), detail::layer_name<typename list::template at<I>>(), with_batch(shapes.at[I + 1]),
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
