// SPDX-License-Identifier: BSD-3-Clause
/// The sigmoid linear unit.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = x / (1 + e^-x), element by element: torch.nn.SiLU, also called swish.
///
///   x, y     : any shape, the same
///   backward : dx = dy s (1 + x (1 - s)) with s = 1 / (1 + e^-x) is overwritten
///   accuracy : within 3 ulp in float, -0 below x = -88.38; backward within 4e-7 |dy|
///   source   : Elfwing, Uchibe & Doya 2017 (arXiv:1702.03118)
struct SiLU {
    struct function {
        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            // -inf / inf would be NaN.
            const simd::vec<T> one(T{1}), bounded = simd::max(simd::vec<T>(T{-1000}), x);
            return bounded / (one + simd::exp(simd::vec<T>(T{0}) - x));
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> x) const
        {
            // Further out the slope is 0 or 1 to the last digit, and e^-x stays finite.
            const simd::vec<T> one(T{1}),
                bounded = simd::min(simd::vec<T>(T{80}), simd::max(simd::vec<T>(T{-80}), x));
            const simd::vec<T> e = simd::exp(simd::vec<T>(T{0}) - bounded), s = one / (one + e);
            return dy * simd::fma(bounded * (e * s), s, s); // e s = 1 - s, which would lose digits
        }
    };

    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass) { kernel::activate<function>(pass.y(), pass.x()); }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<function>(pass.dx(), pass.dy(), pass.x());
    }

    using self = SiLU;
    static constexpr uses derivative_uses = uses::input; // it falls and rises: y does not tell x
    static constexpr bool in_place = true;
    static constexpr bool elementwise = true;
};

template <>
struct export_rule<SiLU> {
    static std::string type(const extents& x) { return detail::embedded_type("silu_layer", {x.size()}); }
};

} // namespace ctnn::inline CTNN_ARCH
