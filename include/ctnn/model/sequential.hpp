// SPDX-License-Identifier: BSD-3-Clause
/// A network as a list of layers, and how nested lists become one.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <ctnn/core/parameter.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Layers one behind the other: `Sequential<Embedding<27, 10>, Linear<30, 200>, Tanh, Linear<200, 27>>`. It may stand inside
/// another; parameters are named as in a torch.nn.Sequential of the same nesting, "1.weight" or "3.0.weight".
template <class... Layers>
struct Sequential {};

namespace detail {

template <class... Layers>
struct layer_list {
    static constexpr std::size_t size = sizeof...(Layers);
    template <std::size_t I>
    using at = std::tuple_element_t<I, std::tuple<Layers...>>;
};

template <class L>
inline constexpr bool is_sequential = false;
template <class... L>
inline constexpr bool is_sequential<Sequential<L...>> = true;

template <class... Lists>
struct joined;
template <class... A>
struct joined<layer_list<A...>> {
    using type = layer_list<A...>;
};
template <class... A, class... B, class... Rest>
struct joined<layer_list<A...>, layer_list<B...>, Rest...> : joined<layer_list<A..., B...>, Rest...> {};

template <class L>
struct flat {
    using type = layer_list<L>;
};
template <class... L>
    requires(!is_sequential<L> && ...)
struct flat<Sequential<L...>> { // the usual case, without joining anything
    using type = layer_list<L...>;
};
template <class... L>
    requires(is_sequential<L> || ...)
struct flat<Sequential<L...>> {
    using type = typename joined<typename flat<L>::type...>::type;
};

/// The layers of a network in the order they run, without nesting.
template <class Net>
using flat_layers = typename flat<Net>::type;

template <class Paths, class L>
constexpr void append_path(Paths& paths, std::size_t& n, const dotted_name& path, const L*)
{
    paths[n++] = path;
}
template <class Paths, class... L>
constexpr void append_path(Paths& paths, std::size_t& n, const dotted_name& path, const Sequential<L...>*)
{
    std::size_t i = 0;
    const auto one = [&]<class Inner>(const Inner* layer) {
        dotted_name inner = path;
        if (inner.length > 0) inner.append(".");
        inner.append_number(i++);
        append_path(paths, n, inner, layer);
    };
    (one(static_cast<const L*>(nullptr)), ...);
}

/// "0", "1", "2.0", "2.1", ...: where each of the flat layers stands.
template <class Net>
constexpr auto paths_of()
{
    std::array<dotted_name, flat_layers<Net>::size> paths{};
    std::size_t n = 0;
    append_path(paths, n, {}, static_cast<const Net*>(nullptr));
    return paths;
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
