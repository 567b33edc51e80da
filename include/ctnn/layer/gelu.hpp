// SPDX-License-Identifier: BSD-3-Clause
/// The Gaussian error linear unit.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = x P(z <= x) for a standard normal z, element by element: torch.nn.GELU's exact form, with erf.
///
///   x, y     : any shape, the same
///   backward : dx = dy (P(z <= x) + x p(x)) is overwritten
///   accuracy : within 10 ulp in float; backward within 4e-7 |dy|
///   source   : Hendrycks & Gimpel 2016 (arXiv:1606.08415)
struct GELU {
    using self = GELU;
    static constexpr uses derivative_uses = uses::input; // it falls and rises: y does not tell x
    static constexpr bool in_place = true;

    static constexpr extents output(const extents& x) { return x; }
    static std::string embedded(const extents& x) { return detail::embedded_type("gelu_layer", {x.size()}); }

    static void forward(const auto& pass)
    {
        kernel::activate<kernel::gaussian_error_unit>(pass.y().data(), pass.x().data(), pass.x().size());
    }

    static void backward(const auto& pass)
    {
        kernel::activate_backward<kernel::gaussian_error_unit>(pass.dx().data(), pass.dy().data(),
                                                               pass.x().data(), pass.x().size());
    }
};

} // namespace ctnn::inline CTNN_ARCH
