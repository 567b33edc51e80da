// SPDX-License-Identifier: BSD-3-Clause
/// How good answers are, counted over batches of any size.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <ctnn/core/class_ids.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/loss/class_targets.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// f(logits of a row, its class) for each row that is not ignored, of logits (B, ..., C) and ids (B, ...).
template <class Logits, class Targets, class F>
void for_each_row(class_targets& targets, std::vector<double>& copy, const Logits& logits,
                  const Targets& given, F f)
{
    const auto shape = class_shape_of(logits);
    targets.take(given, shape);
    const double* x = dense<double>(logits, copy);
    for (std::size_t r = 0; r < shape.rows; ++r, x += shape.classes)
        if (targets.ids()[r] != class_targets::ignored)
            f(x, static_cast<std::size_t>(targets.ids()[r]), shape.classes);
}
/// A share of none is NaN.
constexpr double share_of(std::size_t part, std::size_t all)
{
    return all == 0 ? std::numeric_limits<double>::quiet_NaN()
                    : static_cast<double>(part) / static_cast<double>(all);
}

} // namespace detail

/// The share of targets whose class is among the k of the largest logits. Of equal logits the first counts as
/// the larger, as in torch.argmax; NaN is never among them.
///
/// ```cpp
/// Accuracy accuracy;                  // TopK accuracy{5}
/// accuracy.add(model.forward(x), y);  // for each batch
/// accuracy.value();
/// ```
///
///   logits  : (B, ..., C)       targets : (B, ...) integers in 0..C-1, or what is to be ignored
///   errors  : [ctnn.shape] other extents; [ctnn.class_id] a target out of range; [ctnn.option] k is 0
class TopK {
public:
    explicit TopK(std::size_t k, std::optional<std::int64_t> ignore = {}) : k_(k), targets_(ignore, {})
    {
        if (k == 0) throw Error("ctnn.option", "no class is among the 0 largest, expected k above 0");
    }

    template <class Logits, class Targets>
    void add(const Logits& logits, const Targets& targets)
    {
        if constexpr (detail::are_tensors<Logits, Targets>())
            detail::for_each_row(targets_, copy_, logits, targets,
                                 [&](const double* x, std::size_t target, std::size_t classes) {
                                     std::size_t larger = 0;
                                     for (std::size_t c = 0; c < classes; ++c)
                                         larger += x[c] > x[target] || (x[c] == x[target] && c < target);
                                     ++count_;
                                     right_ += larger < k_ && !std::isnan(x[target]);
                                 });
    }
    /// NaN before the first target.
    [[nodiscard]] double value() const { return detail::share_of(right_, count_); }
    [[nodiscard]] std::size_t count() const { return count_; }
    void reset() { right_ = count_ = 0; }
    /// Adds what another has counted.
    void merge(const TopK& other)
    {
        right_ += other.right_;
        count_ += other.count_;
    }

private:
    std::size_t k_, right_ = 0, count_ = 0;
    detail::class_targets targets_;
    std::vector<double> copy_;
};
/// The share of targets whose class has the largest logit.
class Accuracy : public TopK {
public:
    explicit Accuracy(std::optional<std::int64_t> ignore = {}) : TopK(1, ignore) {}
};

/// How often each class was taken for each: of class i taken for class j, `at(i, j)`. The class with the
/// first of the largest logits is taken, whatever is NaN beside it.
///
///   precision : of those taken for a class, the share that is of it
///   recall    : of those of a class, the share taken for it
///   f1        : their harmonic mean, 2 right / (taken + of the class)
///   A share of none is NaN; the means over classes leave such out, as scikit-learn's with zero_division=nan
///   errors    : as for TopK; [ctnn.shape] logits of another number of classes
class ConfusionMatrix {
public:
    explicit ConfusionMatrix(std::size_t classes, std::optional<std::int64_t> ignore = {})
        : classes_(classes), counts_(classes * classes), targets_(ignore, {})
    {
        if (classes == 0) throw Error("ctnn.option", "a confusion matrix has at least one class");
    }

    template <class Logits, class Targets>
    void add(const Logits& logits, const Targets& targets)
    {
        if constexpr (detail::are_tensors<Logits, Targets>())
            detail::for_each_row(targets_, copy_, logits, targets,
                                 [&](const double* x, std::size_t target, std::size_t n) {
                                     require_classes(n);
                                     std::size_t best = 0;
                                     for (std::size_t c = 1; c < n; ++c)
                                         best = x[c] > x[best] || std::isnan(x[best]) ? c : best;
                                     ++counts_[target * n + best];
                                 });
    }
    [[nodiscard]] std::size_t classes() const { return classes_; }
    [[nodiscard]] std::size_t at(std::size_t is, std::size_t taken_for) const
    {
        return counts_[is * classes_ + taken_for];
    }
    [[nodiscard]] std::size_t count() const
    {
        std::size_t n = 0;
        for (const std::size_t c : counts_) n += c;
        return n;
    }
    [[nodiscard]] double accuracy() const
    {
        std::size_t right = 0;
        for (std::size_t c = 0; c < classes_; ++c) right += at(c, c);
        return detail::share_of(right, count());
    }
    [[nodiscard]] double precision(std::size_t c) const { return detail::share_of(at(c, c), taken_for(c)); }
    [[nodiscard]] double recall(std::size_t c) const { return detail::share_of(at(c, c), of_class(c)); }
    [[nodiscard]] double f1(std::size_t c) const
    {
        return detail::share_of(2 * at(c, c), taken_for(c) + of_class(c));
    }
    [[nodiscard]] double precision() const
    {
        return mean([&](std::size_t c) { return precision(c); });
    }
    [[nodiscard]] double recall() const
    {
        return mean([&](std::size_t c) { return recall(c); });
    }
    [[nodiscard]] double f1() const
    {
        return mean([&](std::size_t c) { return f1(c); });
    }
    void reset() { std::fill(counts_.begin(), counts_.end(), std::size_t{0}); }
    /// Adds what another of as many classes has counted.
    ///   errors : [ctnn.shape] another number of classes
    void merge(const ConfusionMatrix& other)
    {
        require_classes(other.classes_);
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    }

private:
    std::size_t classes_;
    std::vector<std::size_t> counts_;
    detail::class_targets targets_;
    std::vector<double> copy_;

    void require_classes(std::size_t n) const
    {
        if (n != classes_)
            throw Error("ctnn.shape", "the logits are of " + std::to_string(n) +
                                          " classes, the confusion matrix of " + std::to_string(classes_));
    }
    [[nodiscard]] std::size_t taken_for(std::size_t c) const
    {
        std::size_t n = 0;
        for (std::size_t is = 0; is < classes_; ++is) n += at(is, c);
        return n;
    }
    [[nodiscard]] std::size_t of_class(std::size_t c) const
    {
        std::size_t n = 0;
        for (std::size_t j = 0; j < classes_; ++j) n += at(c, j);
        return n;
    }
    template <class F>
    [[nodiscard]] double mean(F f) const
    {
        double sum = 0;
        std::size_t n = 0;
        for (std::size_t c = 0; c < classes_; ++c)
            if (const double value = f(c); !std::isnan(value)) {
                sum += value;
                ++n;
            }
        return n == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(n);
    }
};

/// How far numbers are from their targets.
///
///   mean_squared_error, mean_absolute_error : over all numbers
///   r2 : 1 - (sum of squared errors) / (sum of squared distances of the targets from their mean): 1 is
///        exact, 0 is as good as always answering the mean. NaN if all targets are equal
///   errors : [ctnn.shape] y and targets of different extents
class RegressionErrors {
public:
    template <class Y, class Targets>
    void add(const Y& y, const Targets& targets)
    {
        if constexpr (detail::are_tensors<Y, Targets>()) {
            if (!std::equal(y.shape().begin(), y.shape().end(), targets.shape().begin(),
                            targets.shape().end()))
                throw Error("ctnn.shape", "the answers have shape " + shape_text(y.shape()) +
                                              ", the targets " + shape_text(targets.shape()));
            const double* const ours = detail::dense<double>(y, y_);
            const double* const theirs = detail::dense<double>(targets, targets_);
            for (std::size_t i = 0; i < y.size(); ++i) add(ours[i], theirs[i]);
        }
    }
    [[nodiscard]] std::size_t count() const { return count_; }
    [[nodiscard]] double mean_squared_error() const { return squares_ / static_cast<double>(count_); }
    [[nodiscard]] double root_mean_squared_error() const { return std::sqrt(mean_squared_error()); }
    [[nodiscard]] double mean_absolute_error() const { return absolute_ / static_cast<double>(count_); }
    [[nodiscard]] double r2() const
    {
        return spread_ > 0 ? 1 - squares_ / spread_ : std::numeric_limits<double>::quiet_NaN();
    }
    void reset() { *this = RegressionErrors{}; }
    /// Adds what another has seen.
    ///   source : Chan, Golub & LeVeque 1979, for the spread of the two together
    void merge(const RegressionErrors& other)
    {
        if (other.count_ == 0) return;
        const auto n = static_cast<double>(count_), m = static_cast<double>(other.count_);
        const double apart = other.mean_ - mean_;
        squares_ += other.squares_;
        absolute_ += other.absolute_;
        spread_ += other.spread_ + apart * apart * (n * m / (n + m));
        mean_ += apart * (m / (n + m));
        count_ += other.count_;
    }

private:
    std::size_t count_ = 0;
    double squares_ = 0, absolute_ = 0, mean_ = 0, spread_ = 0;
    std::vector<double> y_, targets_;

    void add(double y, double target)
    {
        const double error = y - target, before = target - mean_;
        squares_ += error * error;
        absolute_ += std::fabs(error);
        ++count_;
        mean_ += before / static_cast<double>(count_); // Welford's, so that a large mean costs no digits
        spread_ += before * (target - mean_);
    }
};

/// A mean of losses of batches, each times the number of its rows; `perplexity` is e to it.
class MeanLoss {
public:
    /// loss : the mean over `count` rows
    void add(double loss, std::size_t count)
    {
        sum_ += loss * static_cast<double>(count);
        count_ += count;
    }
    [[nodiscard]] double value() const { return sum_ / static_cast<double>(count_); }
    [[nodiscard]] double perplexity() const { return std::exp(value()); }
    [[nodiscard]] std::size_t count() const { return count_; }
    void reset() { *this = MeanLoss{}; }
    /// Adds what another has seen.
    void merge(const MeanLoss& other)
    {
        sum_ += other.sum_;
        count_ += other.count_;
    }

private:
    double sum_ = 0;
    std::size_t count_ = 0;
};

} // namespace ctnn::inline CTNN_ARCH
