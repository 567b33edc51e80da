// SPDX-License-Identifier: BSD-3-Clause
/// Huber's loss.
#pragma once

#include <ctnn/loss/elementwise_loss.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The options of torch.nn.HuberLoss.
struct HuberOptions {
    double delta = 1; ///< from here on it is a line
    Reduction reduction = Reduction::mean;

    template <class T>
    detail::loss_and_slope<T> at(simd::vec<T> y, simd::vec<T> target, simd::vec<T>) const
    {
        using V = simd::vec<T>;
        const V d = y - target, size = simd::abs(d), most(static_cast<T>(delta)), half(T(0.5));
        return {simd::select<T>(size < most, half * d * d, most * (size - half * most)),
                simd::max(V(static_cast<T>(-delta)), simd::min(most, d))};
    }
    void check() const { detail::require_option("delta", delta, detail::above_zero, detail::largest_option); }
};

/// d^2 / 2 of d = y - target, and from |d| = delta on the line delta (|d| - delta / 2); its mean over all
/// numbers, and its gradient: torch.nn.HuberLoss.
///
///   y, targets   : (B, ...) of T, the same extents
///   errors       : those of MeanSquaredError; [ctnn.option] delta not above 0, or not finite
///   result, cost : as for MeanSquaredError
///   source       : Huber 1964 (doi:10.1214/aoms/1177703732)
template <Scalar T = float>
class Huber : public detail::elementwise_loss<HuberOptions, T> {
public:
    using detail::elementwise_loss<HuberOptions, T>::elementwise_loss;
};
Huber() -> Huber<float>;
Huber(const HuberOptions&) -> Huber<float>;

} // namespace ctnn::inline CTNN_ARCH
