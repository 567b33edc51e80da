// SPDX-License-Identifier: BSD-3-Clause
/// A statement of the shape that goes into a network.
#pragma once

#include <cstddef>

#include <ctnn/core/pass.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Stands first where the layers after it take many shapes: `Sequential<Input<8, 24>, FlattenConsecutive<2>,
/// ...>` reads samples of (8, 24) numbers. It has no parameters and is never run.
///
///   errors : [ctnn.shape] anywhere else, when the shape offered is another one
template <std::size_t... Extents>
struct Input {
    static constexpr bool reshapes_only = true;
    static constexpr extents output(const extents& x)
    {
        return x == extents{Extents...} ? x : extents::none();
    }
    static constexpr extents input(std::size_t) { return {Extents...}; }
};

} // namespace ctnn::inline CTNN_ARCH
