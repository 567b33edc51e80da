// SPDX-License-Identifier: BSD-3-Clause
/// The rectified linear unit.
#pragma once

#include <limits>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = max(0, x), element by element; NaN stays NaN.
///
///   x, y     : any shape, the same
///   backward : dx = dy where y > 0, else 0, is overwritten
struct ReLU {
    using self = ReLU;
    using activation = kernel::rectifier;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
    static constexpr Limits limits{0, std::numeric_limits<double>::infinity()};

    static constexpr extents output(const extents& x) { return x; }
    static std::string embedded(const extents& x) { return detail::embedded_type("relu_layer", {x.size()}); }

    static void forward(const auto& pass)
    {
        kernel::activate<activation>(pass.y().data(), pass.x().data(), pass.x().size());
    }

    static void backward(const auto& pass)
    {
        kernel::activate_backward<activation>(pass.dx().data(), pass.dy().data(), pass.y().data(),
                                              pass.y().size());
    }
};

} // namespace ctnn::inline CTNN_ARCH
