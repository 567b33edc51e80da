// SPDX-License-Identifier: BSD-3-Clause
/// The exponential linear unit.
#pragma once

#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = x above 0 and a (e^x - 1) below, element by element, with a = Numerator / Denominator: `EluScale<1,
/// 2>` ends at -0.5.
///
///   x, y     : any shape, the same
///   backward : dx = dy above 0 and dy (y + a) below is overwritten
///   accuracy : within 4 ulp in float
///   errors   : [ctnn.shape] a Numerator or Denominator of 0
///   source   : Clevert, Unterthiner & Hochreiter 2015 (arXiv:1511.07289)
template <std::size_t Numerator, std::size_t Denominator>
struct EluScale {
    struct activation {
        template <class T>
        static constexpr T scale =
            static_cast<T>(static_cast<double>(Numerator) / static_cast<double>(Denominator));

        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            return simd::select<T>(x > simd::vec<T>(T{0}), x,
                                   simd::expm1_below_zero(x) * simd::vec<T>(scale<T>));
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> y) const
        {
            return simd::select<T>(y > simd::vec<T>(T{0}), dy, dy * (y + simd::vec<T>(scale<T>)));
        }
    };

    static constexpr extents output(const extents& x)
    {
        return Numerator == 0 || Denominator == 0 ? extents::none() : x;
    }
    static void forward(const auto& pass) { kernel::activate<activation>(pass.y(), pass.x()); }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<activation>(pass.dx(), pass.dy(), pass.y());
    }

    using self = EluScale;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
};

template <std::size_t Numerator, std::size_t Denominator>
struct export_rule<EluScale<Numerator, Denominator>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("elu_layer", {x.size(), Numerator, Denominator});
    }
};

/// With a = 1, as torch.nn.ELU when nothing is said.
using ELU = EluScale<1, 1>;

} // namespace ctnn::inline CTNN_ARCH
