// SPDX-License-Identifier: BSD-3-Clause
/// The Gaussian error linear unit.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = x P(z <= x) for a standard normal z, element by element: torch.nn.GELU's exact form, with erf.
///
///   x, y     : any shape, the same
///   backward : dx = dy (P(z <= x) + x p(x)) is overwritten
///   accuracy : within 10 ulp in float; backward within 4e-7 |dy|
///   source   : Hendrycks & Gimpel 2016 (arXiv:1606.08415)
struct GELU {
    struct function {
        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            // Far below 0 the product of a huge number and 0, which for -inf would be NaN, is taken at -40:
            // it is -0 there.
            return simd::max(simd::vec<T>(T{-40}), x) * simd::normal(x).below;
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> x) const
        {
            const auto at = simd::normal(x);
            // inf times a density of 0
            const simd::vec<T> bounded = simd::min(simd::vec<T>(T{40}), simd::max(simd::vec<T>(T{-40}), x));
            return dy * simd::fma(bounded, at.density, at.below);
        }
    };

    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass) { kernel::activate<function>(pass.y(), pass.x()); }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<function>(pass.dx(), pass.dy(), pass.x());
    }

    using self = GELU;
    static constexpr uses derivative_uses = uses::input; // it falls and rises: y does not tell x
    static constexpr bool in_place = true;
    static constexpr bool elementwise = true;
};

template <>
struct export_rule<GELU> {
    static std::string type(const extents& x) { return detail::embedded_type("gelu_layer", {x.size()}); }
};

} // namespace ctnn::inline CTNN_ARCH
