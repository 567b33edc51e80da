// SPDX-License-Identifier: BSD-3-Clause
/// A learning rate that falls at given steps.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>

namespace ctnn::inline CTNN_ARCH {

/// `initial`, multiplied by `gamma` at each of the `milestones`, as torch.optim.lr_scheduler.MultiStepLR.
///
/// ```cpp
/// const MultiStep schedule{0.1, {100'000}};               // 0.1, and 0.01 from step 100,000 on
/// sgd.set_learning_rate(schedule.at(step));
/// ```
///
///   errors : [ctnn.option] initial or gamma negative or not finite
class MultiStep {
public:
    MultiStep(double initial, std::vector<std::size_t> milestones, double gamma = 0.1)
        : initial_(initial), gamma_(gamma), milestones_(std::move(milestones))
    {
        if (!(initial >= 0 && std::isfinite(initial)) || !(gamma >= 0 && std::isfinite(gamma)))
            throw Error(
                "ctnn.option",
                "a step schedule needs a finite learning rate and factor that are not negative, found " +
                    std::to_string(initial) + " and " + std::to_string(gamma));
    }

    /// The learning rate of a step, counted from 0.
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

} // namespace ctnn::inline CTNN_ARCH
