// SPDX-License-Identifier: BSD-3-Clause
/// Functions of single numbers that another kernel can apply to its results before it stores them; `no_activation` is the plainest.
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

} // namespace ctnn::inline CTNN_ARCH::kernel
