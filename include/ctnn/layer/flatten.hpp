// SPDX-License-Identifier: BSD-3-Clause
/// Layers that give the same numbers under another shape. They cost nothing: the model never runs them.
#pragma once

#include <cstddef>

#include <ctnn/core/pass.hpp>

namespace ctnn::inline CTNN_ARCH {

/// All axes of a sample as one: (3, 10) -> (30).
struct Flatten {
    static constexpr bool reshapes_only = true;
    static constexpr extents output(const extents& x) { return {x.size()}; }
};

/// N neighbouring positions side by side: (T, C) -> (T / N, C N), and (C N) when that leaves one position.
///
///   errors : [ctnn.shape] x does not have two axes, or N does not divide T
///   source : makemore part 5, after WaveNet (arXiv:1609.03499)
template <std::size_t N>
struct FlattenConsecutive {
    static constexpr bool reshapes_only = true;
    static constexpr extents output(const extents& x)
    {
        if (N == 0 || x.rank != 2 || x[0] % N != 0 || x[0] == 0) return extents::none();
        return x[0] == N ? extents{x[1] * N} : extents{x[0] / N, x[1] * N};
    }
};

/// y = x: a branch that changes nothing, as in `Concat<Identity, Linear<8, 16>>`.
struct Identity {
    static constexpr bool reshapes_only = true;
    static constexpr extents output(const extents& x) { return x; }
};

} // namespace ctnn::inline CTNN_ARCH
