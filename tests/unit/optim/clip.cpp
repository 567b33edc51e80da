// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "support/optimizer_check.hpp"

using namespace ctnn;
using support::relative_error;
using support::training;

namespace {

struct TwoWeights {
    static constexpr std::array parameters{Parameter{"weight", {13, 29}}, Parameter{"bias", {29}}};
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto&) {}
    static void backward(const auto&) {}
};
using Net = Sequential<Input<1>, TwoWeights>;

} // namespace

TEST_CASE("gradients clipped by their norm, as PyTorch's")
{
    for (const double largest : {1.0, 10.0, 1000.0}) {
        Generator g{42};
        Model<Net, Train<1>> model;
        model.gradient<"1.weight">() = g.randn(13, 29);
        const auto bias = g.randn(1, 29);
        std::copy(bias.begin(), bias.end(), model.gradient<"1.bias">().begin());
        const float norm = clip_gradient_norm(model, largest);
        const std::string name = largest < 5    ? "clip_norm/1"
                                 : largest < 50 ? "clip_norm/10"
                                                : "clip_norm/1000";
        // sums of 406 squares in another order
        CHECK(relative_error(xt::xtensor<float, 1>{norm}, training()[name + "/norm"]) <= 2e-7);
        CHECK(relative_error(model.gradient<"1.weight">(), training()[name + "/gradient"]) <= 3e-7);
        const float after = clip_gradient_norm(model, largest);
        CHECK(static_cast<double>(after) <= std::min(largest, static_cast<double>(norm)) * (1 + 1e-6));
    }
}

TEST_CASE("gradients clipped by value, and bounds that cannot be meant")
{
    Generator g{42};
    support::OneWeightModel model;
    auto gradient = model.gradient<"1.weight">();
    gradient = g.randn(13, 29);
    clip_gradient_value(model, 0.5);
    CHECK(relative_error(gradient, training()["clip_value"]) == 0);
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    gradient(0, 0) = nan;
    gradient(0, 1) = -inf;
    gradient(12, 28) = nan;
    clip_gradient_value(model, 0.25);
    CHECK(std::isnan(gradient(0, 0)));
    CHECK(gradient(0, 1) == -0.25F);
    CHECK(std::isnan(gradient(12, 28)));
    CHECK(std::isnan(clip_gradient_norm(model, 1)));
    CHECK(std::isnan(gradient(5, 5)));
    gradient.fill(3e38F);
    CHECK(clip_gradient_norm(model, 1) == inf);
    CHECK(gradient(5, 5) == 0);
    gradient.fill(2);
    CHECK(static_cast<double>(clip_gradient_norm(model, HUGE_VAL)) ==
          doctest::Approx(2 * std::sqrt(377.0))); // no bound
    CHECK(gradient(5, 5) == 2);
    for (const double bad : {-1.0, std::nan("")}) {
        CHECK_THROWS_WITH_AS((void)clip_gradient_norm(model, bad), doctest::Contains("[ctnn.option]"), Error);
        CHECK_THROWS_WITH_AS(clip_gradient_value(model, bad), doctest::Contains("[ctnn.option]"), Error);
    }
}
