// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "support/optimizer_check.hpp"

using namespace ctnn;

TEST_CASE("Sgd with its options, a hundred steps")
{
    const std::pair<std::string, SgdOptions> cases[] = {
        {"plain", {}},
        {"decay", {.weight_decay = 0.01F}},
        {"momentum", {.momentum = 0.9F}},
        {"dampening", {.momentum = 0.9F, .dampening = 0.3}},
        {"nesterov", {.momentum = 0.9F, .weight_decay = 0.01F, .nesterov = true}}};
    for (const auto& [name, options] : cases)
        support::steps_as_pytorch("sgd/" + name, [o = options](auto& model) { return Sgd{model, o}; });
}

TEST_CASE("a schedule moves the momentum too")
{
    const OneCycle cycle{0.5, 101};
    support::steps_as_pytorch(
        "sgd/one_cycle",
        [](auto& model) {
            return Sgd{model, {.momentum = 0.9F}};
        },
        [&](auto& sgd, std::size_t step) {
            sgd.set_learning_rate(cycle.at(step));
            sgd.set_momentum(cycle.momentum_at(step));
        });
    Model<Sequential<Linear<2, 3>>, Train<2>> model;
    Sgd plain{model}, moved{model, {.momentum = 0.5F}};
    CHECK_THROWS_WITH_AS(plain.set_momentum(0.9), doctest::Contains("made without momentum"), Error);
    CHECK_THROWS_WITH_AS(moved.set_momentum(1), doctest::Contains("momentum is 1"), Error);
    const std::string settings = moved.settings();
    moved.set_momentum(0.9);
    CHECK(moved.settings() == settings);
}

TEST_CASE("options that cannot be meant are refused when the optimizer is made")
{
    Model<Sequential<Linear<2, 3>>, Train<2>> model;
    constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                    inf = std::numeric_limits<float>::infinity();
    for (const SgdOptions& bad : {SgdOptions{.learning_rate = nan},
                                  {.learning_rate = -0.1F},
                                  {.learning_rate = inf},
                                  {.momentum = 1},
                                  {.momentum = -0.5F},
                                  {.momentum = nan},
                                  {.weight_decay = -1},
                                  {.momentum = 0.9F, .dampening = 0.1, .nesterov = true},
                                  {.nesterov = true}})
        CHECK_THROWS_WITH_AS((Sgd{model, bad}), doctest::Contains("[ctnn.option]"), Error);
    Sgd sgd{model, {.learning_rate = 0.5F}};
    CHECK_THROWS_WITH_AS(sgd.set_learning_rate(static_cast<double>(nan)),
                         doctest::Contains("learning rate is nan"), Error);
    CHECK(sgd.learning_rate() == 0.5F);
}
