// SPDX-License-Identifier: BSD-3-Clause
/// The smooth rectifier.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = log(1 + e^x), element by element: torch.nn.Softplus, and like that x itself above 20.
///
///   x, y     : any shape, the same
///   backward : dx = dy / (1 + e^-x), above 20 dy, is overwritten
///   accuracy : within 5 ulp in float, 0 below x = -87.68; backward within 4e-7 |dy|
///   source   : Dugas et al. 2000
struct Softplus {
    struct function {
        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            const simd::vec<T> zero(T{0});
            const simd::vec<T> y = simd::max(zero, x) + simd::log1p_of_part(simd::exp(zero - simd::abs(x)));
            return simd::select<T>(x > simd::vec<T>(T{20}), x, y);
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> x) const
        {
            return simd::select<T>(x > simd::vec<T>(T{20}), dy, dy * simd::sigmoid(x));
        }
    };

    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass) { kernel::activate<function>(pass.y(), pass.x()); }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<function>(pass.dx(), pass.dy(), pass.x());
    }

    using self = Softplus;
    static constexpr uses derivative_uses = uses::input;
    static constexpr bool in_place = true;
    static constexpr bool elementwise = true;
};

template <>
struct export_rule<Softplus> {
    static std::string type(const extents& x) { return detail::embedded_type("softplus_layer", {x.size()}); }
};

} // namespace ctnn::inline CTNN_ARCH
