// SPDX-License-Identifier: BSD-3-Clause
/// The logistic function.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = 1 / (1 + e^-x), element by element.
///
///   x, y     : any shape, the same
///   backward : dx = dy y (1 - y) is overwritten
///   accuracy : within 4 ulp in float; 0 below x = -88.37, where the true value is 4e-39
struct Sigmoid {
    using self = Sigmoid;
    using activation = kernel::logistic;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
    static constexpr Limits limits{0, 1};

    static constexpr extents output(const extents& x) { return x; }
    static std::string embedded(const extents& x)
    {
        return detail::embedded_type("sigmoid_layer", {x.size()});
    }

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
