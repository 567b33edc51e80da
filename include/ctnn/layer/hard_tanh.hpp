// SPDX-License-Identifier: BSD-3-Clause
/// A straight line between -1 and 1.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = x from -1 to 1, and -1 or 1 beyond, element by element: torch.nn.Hardtanh.
///
///   x, y     : any shape, the same
///   backward : dx = dy where -1 < x < 1, and 0 elsewhere, is overwritten
struct HardTanh {
    struct activation {
        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            return simd::min(simd::vec<T>(T{1}), simd::max(simd::vec<T>(T{-1}), x));
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> y) const
        {
            const simd::vec<T> zero(T{0});
            return simd::select<T>(simd::abs(y) < simd::vec<T>(T{1}), dy, zero);
        }
    };

    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass) { kernel::activate<activation>(pass.y(), pass.x()); }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<activation>(pass.dx(), pass.dy(), pass.y());
    }

    using self = HardTanh;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
};

template <>
struct output_limits<HardTanh> {
    static constexpr Limits value{-1, 1};
};
template <>
struct export_rule<HardTanh> {
    static std::string type(const extents& x) { return detail::embedded_type("hard_tanh_layer", {x.size()}); }
};

} // namespace ctnn::inline CTNN_ARCH
