// SPDX-License-Identifier: BSD-3-Clause
/// A branch around layers.
#pragma once

#include <cstddef>

#include <ctnn/core/layer_list.hpp>
#include <ctnn/layer/joins.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = x + L(x), where L is one layer after the other: `Residual<LayerNorm<64>, Linear<64, 256>, GELU,
/// Linear<256, 64>>`.
///
///   x, y   : the same shape
///   names  : "0", "1", ... for the layers
///   errors : [ctnn.shape] L gives another shape than it takes
///   source : He, Zhang, Ren & Sun 2015 (arXiv:1512.03385)
template <class... L>
struct Residual {
    using parts = layer_list<L..., Add>;
    static constexpr bool is_row = true;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        std::size_t y = x;
        ((y = net.template add<L>(y)), ...);
        return net.template join<Add>(y, x);
    }
};

} // namespace ctnn::inline CTNN_ARCH
