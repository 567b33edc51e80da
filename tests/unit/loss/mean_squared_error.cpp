// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/gradient_check.hpp>

#include <cmath>

#include "support/fixtures.hpp"
#include "support/random.hpp"

using namespace ctnn;
using support::fixtures;
using support::relative_error;

TEST_CASE("mean squared error against PyTorch")
{
    Generator g{42};
    MeanSquaredError criterion;
    const auto agrees = [&](const std::string& name, const auto& y, const auto& targets) {
        CAPTURE(name);
        const auto [loss, dy] = criterion(y, targets);
        CHECK(relative_error(xt::xtensor<float, 1>{loss}, fixtures()[name + "/loss"]) <= 1e-6);
        CHECK(relative_error(dy, fixtures()[name + "/dy"]) <= 1e-7);
    };
    const xt::xtensor<float, 2> y = g.randn(19, 27), targets = g.randn(19, 27);
    agrees("mean_squared_error", y, targets);
    const xt::xtensor<float, 3> longer = g.randn(5, 33, 41), other = g.randn(5, 33, 41);
    agrees("mean_squared_error_positions", longer, other);
    const xt::xtensor<double, 2> wide = targets;
    agrees("mean_squared_error", y * 1.0F, wide); // lazy, and of another type
    CHECK_THROWS_WITH_AS((void)criterion(y, longer),
                         doctest::Contains("the tensor of targets has shape (5, 33, 41)"), Error);
    CHECK_THROWS_WITH_AS(
        (void)criterion(xt::xtensor<float, 1>::from_shape({0}), xt::xtensor<float, 1>::from_shape({0})),
        doctest::Contains("is empty"), Error);
}

TEST_CASE("a million squares are summed to seven digits")
{
    Generator g{1};
    const auto y = g.randn(1000000, 1), targets = g.randn(1000000, 1);
    MeanSquaredError criterion;
    const auto [loss, dy] = criterion(y, targets);
    double exact = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const double d = static_cast<double>(y.data()[i]) - static_cast<double>(targets.data()[i]);
        exact += d * d / 1e6;
    }
    CHECK(std::fabs(static_cast<double>(loss) - exact) <= 2e-7 * exact);
    CHECK(std::isnan(std::get<0>(criterion(y * std::nanf(""), targets))));
}

TEST_CASE("its gradient is a central difference, and a network learns with it")
{
    support::for_each_seed([](Generator& g) {
        auto y = g.randn<double>(7, 11);
        const auto targets = g.randn<double>(7, 11);
        MeanSquaredError<double> criterion;
        const xt::xtensor<double, 2> analytic = std::get<1>(criterion(y, targets));
        for (double& e : y) {
            const double before = e, h = 1e-4; // a square: the difference is exact but for rounding
            e = before + h;
            const double above = std::get<0>(criterion(y, targets));
            e = before - h;
            const double numeric = (above - std::get<0>(criterion(y, targets))) / (2 * h);
            e = before;
            CHECK(std::fabs(analytic.data()[&e - y.data()] - numeric) <= 1e-10);
        }
        Model<Sequential<Linear<2, 3>>, Train<64>> model{g}, teacher{g};
        Sgd sgd{model, {.learning_rate = 0.5F}};
        MeanSquaredError learning;
        double last = 1;
        for (int step = 0; step < 200; ++step) {
            const auto x = g.randn(64, 2);
            const auto [loss, dy] = learning(model.forward(x), teacher.forward(x));
            model.backward(dy);
            sgd.step(model);
            last = static_cast<double>(loss);
        }
        CHECK(last <= 1e-9);
    });
}
