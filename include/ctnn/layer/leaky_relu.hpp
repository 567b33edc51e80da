// SPDX-License-Identifier: BSD-3-Clause
/// The rectified linear unit that never dies.
#pragma once

#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/type_name.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = x above 0 and x Numerator / Denominator below, element by element: `LeakySlope<1, 5>` has a slope of
/// 0.2.
///
///   x, y     : any shape, the same
///   backward : dx = dy above 0 and dy Numerator / Denominator below is overwritten
///   errors   : [ctnn.shape] a Denominator of 0, or a slope of 0, which is ReLU
///   source   : Maas, Hannun & Ng 2013
template <std::size_t Numerator, std::size_t Denominator>
struct LeakySlope {
    using self = LeakySlope;
    using activation = kernel::leaky_rectifier<Numerator, Denominator>;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;

    static constexpr extents output(const extents& x)
    {
        return Numerator == 0 || Denominator == 0 ? extents::none() : x;
    }
    static std::string embedded(const extents& x)
    {
        return detail::embedded_type("leaky_layer", {x.size(), Numerator, Denominator});
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

/// The slope of 0.01 that torch.nn.LeakyReLU has when nothing is said.
using LeakyReLU = LeakySlope<1, 100>;

} // namespace ctnn::inline CTNN_ARCH
