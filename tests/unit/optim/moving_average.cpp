// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <doctest/doctest.h>

#include "support/optimizer_check.hpp"

using namespace ctnn;
using support::relative_error;
using support::training;

TEST_CASE("an average of the weights, as PyTorch's operations give it")
{
    Generator g{42};
    support::OneWeightModel model;
    model.parameter<"1.weight">() = g.randn(13, 29);
    ExponentialMovingAverage average{model, 0.9};
    for (int step = 0; step < 100; ++step) {
        model.parameter<"1.weight">() = g.randn(13, 29);
        average.update(model);
    }
    CHECK(relative_error(average.weights().parameter<"1.weight">(), training()["moving_average"]) <=
          support::steps_differ_by);
    CHECK_THROWS_AS((ExponentialMovingAverage{model, 1}), Error);
    CHECK(ExponentialMovingAverage{model}.settings() == "average with decay 0.999");
}

TEST_CASE("an average has the model's buffers, and answers in its place")
{
    Generator g{1};
    using Network = Sequential<Linear<3, 4>, BatchNorm<4>, Fixed<Linear<4, 2>>>;
    Model<Network, Train<8>> model{g};
    ExponentialMovingAverage average{model, 0};
    Sgd sgd{model};
    for (int step = 0; step < 3; ++step) {
        model.forward(g.randn(8, 3));
        model.backward(g.randn(8, 2));
        sgd.step(model);
        average.update(model);
    }
    const auto x = g.randn(5, 3);
    // of decay 0 it is the model itself
    CHECK(Model<Network, Eval>{average.weights()}.forward(x) == Model<Network, Eval>{model}.forward(x));
    CHECK(support::state_names(average).size() == 8);
}
