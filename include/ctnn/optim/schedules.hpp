// SPDX-License-Identifier: BSD-3-Clause
/// Learning rates that change from step to step: plain functions of the step.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/options.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A schedule says the learning rate of a step, counted from 0.
///
/// ```cpp
/// const LinearWarmUp schedule{500, CosineAnnealing{1e-3, 9'500}};
/// for (std::size_t step = 0; step < 10'000; ++step) {
///     adam.set_learning_rate(schedule.at(step));
///     ...
/// }
/// ```
template <class S>
concept Schedule = requires(const S& schedule, std::size_t step) {
    {
        schedule.at(step)
    } -> std::convertible_to<double>;
};

namespace detail {

inline void require_rate(double rate) { require_option("a learning rate", rate, 0, largest_option); }
inline void require_factor(double factor)
{
    require_option("the factor of a learning rate", factor, 0, largest_option);
}
inline void require_steps(std::size_t steps)
{
    if (steps == 0) throw Error("ctnn.option", "a schedule has a stretch of 0 steps, expected at least 1");
}

} // namespace detail

/// `initial`, multiplied by `gamma` at each of the `milestones`; one that is given twice counts twice.
/// torch.optim.lr_scheduler.MultiStepLR.
///
/// ```cpp
/// const MultiStep schedule{0.1, {100'000}}; // 0.1, and 0.01 from step 100,000 on
/// ```
///
///   errors : [ctnn.option] initial or gamma negative or not finite
class MultiStep {
public:
    MultiStep(double initial, std::vector<std::size_t> milestones, double gamma = 0.1)
        : initial_(initial), gamma_(gamma), milestones_(std::move(milestones))
    {
        detail::require_rate(initial);
        detail::require_factor(gamma);
    }
    [[nodiscard]] double at(std::size_t step) const
    {
        double rate = initial_;
        for (const std::size_t m : milestones_)
            if (step >= m) rate *= gamma_;
        return rate;
    }

private:
    double initial_, gamma_;
    std::vector<std::size_t> milestones_;
};

/// `initial`, multiplied by `gamma` every `steps` steps. torch.optim.lr_scheduler.StepLR.
///   errors : [ctnn.option] initial or gamma negative or not finite; no steps
class StepLR {
public:
    StepLR(double initial, std::size_t steps, double gamma = 0.1)
        : initial_(initial), gamma_(gamma), steps_(steps)
    {
        detail::require_rate(initial);
        detail::require_factor(gamma);
        detail::require_steps(steps);
    }
    [[nodiscard]] double at(std::size_t step) const
    {
        return initial_ * std::pow(gamma_, static_cast<double>(step / steps_));
    }

private:
    double initial_, gamma_;
    std::size_t steps_;
};

/// initial * gamma^step. torch.optim.lr_scheduler.ExponentialLR.
///   errors : [ctnn.option] initial or gamma negative or not finite
class ExponentialLR {
public:
    ExponentialLR(double initial, double gamma) : initial_(initial), gamma_(gamma)
    {
        detail::require_rate(initial);
        detail::require_factor(gamma);
    }
    [[nodiscard]] double at(std::size_t step) const
    {
        return initial_ * std::pow(gamma_, static_cast<double>(step));
    }

private:
    double initial_, gamma_;
};

/// Half a cosine from `initial` down to `lowest` at step `steps`; after that it goes up again, as in
/// torch.optim.lr_scheduler.CosineAnnealingLR.
///   errors : [ctnn.option] a rate negative or not finite; no steps
///   source : Loshchilov & Hutter 2016 (arXiv:1608.03983), without the restarts
class CosineAnnealing {
public:
    CosineAnnealing(double initial, std::size_t steps, double lowest = 0)
        : initial_(initial), lowest_(lowest), steps_(steps)
    {
        detail::require_rate(initial);
        detail::require_rate(lowest);
        detail::require_steps(steps);
    }
    [[nodiscard]] double at(std::size_t step) const
    {
        const double part = static_cast<double>(step) / static_cast<double>(steps_);
        return lowest_ + (initial_ - lowest_) * (1 + std::cos(std::numbers::pi * part)) / 2;
    }

private:
    double initial_, lowest_;
    std::size_t steps_;
};

/// The names and meanings of torch.optim.lr_scheduler.OneCycleLR; `linear` for anneal_strategy='linear'.
struct OneCycleOptions {
    double pct_start = 0.3;
    double div_factor = 25;
    double final_div_factor = 1e4;
    double base_momentum = 0.85, max_momentum = 0.95;
    bool linear = false;
    bool three_phase = false;
};

/// One rise and one fall over the whole training: from largest / div_factor up to `largest`, and down to
/// 1 / final_div_factor of where it began, while the momentum goes the other way.
///
/// ```cpp
/// const OneCycle cycle{0.1, 10'000};
/// sgd.set_learning_rate(cycle.at(step));
/// sgd.set_momentum(cycle.momentum_at(step));
/// ```
///
///   errors : [ctnn.option] a rate or divisor negative, 0 (a divisor) or not finite; pct_start outside 0..1;
///            momentum outside 0..1 (1 excluded); no steps; a step after the last
///   source : Smith & Topin 2017 (arXiv:1708.07120)
class OneCycle {
public:
    OneCycle(double largest, std::size_t steps, OneCycleOptions options = {})
        : steps_(static_cast<double>(steps)), options_(options)
    {
        const auto& o = options_;
        detail::require_rate(largest);
        detail::require_option("div_factor", o.div_factor, detail::above_zero, detail::largest_option);
        detail::require_option("final_div_factor", o.final_div_factor, detail::above_zero,
                               detail::largest_option);
        detail::require_option("base_momentum", o.base_momentum, 0, detail::below_one);
        detail::require_option("max_momentum", o.max_momentum, 0, detail::below_one);
        detail::require_option("pct_start", o.pct_start, 0, 1);
        detail::require_steps(steps);
        const double initial = largest / o.div_factor, last = steps_ - 1;
        const double top = o.pct_start * steps_ - 1;
        if (o.three_phase)
            phases_ = {{{top, initial, largest, o.max_momentum, o.base_momentum},
                        {2 * o.pct_start * steps_ - 2, largest, initial, o.base_momentum, o.max_momentum},
                        {last, initial, initial / o.final_div_factor, o.max_momentum, o.max_momentum}}};
        else
            phases_ = {{{top, initial, largest, o.max_momentum, o.base_momentum},
                        {last, largest, initial / o.final_div_factor, o.base_momentum, o.max_momentum},
                        {last, 0, 0, 0, 0}}};
    }
    [[nodiscard]] double at(std::size_t step) const
    {
        const auto [phase, part] = place(step);
        return between(phase.rate, phase.next_rate, part);
    }
    /// The momentum of a step, or Adam's first beta.
    [[nodiscard]] double momentum_at(std::size_t step) const
    {
        const auto [phase, part] = place(step);
        return between(phase.momentum, phase.next_momentum, part);
    }

private:
    struct stretch {
        double end = 0, rate = 0, next_rate = 0, momentum = 0, next_momentum = 0;
    };
    double steps_;
    OneCycleOptions options_;
    std::array<stretch, 3> phases_;

    struct place_in {
        stretch phase;
        double part = 0;
    };
    /// The phase of a step, and which part of it is over.
    [[nodiscard]] place_in place(std::size_t step) const
    {
        const auto t = static_cast<double>(step);
        if (t > steps_)
            throw Error("ctnn.option", "step " + std::to_string(step) + " comes after the " +
                                           detail::option_text(steps_) + " of a one-cycle schedule");
        const std::size_t last = options_.three_phase ? 2 : 1;
        std::size_t i = 0;
        double start = 0;
        for (; i < last && t > phases_[i].end; ++i) start = phases_[i].end;
        const double length = phases_[i].end - start;
        return {phases_[i], length > 0 ? (t - start) / length : 1};
    }
    [[nodiscard]] double between(double a, double b, double part) const
    {
        return options_.linear ? a + (b - a) * part
                               : b + (a - b) / 2 * (1 + std::cos(std::numbers::pi * part));
    }
};

/// Before any schedule: `steps` steps that rise along a line from start_factor of its first rate to all of
/// it; then the schedule from its step 0 on. torch.optim.lr_scheduler.SequentialLR of a LinearLR and that.
///
/// ```cpp
/// const LinearWarmUp schedule{500, MultiStep{0.1, {}}}; // and 0.1 from then on
/// ```
///
///   errors : [ctnn.option] start_factor outside 0..1
template <Schedule Then>
class LinearWarmUp {
public:
    LinearWarmUp(std::size_t steps, Then then, double start_factor = 1.0 / 3)
        : steps_(steps), then_(std::move(then)), start_factor_(start_factor)
    {
        detail::require_option("start_factor", start_factor, 0, 1);
    }
    [[nodiscard]] double at(std::size_t step) const
    {
        if (step >= steps_) return then_.at(step - steps_);
        const double part = static_cast<double>(step) / static_cast<double>(steps_);
        return then_.at(0) * (start_factor_ + (1 - start_factor_) * part);
    }

private:
    std::size_t steps_;
    Then then_;
    double start_factor_;
};

/// The names and meanings of torch.optim.lr_scheduler.ReduceLROnPlateau; `larger_is_better` for mode='max',
/// `absolute` for threshold_mode='abs'.
struct ReduceOnPlateauOptions {
    double factor = 0.1;
    std::size_t patience = 10;
    double threshold = 1e-4;
    std::size_t cooldown = 0;
    double min_learning_rate = 0;
    double epsilon = 1e-8;
    bool larger_is_better = false;
    bool absolute = false;
};

/// A rate that is multiplied by `factor` when a metric has not become better for more than `patience`
/// evaluations. It remembers, so it is told each metric once, and a checkpoint can keep it.
///
/// ```cpp
/// ReduceOnPlateau plateau{0.1, {.patience = 5}};
/// if (step % 1000 == 0) sgd.set_learning_rate(plateau.after(validation_loss));
/// ```
///
///   better : by more than `threshold`, as a share of the best or absolute; NaN is not
///   errors : [ctnn.option] a rate, threshold or epsilon negative or not finite; factor outside 0..1 (1
///            excluded)
class ReduceOnPlateau {
public:
    explicit ReduceOnPlateau(double initial, const ReduceOnPlateauOptions& options = {})
        : options_(options), rate_(initial),
          best_(options.larger_is_better ? -std::numeric_limits<double>::max()
                                         : std::numeric_limits<double>::max())
    {
        detail::require_rate(initial);
        detail::require_rate(options.min_learning_rate);
        detail::require_option("the factor of a plateau", options.factor, 0, detail::below_one);
        detail::require_option("the threshold of a plateau", options.threshold, 0, detail::largest_option);
        detail::require_option("the epsilon of a plateau", options.epsilon, 0, detail::largest_option);
    }

    /// The rate to go on with after an evaluation that gave `metric`.
    double after(double metric)
    {
        if (is_better(metric)) {
            best_ = metric;
            bad_ = 0;
        } else {
            ++bad_;
        }
        if (cooldown_ > 0) {
            --cooldown_;
            bad_ = 0;
        }
        if (static_cast<std::size_t>(bad_) > options_.patience) {
            const double lower = std::max(rate_ * options_.factor, options_.min_learning_rate);
            if (rate_ - lower > options_.epsilon) rate_ = lower;
            cooldown_ = static_cast<std::int64_t>(options_.cooldown);
            bad_ = 0;
        }
        return rate_;
    }
    [[nodiscard]] double learning_rate() const { return rate_; }

    /// f(name, numbers) for all that a checkpoint keeps.
    template <class F>
    void for_each_state(F&& f)
    {
        f("rate", std::span<double>(&rate_, 1));
        f("best", std::span<double>(&best_, 1));
        f("bad", std::span<std::int64_t>(&bad_, 1));
        f("cooldown", std::span<std::int64_t>(&cooldown_, 1));
    }
    [[nodiscard]] std::string settings() const
    {
        const auto& o = options_;
        return "plateau with factor " + detail::option_text(o.factor) + ", patience " +
               std::to_string(o.patience) + ", threshold " + detail::option_text(o.threshold) +
               (o.absolute ? " absolute" : "") + (o.larger_is_better ? " upwards" : "") + ", cooldown " +
               std::to_string(o.cooldown) + ", lowest " + detail::option_text(o.min_learning_rate) +
               ", epsilon " + detail::option_text(o.epsilon);
    }

private:
    ReduceOnPlateauOptions options_;
    double rate_, best_;
    std::int64_t bad_ = 0, cooldown_ = 0;

    [[nodiscard]] bool is_better(double metric) const
    {
        const bool larger = options_.larger_is_better;
        const double by = options_.threshold;
        if (options_.absolute) return larger ? metric > best_ + by : metric < best_ - by;
        return larger ? metric > best_ * (by + 1) : metric < best_ * (1 - by);
    }
};

} // namespace ctnn::inline CTNN_ARCH
