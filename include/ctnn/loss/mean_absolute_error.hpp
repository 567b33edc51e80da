// SPDX-License-Identifier: BSD-3-Clause
/// The mean absolute error.
#pragma once

#include <ctnn/loss/elementwise_loss.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The options of torch.nn.L1Loss.
struct MeanAbsoluteErrorOptions {
    Reduction reduction = Reduction::mean;

    template <class T>
    static detail::loss_and_slope<T> at(simd::vec<T> y, simd::vec<T> target, simd::vec<T>)
    {
        return detail::absolute_value(y - target);
    }
};

/// The mean of |y - target| over all numbers, and its gradient: torch.nn.L1Loss.
///
///   y, targets   : (B, ...) of T, the same extents
///   result       : loss, and dy (B, ...) = sign(y - targets) / n for n numbers, 0 where they are equal
///   errors, cost : as for MeanSquaredError
template <Scalar T = float>
class MeanAbsoluteError : public detail::elementwise_loss<MeanAbsoluteErrorOptions, T> {
public:
    using detail::elementwise_loss<MeanAbsoluteErrorOptions, T>::elementwise_loss;
};
MeanAbsoluteError() -> MeanAbsoluteError<float>;
MeanAbsoluteError(const MeanAbsoluteErrorOptions&) -> MeanAbsoluteError<float>;

} // namespace ctnn::inline CTNN_ARCH
