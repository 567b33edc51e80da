// SPDX-License-Identifier: BSD-3-Clause
/// Blocks that are repeated.
#pragma once

#include <cstddef>

#include <ctnn/core/layer_list.hpp>

namespace ctnn::inline CTNN_ARCH {

/// N times L, one after the other, each with weights of its own. It compiles in the time of one.
///
///   names : "0", "1", ..., as in torch.nn.Sequential(*[L() for _ in range(N)])
template <std::size_t N, class L>
struct Repeat {
    using parts = layer_list<L>;
    static constexpr std::size_t copies = N;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        for (std::size_t i = 0; i < N; ++i) x = net.template add<L>(x);
        return x;
    }
};

} // namespace ctnn::inline CTNN_ARCH
