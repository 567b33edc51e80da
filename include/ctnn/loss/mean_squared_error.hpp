// SPDX-License-Identifier: BSD-3-Clause
/// The mean squared error.
#pragma once

#include <ctnn/loss/elementwise_loss.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The options of torch.nn.MSELoss.
struct MeanSquaredErrorOptions {
    Reduction reduction = Reduction::mean;

    template <class T>
    static detail::loss_and_slope<T> at(simd::vec<T> y, simd::vec<T> target, simd::vec<T>)
    {
        const auto d = y - target;
        return {d * d, d + d};
    }
};

/// The mean of (y - target)^2 over all numbers, and its gradient: torch.nn.MSELoss.
///
///   y, targets : (B, ...) of T, the same extents
///   result     : loss, and dy (B, ...) = 2 (y - targets) / n for n numbers; a view of memory of this object,
///                good until its next call
///   errors     : [ctnn.shape] other extents, or no numbers; (compile time) y is an xt::xarray
///   cost       : allocates at the first call and when there are more numbers, at no other time
template <Scalar T = float>
class MeanSquaredError : public detail::elementwise_loss<MeanSquaredErrorOptions, T> {
public:
    using detail::elementwise_loss<MeanSquaredErrorOptions, T>::elementwise_loss;
};
MeanSquaredError() -> MeanSquaredError<float>;
MeanSquaredError(const MeanSquaredErrorOptions&) -> MeanSquaredError<float>;

} // namespace ctnn::inline CTNN_ARCH
