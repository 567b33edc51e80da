// SPDX-License-Identifier: BSD-3-Clause
/// The Gaussian error linear unit as GPT-2 has it.
#pragma once

#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), element by element: makemore's NewGELU,
/// torch.nn.GELU(approximate='tanh'). It is up to 4.7e-4 from GELU.
///
///   x, y     : any shape, the same
///   backward : dx is overwritten
///   accuracy : within 4e-7 |x| in float; backward within 1e-6 |dy|
///   method   : x / (1 + e^-z) with z twice the argument of tanh, in which 1 + tanh does not cancel
///   source   : Hendrycks & Gimpel 2016 (arXiv:1606.08415)
struct NewGELU {
    struct function {
        /// Of z = x (linear + cubic x^2).
        static constexpr double linear = 1.5957691216057308, cubic = 0.044715 * linear;

        template <class T>
        CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
        {
            // Far below 0 the product of a huge number and 0, which for -inf would be NaN, is taken at -40.
            const simd::vec<T> bounded = simd::max(simd::vec<T>(T{-40}), x);
            return bounded * simd::sigmoid(bounded * slope(bounded * bounded));
        }
        template <class T>
        CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> x) const
        {
            // Further out the slope is 0 or 1 to the last digit, and e^-z stays finite.
            const simd::vec<T> one(T{1}),
                bounded = simd::min(simd::vec<T>(T{9}), simd::max(simd::vec<T>(T{-9}), x));
            const simd::vec<T> square = bounded * bounded, z = bounded * slope(square);
            const simd::vec<T> e = simd::exp(simd::vec<T>(T{0}) - z), s = one / (one + e);
            const simd::vec<T> dz = simd::fma(square, simd::vec<T>(static_cast<T>(3 * cubic)),
                                              simd::vec<T>(static_cast<T>(linear)));
            return dy * simd::fma(bounded * dz, e * s * s, s); // e s = 1 - s, which would lose digits
        }

    private:
        template <class T>
        CTNN_INLINE static simd::vec<T> slope(simd::vec<T> square)
        {
            return simd::fma(square, simd::vec<T>(static_cast<T>(cubic)),
                             simd::vec<T>(static_cast<T>(linear)));
        }
    };

    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass) { kernel::activate<function>(pass.y(), pass.x()); }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<function>(pass.dx(), pass.dy(), pass.x());
    }

    using self = NewGELU;
    static constexpr uses derivative_uses = uses::input; // it falls and rises: y does not tell x
    static constexpr bool in_place = true;
    static constexpr bool elementwise = true;
};

template <>
struct export_rule<NewGELU> {
    static std::string type(const extents& x) { return detail::embedded_type("new_gelu_layer", {x.size()}); }
};

} // namespace ctnn::inline CTNN_ARCH
