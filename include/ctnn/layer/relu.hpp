// SPDX-License-Identifier: BSD-3-Clause
/// The rectified linear unit.
#pragma once

#include <limits>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = max(0, x), element by element; NaN stays NaN, in both directions.
///
///   x, y     : any shape, the same
///   backward : dx = dy where y > 0, else 0, is overwritten
struct ReLU {
    struct activation {
        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            return simd::max(simd::vec<T>(T{0}), x);
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> y) const
        {
            return simd::select<T>(y > simd::vec<T>(T{0}), dy, y); // y is 0 or NaN there
        }
    };

    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass) { kernel::activate<activation>(pass.y(), pass.x()); }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<activation>(pass.dx(), pass.dy(), pass.y());
    }

    using self = ReLU;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
};

template <>
struct output_limits<ReLU> {
    static constexpr Limits value{0, std::numeric_limits<double>::infinity()};
};
template <>
struct export_rule<ReLU> {
    static std::string type(const extents& x) { return detail::embedded_type("relu_layer", {x.size()}); }
};

} // namespace ctnn::inline CTNN_ARCH
