// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/optimizer_check.hpp"

using namespace ctnn;

TEST_CASE("Adagrad with its options, a hundred steps")
{
    const std::pair<std::string, AdagradOptions> cases[] = {
        {"plain", {}},
        {"decay", {.learning_rate = 0.1, .learning_rate_decay = 0.01, .weight_decay = 0.01}},
        {"initial", {.learning_rate = 0.1, .initial_accumulator_value = 0.1, .epsilon = 1e-3}}};
    for (const auto& [name, options] : cases)
        support::steps_as_pytorch("adagrad/" + name, [o = options](auto& model) {
            return Adagrad{model, o};
        });
}

TEST_CASE("Adagrad refuses options that cannot be meant, and begins each group where it says")
{
    Model<Sequential<Linear<2, 3>>, Train<2>> model;
    for (const AdagradOptions& bad : {AdagradOptions{.learning_rate = std::nan("")},
                                      {.learning_rate_decay = -1},
                                      {.weight_decay = -1},
                                      {.initial_accumulator_value = -0.1},
                                      {.epsilon = 0}})
        CHECK_THROWS_WITH_AS((Adagrad{model, bad}), doctest::Contains("[ctnn.option]"), Error);
    Adagrad grouped{model, {}, {{"*.bias", {.initial_accumulator_value = 0.5}}}};
    std::vector<float> first;
    grouped.for_each_state([&](const std::string& name, auto numbers) {
        if (name.starts_with("sum")) first.push_back(static_cast<float>(numbers[0]));
    });
    CHECK(first == std::vector<float>{0, 0.5F});
}
