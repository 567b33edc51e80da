// SPDX-License-Identifier: BSD-3-Clause
/// Layers in a row.
#pragma once

#include <cstddef>

#include <ctnn/core/layer_list.hpp>

namespace ctnn::inline CTNN_ARCH {

/// One layer after the other: `Sequential<Embedding<27, 10>, Linear<30, 200>, Tanh, Linear<200, 27>>`. It may
/// stand inside another container; parameters are named as in a torch.nn.Sequential of the same nesting,
/// "1.weight" or "3.0.weight".
template <class... L>
struct Sequential {
    using parts = layer_list<L...>;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        ((x = net.template add<L>(x)), ...);
        return x;
    }
};

} // namespace ctnn::inline CTNN_ARCH
