// SPDX-License-Identifier: BSD-3-Clause
/// The smooth absolute error.
#pragma once

#include <ctnn/loss/elementwise_loss.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The options of torch.nn.SmoothL1Loss.
struct SmoothL1Options {
    double beta = 1; ///< from here on it is a line
    Reduction reduction = Reduction::mean;

    template <class T>
    detail::loss_and_slope<T> at(simd::vec<T> y, simd::vec<T> target, simd::vec<T>) const
    {
        using V = simd::vec<T>;
        const V d = y - target, width(static_cast<T>(beta)), half(T(0.5)), one(T{1});
        const V lowest(T{-1});
        if (static_cast<T>(beta) == 0) // where d is 0, PyTorch has -1; NaN stays
            return {simd::abs(d), simd::select<T>(d > V(T{0}), one, simd::max(lowest, simd::min(lowest, d)))};
        const V size = simd::abs(d), part = d / width;
        return {simd::select<T>(size < width, half * d * part, size - half * width),
                simd::max(lowest, simd::min(one, part))};
    }
    void check() const { detail::require_option("beta", beta, 0, detail::largest_option); }
};

/// d^2 / (2 beta) of d = y - target, and from |d| = beta on the line |d| - beta / 2; its mean over all
/// numbers, and its gradient: torch.nn.SmoothL1Loss. It is Huber's loss divided by beta; with beta 0, |d|.
///
///   y, targets   : (B, ...) of T, the same extents
///   errors       : those of MeanSquaredError; [ctnn.option] beta negative or not finite
///   result, cost : as for MeanSquaredError
///   source       : Girshick 2015, section 2.3 (arXiv:1504.08083)
template <Scalar T = float>
class SmoothL1 : public detail::elementwise_loss<SmoothL1Options, T> {
public:
    using detail::elementwise_loss<SmoothL1Options, T>::elementwise_loss;
};
SmoothL1() -> SmoothL1<float>;
SmoothL1(const SmoothL1Options&) -> SmoothL1<float>;

} // namespace ctnn::inline CTNN_ARCH
