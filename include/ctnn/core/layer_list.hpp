// SPDX-License-Identifier: BSD-3-Clause
/// A list of types: the parts that a container states.
#pragma once

#include <cstddef>
#include <tuple>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The layers and containers that a container is made of, as its `using parts = layer_list<...>;`.
template <class... Layers>
struct layer_list {
    static constexpr std::size_t size = sizeof...(Layers);
    template <std::size_t I>
    using at = std::tuple_element_t<I, std::tuple<Layers...>>;
};

} // namespace ctnn::inline CTNN_ARCH
