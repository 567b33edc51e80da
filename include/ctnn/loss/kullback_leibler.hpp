// SPDX-License-Identifier: BSD-3-Clause
/// The divergence of two distributions.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <ctnn/loss/elementwise_loss.hpp>
#include <ctnn/simd/math.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The options of torch.nn.KLDivLoss.
struct KullbackLeiblerOptions {
    Reduction reduction = Reduction::mean; ///< batch_mean is the divergence as it is defined
    bool log_targets = false;              ///< the targets are logarithms too

    template <class T>
    detail::loss_and_slope<T> at(simd::vec<T> y, simd::vec<T> target, simd::vec<T> log_target) const
    {
        using V = simd::vec<T>;
        const V zero(T{0});
        if (log_targets) {
            const V p = simd::exp(target);
            return {p * (target - y), zero - p};
        }
        const V loss = target * (log_target - y); // of a target of 0 nothing, though y may be -inf
        return {simd::select<T>(target > zero, loss, simd::select<T>(target < zero, loss, target)),
                zero - target};
    }
    template <class T>
    const T* extra(const T* targets, std::size_t n, std::size_t, std::vector<T>& spare) const
    {
        if (log_targets) return nullptr;
        spare.resize(n);
        for (std::size_t i = 0; i < n; ++i) spare[i] = std::log(targets[i]);
        return spare.data();
    }
};

/// Of chances p (the targets) and the logarithms y of others the mean of p (log p - y), and its gradient:
/// torch.nn.KLDivLoss.
///
///   y, targets   : (B, ...) of T, the same extents; y as a log softmax gives it
///   result       : loss, and dy = -p / n for n numbers; 0 where p is 0, NaN where it is negative
///   errors, cost : as for MeanSquaredError
///   source       : Kullback & Leibler 1951 (doi:10.1214/aoms/1177729694)
template <Scalar T = float>
class KullbackLeibler : public detail::elementwise_loss<KullbackLeiblerOptions, T> {
public:
    using detail::elementwise_loss<KullbackLeiblerOptions, T>::elementwise_loss;
};
KullbackLeibler() -> KullbackLeibler<float>;
KullbackLeibler(const KullbackLeiblerOptions&) -> KullbackLeibler<float>;

} // namespace ctnn::inline CTNN_ARCH
