// SPDX-License-Identifier: BSD-3-Clause
/// The negative log likelihood of classes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include <ctnn/core/mode.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/loss/class_targets.hpp>
#include <ctnn/loss/reduction.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The meanings of torch.nn.NLLLoss's options.
struct NegativeLogLikelihoodOptions {
    std::optional<std::int64_t> ignore = {}; ///< a target that is no class, and not looked at
    std::vector<double> class_weights = {};  ///< one a class; all 1 if there are none
    Reduction reduction = Reduction::mean;
};

/// The mean over the batch of -log_chances[target], and its gradient: torch.nn.NLLLoss. For a network that
/// ends in logits `CrossEntropy` is this and the softmax in one.
///
///   log_chances : (B, ..., C) of T        targets : (B, ...) integers in 0..C-1
///   result      : loss and its gradient (B, ..., C), -1 / rows at each target and 0 elsewhere, a view of
///                 memory of this object, good until its next call
///   weights     : the mean is divided by the sum of the targets' class weights. All ignored: NaN, and a
///                 gradient of 0
///   errors, cost : as for CrossEntropy
template <Scalar T = float>
class NegativeLogLikelihood {
public:
    NegativeLogLikelihood() : NegativeLogLikelihood(NegativeLogLikelihoodOptions{}) {}
    explicit NegativeLogLikelihood(const NegativeLogLikelihoodOptions& options)
        : targets_(options.ignore, options.class_weights), reduction_(options.reduction)
    {}

    template <class X, class Targets>
    auto operator()(const X& log_chances, const Targets& targets)
    {
        if constexpr (detail::are_tensors<X, Targets>()) {
            const auto shape = detail::class_shape_of(log_chances);
            targets_.take(targets, shape);
            dx_.assign(shape.rows * shape.classes, T{0});
            const T* const x = detail::dense<T>(log_chances, copy_);
            const double share = detail::share_of_each(reduction_, targets_.total(), shape.logits[0]);
            losses_.assign(reduction_ == Reduction::none ? shape.rows : 0, T{0});
            double loss = 0;
            for (std::size_t r = 0; r < shape.rows; ++r) {
                if (targets_.ids()[r] == detail::class_targets::ignored) continue;
                const auto target = static_cast<std::size_t>(targets_.ids()[r]);
                const double weight = targets_.weight(target);
                const double of_row = -weight * static_cast<double>(x[r * shape.classes + target]);
                if (reduction_ == Reduction::none) losses_[r] = static_cast<T>(of_row);
                loss += of_row;
                dx_[r * shape.classes + target] = static_cast<T>(-weight * share);
            }
            return std::tuple{static_cast<T>(loss * share),
                              view_of(static_cast<const T*>(dx_.data()), shape.logits)};
        } else {
            return std::tuple{T{0}, view_of(static_cast<const T*>(nullptr), std::array<std::size_t, 2>{})};
        }
    }

    /// With Reduction::none, the loss of each row of the last call, in order.
    [[nodiscard]] const std::vector<T>& losses() const { return losses_; }

private:
    detail::class_targets targets_;
    Reduction reduction_;
    std::vector<T> dx_, losses_, copy_;
};
NegativeLogLikelihood() -> NegativeLogLikelihood<float>;
NegativeLogLikelihood(const NegativeLogLikelihoodOptions&) -> NegativeLogLikelihood<float>;

} // namespace ctnn::inline CTNN_ARCH
