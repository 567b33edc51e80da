// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/optimizer_check.hpp"

using namespace ctnn;

TEST_CASE("Adam with its options, a hundred steps")
{
    const std::pair<std::string, AdamOptions> cases[] = {
        {"plain", {}},
        {"betas", {.learning_rate = 0.02, .betas = {0.8, 0.95}, .epsilon = 1e-5}},
        {"decay", {.learning_rate = 0.01, .weight_decay = 0.1}},
        {"amsgrad", {.learning_rate = 0.01, .weight_decay = 0.1, .amsgrad = true}}};
    for (const auto& [name, options] : cases)
        support::steps_as_pytorch("adam/" + name, [o = options](auto& model) { return Adam{model, o}; });
}

TEST_CASE("AdamW with its options, a hundred steps")
{
    const std::pair<std::string, AdamWOptions> cases[] = {
        {"plain", {}},
        {"makemore", {.learning_rate = 5e-4, .betas = {0.9, 0.99}, .weight_decay = 0.01}},
        {"no_decay", {.weight_decay = 0}},
        {"amsgrad", {.learning_rate = 0.01, .weight_decay = 0.3, .amsgrad = true}}};
    for (const auto& [name, options] : cases)
        support::steps_as_pytorch("adam_w/" + name, [o = options](auto& model) { return AdamW{model, o}; });
}

TEST_CASE("Adam and AdamW refuse options that cannot be meant")
{
    Model<Sequential<Linear<2, 3>>, Train<2>> model;
    const double nan = std::nan("");
    for (const AdamOptions& bad : {AdamOptions{.learning_rate = nan},
                                   {.learning_rate = -0.1},
                                   {.betas = {1, 0.9}},
                                   {.betas = {-0.1, 0.9}},
                                   {.betas = {0.9, 1}},
                                   {.betas = {0.9, nan}},
                                   {.epsilon = 0},
                                   {.weight_decay = -1}})
        CHECK_THROWS_WITH_AS((Adam{model, bad}), doctest::Contains("[ctnn.option]"), Error);
    CHECK_THROWS_WITH_AS((AdamW{model, {}, {{"0.bias", {.betas = {0.9, 2}}}}}),
                         doctest::Contains("the second beta is 2"), Error);
}

TEST_CASE("Adam keeps what its groups need, under PyTorch's names")
{
    Model<Sequential<Linear<2, 3>>, Train<2>> model;
    CHECK(support::state_names(Adam{model}) ==
          std::vector<std::string>{"learning_rate", "exp_avg.0.weight", "exp_avg.0.bias",
                                   "exp_avg_sq.0.weight", "exp_avg_sq.0.bias", "steps"});
    const AdamW grouped{model, {}, {{"*.bias", {.betas = {0.5, 0.75}, .weight_decay = 0, .amsgrad = true}}}};
    CHECK(support::state_names(grouped).size() == 8);
    CHECK(grouped.settings() ==
          "AdamW with betas 0.9 and 0.999, epsilon 1e-08, weight decay 0.01; from 0.bias with amsgrad betas "
          "0.5 and 0.75, epsilon 1e-08, weight decay 0");
}

TEST_CASE("a group of AdamW steps as an AdamW of its own options")
{
    Generator g{3};
    using Net = Sequential<Linear<5, 7>, Tanh, Linear<7, 2>>;
    Model<Net, Train<4>> both{g}, decayed{both}, plain{both};
    AdamW grouped{both, {.weight_decay = 0.5}, {{"*.bias", {.weight_decay = 0}}}};
    AdamW all{decayed, {.weight_decay = 0.5}}, none{plain, {.weight_decay = 0}};
    for (int step = 0; step < 5; ++step) {
        const auto x = g.randn(4, 5), dy = g.randn(4, 2);
        const auto one = [&](auto& model, auto& optimizer) {
            model.forward(x);
            model.backward(dy);
            // the same gradients for all three
            std::copy_n(both.gradient_block(), both.block_size(), model.gradient_block());
            optimizer.step(model);
        };
        one(both, grouped);
        one(decayed, all);
        one(plain, none);
    }
    CHECK(both.parameter<"2.weight">() == decayed.parameter<"2.weight">());
    CHECK(both.parameter<"2.bias">() == plain.parameter<"2.bias">());
    CHECK(both.parameter<"2.bias">() != decayed.parameter<"2.bias">());
}
