// SPDX-License-Identifier: BSD-3-Clause
/// A loss against PyTorch's, and its gradient against differences.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include <doctest/doctest.h>

#include <ctnn/core/concepts.hpp>
#include <ctnn/core/tensor.hpp>

#include "fixtures.hpp"

namespace support {

/// A loss within 1e-6 of make_training.py's (with Reduction::none, each loss), a gradient within `bound`.
template <class Criterion, class Y, class Targets>
    requires ctnn::Loss<Criterion, Y, Targets>
void loss_as_pytorch(const std::string& name, Criterion& criterion, const Y& y, const Targets& targets,
                     double bound = 1e-6)
{
    CAPTURE(name);
    const Fixture& theirs = training()["loss/" + name];
    const auto [loss, dy] = criterion(y, targets);
    if (theirs.values.size() > 1) {
        const auto& each = criterion.losses();
        CHECK(relative_error(xt::adapt(each, {each.size()}), theirs) <= 1e-6);
    } else {
        CHECK(relative_error(xt::xtensor<float, 1>{loss}, theirs) <= 1e-6);
    }
    CHECK(relative_error(dy, training()["loss/" + name + "/dy"]) <= bound);
}

/// The gradient of a loss in double is a central difference of the loss over 2 h, within `bound`. A loss is
/// rounded to some 1e-16 of what is summed up, so that h = 1e-6 leaves up to 3e-9 for those tried.
template <class Criterion, class Targets, std::size_t Rank>
void gradient_as_difference(Criterion& criterion, xt::xtensor<double, Rank> y, const Targets& targets,
                            double bound = 1e-8, double h = 1e-6)
{
    const double scale = std::max(1.0, std::fabs(std::get<0>(criterion(y, targets))) / 10);
    const xt::xtensor<double, Rank> analytic = std::get<1>(criterion(y, targets));
    for (std::size_t i = 0; i < y.size(); ++i) {
        const double before = y.data()[i];
        y.data()[i] = before + h;
        const double above = std::get<0>(criterion(y, targets));
        y.data()[i] = before - h;
        const double numeric = (above - std::get<0>(criterion(y, targets))) / (2 * h);
        y.data()[i] = before;
        CHECK(std::fabs(analytic.data()[i] - numeric) <= bound * scale);
    }
}

} // namespace support
