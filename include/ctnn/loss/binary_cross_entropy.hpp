// SPDX-License-Identifier: BSD-3-Clause
/// Cross entropy of yes and no.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/loss/elementwise_loss.hpp>
#include <ctnn/simd/math.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The options of torch.nn.BCEWithLogitsLoss.
struct BinaryCrossEntropyOptions {
    std::vector<double> positive_weights = {}; ///< what a yes counts: one for all, or one for each last index
    Reduction reduction = Reduction::mean;

    template <class T>
    static detail::loss_and_slope<T> at(simd::vec<T> y, simd::vec<T> target, simd::vec<T> weight)
    {
        using V = simd::vec<T>;
        const V zero(T{0}), one(T{1}), no = one - target, yes = weight * target;
        const V e = simd::exp(zero - simd::abs(y)), rest = simd::log1p_of_part(e);
        // of y and of -y: the logarithm of 1 + e^y, and the logistic function
        const V up = simd::max(zero, y) + rest, down = simd::max(zero, zero - y) + rest;
        const V near = one / (one + e), far = e / (one + e);
        const auto above = y > zero;
        const V chance = simd::select<T>(above, near, far), other = simd::select<T>(above, far, near);
        return {no * up + yes * down, no * chance - yes * other};
    }
    /// The weight that goes with each element.
    template <class T>
    const T* extra(const T*, std::size_t n, std::size_t columns, std::vector<T>& spare) const
    {
        const std::size_t count = positive_weights.size();
        if (count == 0) return nullptr;
        if (count != 1 && count != columns)
            throw Error("ctnn.option", "there are " + std::to_string(count) + " positive weights for " +
                                           std::to_string(columns) + " columns");
        if (spare.size() != n) { // they stay the same from one call to the next
            spare.resize(n);
            for (std::size_t i = 0; i < n; ++i) spare[i] = static_cast<T>(positive_weights[i % count]);
        }
        return spare.data();
    }
    void check() const
    {
        for (const double w : positive_weights)
            detail::require_option("a positive weight", w, 0, detail::largest_option);
    }
};

/// Of logits y and targets from 0 (no) to 1 (yes) the mean of -target log s(y) - (1 - target) log(1 - s(y))
/// with the logistic function s, and its gradient: torch.nn.BCEWithLogitsLoss. Finite for every finite logit.
///
///   y, targets   : (B, ...) of T, the same extents
///   weights      : the first term is multiplied by the positive weight; above 1 it finds more of the yes
///   errors       : those of MeanSquaredError; [ctnn.option] a weight negative or not finite; neither one nor
///                  one for each last index of y
///   result, cost : as for MeanSquaredError
template <Scalar T = float>
class BinaryCrossEntropy : public detail::elementwise_loss<BinaryCrossEntropyOptions, T> {
public:
    using detail::elementwise_loss<BinaryCrossEntropyOptions, T>::elementwise_loss;
};
BinaryCrossEntropy() -> BinaryCrossEntropy<float>;
BinaryCrossEntropy(const BinaryCrossEntropyOptions&) -> BinaryCrossEntropy<float>;

} // namespace ctnn::inline CTNN_ARCH
