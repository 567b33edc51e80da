// SPDX-License-Identifier: BSD-3-Clause
/// Functions of single numbers that another kernel can apply to its results before it stores them;
/// `no_activation` is the plainest.
#pragma once

#include <ctnn/core/facts.hpp>
#include <ctnn/simd/math.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y = tanh x, dx = dy (1 - y^2).
struct hyperbolic_tangent {
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

/// y = 1 / (1 + e^-x), dx = dy y (1 - y).
struct logistic {
    template <class T>
    CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
    {
        const simd::vec<T> one(T{1});
        return one / (one + simd::exp(simd::vec<T>(T{0}) - x));
    }
    template <class T>
    CTNN_INLINE simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> y) const
    {
        return dy * simd::fnma(y, y, y);
    }
};

/// y = max(0, x), dx = dy where y > 0. NaN stays NaN, in both directions.
struct rectifier {
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

/// y = x above 0 and slope x below, slope = Numerator / Denominator; dx = dy or slope dy.
template <std::size_t Numerator, std::size_t Denominator>
struct leaky_rectifier {
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

/// y = x P(z <= x) for a standard normal z. Its gradient needs x: dx = dy (P(z <= x) + x p(x)).
struct gaussian_error_unit {
    template <class T>
    CTNN_INLINE simd::vec<T> operator()(simd::vec<T> x) const
    {
        // Far below 0 the product of a huge number and 0, which for -inf would be NaN, is taken at -40: it is
        // -0 there.
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

} // namespace ctnn::inline CTNN_ARCH::kernel
