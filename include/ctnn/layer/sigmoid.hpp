// SPDX-License-Identifier: BSD-3-Clause
/// The logistic function.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = 1 / (1 + e^-x), element by element.
///
///   x, y     : any shape, the same
///   backward : dx = dy y (1 - y) is overwritten
///   accuracy : within 4 ulp in float; 0 below x = -88.38, where the true value is 4e-39
struct Sigmoid {
    struct activation {
        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            return simd::sigmoid(x);
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> y) const
        {
            return dy * simd::fnma(y, y, y);
        }
    };

    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass) { kernel::activate<activation>(pass.y(), pass.x()); }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<activation>(pass.dx(), pass.dy(), pass.y());
    }

    using self = Sigmoid;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
};

template <>
struct output_limits<Sigmoid> {
    static constexpr Limits value{0, 1};
};
template <>
struct export_rule<Sigmoid> {
    static std::string type(const extents& x) { return detail::embedded_type("sigmoid_layer", {x.size()}); }
};

} // namespace ctnn::inline CTNN_ARCH
