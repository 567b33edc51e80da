// SPDX-License-Identifier: BSD-3-Clause
/// The hyperbolic tangent.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = tanh x, element by element.
///
///   x, y     : any shape, the same
///   backward : dx = dy (1 - y^2) is overwritten
///   accuracy : within 2 ulp in float
struct Tanh {
    using self = Tanh;
    using activation = kernel::hyperbolic_tangent;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
    static constexpr Limits limits{-1, 1};

    static constexpr extents output(const extents& x) { return x; }
    static std::string embedded(const extents& x) { return detail::embedded_type("tanh_layer", {x.size()}); }

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
