// SPDX-License-Identifier: BSD-3-Clause
/// The leaky rectified linear unit.
#pragma once

#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
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
    struct activation {
        template <class T>
        static constexpr T slope =
            static_cast<T>(static_cast<double>(Numerator) / static_cast<double>(Denominator));

        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            return simd::select<T>(x > simd::vec<T>(T{0}), x, x * simd::vec<T>(slope<T>));
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> y) const
        {
            return simd::select<T>(y > simd::vec<T>(T{0}), dy, dy * simd::vec<T>(slope<T>));
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

    using self = LeakySlope;
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
};

template <std::size_t Numerator, std::size_t Denominator>
struct export_rule<LeakySlope<Numerator, Denominator>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("leaky_layer", {x.size(), Numerator, Denominator});
    }
};

/// The slope of 0.01 that torch.nn.LeakyReLU has when nothing is said.
using LeakyReLU = LeakySlope<1, 100>;

} // namespace ctnn::inline CTNN_ARCH
