// SPDX-License-Identifier: BSD-3-Clause
/// The hyperbolic tangent.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = tanh x, element by element.
///
///   x, y     : any shape, the same
///   backward : dx = dy (1 - y^2) is overwritten
///   accuracy : within 2 ulp in float
struct Tanh {
    struct activation {
        /// What stands for it beside numbers of one or two bytes: within 8e-4.
        struct rough {
            CTNN_INLINE simd::vec<float> operator()(simd::vec<float> x) const { return simd::rough_tanh(x); }
        };
        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            return simd::tanh(x);
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> y) const
        {
            return dy * simd::fnma(y, y, simd::vec<T>(T{1}));
        }
    };

    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass) { kernel::activate<activation>(pass.y(), pass.x()); }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<activation>(pass.dx(), pass.dy(), pass.y());
    }

    using self = Tanh;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
};

template <>
struct output_limits<Tanh> {
    static constexpr Limits value{-1, 1};
};
template <>
struct export_rule<Tanh> {
    static std::string type(const extents& x) { return detail::embedded_type("tanh_layer", {x.size()}); }
};

} // namespace ctnn::inline CTNN_ARCH
