// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/optimizer_check.hpp"

using namespace ctnn;

TEST_CASE("RMSprop with its options, a hundred steps")
{
    const std::pair<std::string, RmsPropOptions> cases[] = {
        {"plain", {}},
        {"decay", {.alpha = 0.9, .epsilon = 1e-3, .weight_decay = 0.01}},
        {"momentum", {.learning_rate = 1e-3, .momentum = 0.9}},
        {"centered", {.centered = true}},
        {"all", {.alpha = 0.95, .weight_decay = 0.1, .momentum = 0.5, .centered = true}}};
    for (const auto& [name, options] : cases)
        support::steps_as_pytorch("rms_prop/" + name, [o = options](auto& model) {
            return RmsProp{model, o};
        });
}

TEST_CASE("RMSprop refuses options that cannot be meant")
{
    Model<Sequential<Linear<2, 3>>, Train<2>> model;
    const double nan = std::nan("");
    for (const RmsPropOptions& bad : {RmsPropOptions{.learning_rate = nan},
                                      {.learning_rate = -0.1},
                                      {.alpha = 1},
                                      {.alpha = -0.1},
                                      {.epsilon = 0},
                                      {.epsilon = nan},
                                      {.weight_decay = -1},
                                      {.momentum = 1},
                                      {.momentum = std::numeric_limits<double>::infinity()}})
        CHECK_THROWS_WITH_AS((RmsProp{model, bad}), doctest::Contains("[ctnn.option]"), Error);
}

TEST_CASE("RMSprop keeps what its groups need, under PyTorch's names")
{
    Model<Sequential<Linear<2, 3>>, Train<2>> model;
    CHECK(support::state_names(RmsProp{model}) ==
          std::vector<std::string>{"learning_rate", "square_avg.0.weight", "square_avg.0.bias", "steps"});
    const RmsProp grouped{
        model, {.momentum = 0.9}, {{"*.bias", {.learning_rate = 0.1, .alpha = 0.5, .centered = true}}}};
    CHECK(support::state_names(grouped) ==
          std::vector<std::string>{"learning_rate", "square_avg.0.weight", "square_avg.0.bias",
                                   "grad_avg.0.weight", "grad_avg.0.bias", "momentum_buffer.0.weight",
                                   "momentum_buffer.0.bias", "steps"});
    CHECK(grouped.settings() == "RMSprop with alpha 0.99, epsilon 1e-08, weight decay 0, momentum 0.9; from "
                                "0.bias with rate 0.1 for 0.01, centered alpha 0.5, epsilon 1e-08, weight "
                                "decay 0, momentum 0.9");
}

TEST_CASE("a schedule does not round the rate of an optimizer in double")
{
    Model<Sequential<Linear<2, 3>>, Train<2>, double> model;
    RmsProp rms_prop{model, {.learning_rate = 1e-3}};
    rms_prop.set_learning_rate(MultiStep{1e-3, {5}}.at(0));
    CHECK(rms_prop.learning_rate() == 1e-3);
    CHECK_THROWS_WITH_AS((RmsProp{model, {.epsilon = 1e-38}}), doctest::Contains("epsilon is 1e-38"), Error);
}
