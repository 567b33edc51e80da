// SPDX-License-Identifier: BSD-3-Clause
/// Cross entropy of logits.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/options.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/kernel/softmax.hpp>
#include <ctnn/loss/class_targets.hpp>
#include <ctnn/loss/reduction.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The meanings of torch.nn.CrossEntropyLoss's options.
struct CrossEntropyOptions {
    std::optional<std::int64_t> ignore = {}; ///< a target that is no class, and not looked at
    std::vector<double> class_weights = {};  ///< one a class; all 1 if there are none
    double label_smoothing = 0;              ///< the share of a target that goes to all classes alike
    Reduction reduction = Reduction::mean;
};

/// The mean over the batch of -log softmax(logits)[target], and its gradient. Finite for every finite logit.
///
/// ```cpp
/// CrossEntropy criterion;                       // CrossEntropy criterion{{.ignore = -1}};
/// const auto [loss, dlogits] = criterion(model.forward(x), targets);
/// ```
///
///   logits  : (B, ..., C) of T
///   targets : (B, ...) integers in 0..C-1, or the share of each class, numbers of the shape of the logits
///   result  : loss, in nats, and dlogits (B, ..., C) = (softmax(logits) - one_hot(targets)) / rows; a view
///             of memory of this object, good until its next call
///   weights : the mean is divided by the sum of the targets' class weights, the smoothed part too; for
///             shares by the number of rows. All ignored: NaN, and a gradient of 0
///   errors  : [ctnn.shape] other extents, or no rows; [ctnn.class_id] a target out of range; [ctnn.option] a
///             weight negative or not finite, or not one a class; label_smoothing outside 0..1; `ignore`
///             with shares
///   cost    : allocates at the first call and when there are more rows, at no other time
template <Scalar T = float>
class CrossEntropy {
public:
    CrossEntropy() : CrossEntropy(CrossEntropyOptions{}) {}
    explicit CrossEntropy(const CrossEntropyOptions& options)
        : targets_(options.ignore, options.class_weights), smoothing_(options.label_smoothing),
          reduction_(options.reduction)
    {
        detail::require_option("label_smoothing", smoothing_, 0, 1);
    }

    /// The loss of a network that gives each class the same chance: -log(1 / classes).
    [[nodiscard]] static double of_equal_chances(std::size_t classes)
    {
        return std::log(static_cast<double>(classes));
    }

    template <class Logits, class Targets>
    auto operator()(const Logits& logits, const Targets& targets)
    {
        if constexpr (detail::are_tensors<Logits, Targets>()) {
            const auto shape = detail::class_shape_of(logits);
            const T loss = of(logits, targets, shape);
            return std::tuple{loss, view_of(std::as_const(dlogits_).data(), shape.logits)};
        } else {
            return std::tuple{T{0}, view_of(static_cast<const T*>(nullptr), std::array<std::size_t, 2>{})};
        }
    }

    /// With Reduction::none, the loss of each row of the last call, in order.
    [[nodiscard]] const std::vector<T>& losses() const { return losses_; }

private:
    detail::class_targets targets_;
    double smoothing_;
    Reduction reduction_;
    std::vector<T> dlogits_, losses_, copy_, shares_, base_;

    template <class Logits, class Targets, class Shape>
    T of(const Logits& logits, const Targets& targets, const Shape& shape)
    {
        constexpr bool soft = detail::soft_targets<Logits, Targets>;
        if constexpr (soft) {
            detail::require_shape("the tensor of targets", targets, shape.logits);
            targets_.require_weights(shape.classes);
            if (targets_.ignores())
                throw Error("ctnn.option",
                            "targets that are shares of each class have no id to ignore; leave `ignore` out");
        } else {
            targets_.take(targets, shape);
        }
        dlogits_.resize(shape.rows * shape.classes);
        const T* x = detail::dense<T>(logits, copy_);
        if constexpr (soft)
            return of_shares(x, detail::dense<T>(targets, shares_), shape.rows, shape.classes,
                             shape.logits[0]);
        else if (targets_.is_plain() && smoothing_ == 0 && reduction_ == Reduction::mean)
            return kernel::softmax_cross_entropy(dlogits_.data(), x, targets_.ids().data(), shape.rows,
                                                 shape.classes);
        else return of_ids(x, shape.rows, shape.classes, shape.logits[0]);
    }

    /// One class of each row, with all options.
    T of_ids(const T* x, std::size_t rows, std::size_t classes, std::size_t samples)
    {
        const double part = smoothing_ / static_cast<double>(classes);
        const T* const base = smoothing_ > 0 ? base_of(part, classes) : nullptr;
        double base_sum = 0;
        for (std::size_t c = 0; base != nullptr && c < classes; ++c) base_sum += part * targets_.weight(c);
        const double share = detail::share_of_each(reduction_, targets_.total(), samples);
        return over_rows(rows, share, [&](std::size_t r, T* dx) {
            const class_id id = targets_.ids()[r];
            if (id == detail::class_targets::ignored) {
                std::fill_n(dx, classes, T{0});
                return 0.0;
            }
            const auto target = static_cast<std::size_t>(id);
            return kernel::cross_entropy_row(dx, x + r * classes, base, base_sum,
                                             (1 - smoothing_) * targets_.weight(target), target, share,
                                             classes);
        });
    }

    /// A share of each class in each row, with all options.
    T of_shares(const T* x, const T* shares, std::size_t rows, std::size_t classes, std::size_t samples)
    {
        base_.resize(classes);
        const double part = smoothing_ / static_cast<double>(classes);
        const double share = detail::share_of_each(reduction_, static_cast<double>(rows), samples);
        return over_rows(rows, share, [&](std::size_t r, T* dx) {
            double sum = 0;
            for (std::size_t c = 0; c < classes; ++c) {
                const double target = static_cast<double>(shares[r * classes + c]) * (1 - smoothing_) + part;
                base_[c] = static_cast<T>(target * targets_.weight(c));
                sum += static_cast<double>(base_[c]);
            }
            return kernel::cross_entropy_row(dx, x + r * classes, base_.data(), sum, 0, 0, share, classes);
        });
    }

    const T* base_of(double part, std::size_t classes)
    {
        base_.resize(classes);
        for (std::size_t c = 0; c < classes; ++c) base_[c] = static_cast<T>(part * targets_.weight(c));
        return base_.data();
    }

    template <class Row>
    T over_rows(std::size_t rows, double share, Row row)
    {
        const std::size_t classes = dlogits_.size() / rows;
        losses_.resize(reduction_ == Reduction::none ? rows : 0);
        double loss = 0;
        for (std::size_t r = 0; r < rows; ++r) {
            const double of_row = row(r, dlogits_.data() + r * classes);
            if (reduction_ == Reduction::none) losses_[r] = kernel::finite_loss<T>(of_row);
            loss += of_row;
        }
        return kernel::finite_loss<T>(loss * share);
    }
};
CrossEntropy() -> CrossEntropy<float>;
CrossEntropy(const CrossEntropyOptions&) -> CrossEntropy<float>;

} // namespace ctnn::inline CTNN_ARCH
