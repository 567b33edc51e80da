// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
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

namespace {

/// Two models of the same seed: one learns in two calls, the other in one.
template <class Net, std::size_t B>
void check_steps(const SgdOptions& options, std::initializer_list<SgdGroup> groups = {})
{
    CAPTURE(signature<Net>());
    Generator g{3}, same{3};
    Model<Net, Train<B>> two{g}, one{same};
    Sgd of_two{two, options, groups}, of_one{one, options, groups};
    CrossEntropy criterion;
    for (std::size_t i = 0; i < 12; ++i) {
        const std::size_t rows = i % 4 == 3 ? B - 3 : B;
        const auto x = g.randint(0, 27, rows, 3);
        xt::xtensor<std::int64_t, 1> y = xt::xtensor<std::int64_t, 1>::from_shape({rows});
        for (std::size_t r = 0; r < rows; ++r) y(r) = x(r, 0);
        const auto [loss, dlogits] = criterion(two.forward(x), y);
        two.backward(dlogits);
        of_two.step(two);
        const auto [other_loss, other_dlogits] = criterion(one.forward(x), y);
        of_one.step(one, other_dlogits);
        CHECK(loss == other_loss);
    }
    CHECK(std::equal(two.parameter_block(), two.parameter_block() + two.block_size(), one.parameter_block()));
}

} // namespace

TEST_CASE("a step that makes the gradients itself is the step after backward, bit for bit")
{
    using Lecture =
        Sequential<Embedding<27, 10>, Linear<30, 50, NoBias>, BatchNorm<50>, Tanh, Linear<50, 27>>;
    check_steps<Lecture, 32>({.learning_rate = 0.1F});
    check_steps<Lecture, 7>({.learning_rate = 0.1F, .momentum = 0.9F});
    check_steps<Lecture, 8>({.learning_rate = 0.1F, .weight_decay = 0.01F});
    check_steps<Lecture, 8>({}, {{"*.bias", {.learning_rate = 0.3F}}});
    check_steps<Lecture, 8>({},
                            {{"*", {.learning_rate = 0.01F}}}); // one group of all, with a rate of its own
    check_steps<Sequential<Embedding<500, 10>, Linear<30, 27>>, 8>({}); // a table with rows that are not seen
    check_steps<Sequential<Embedding<500, 10>, Fixed<Linear<30, 30>>, Tanh, Linear<30, 27>>, 8>({});
    // Tables by id (a joint layer), a tied weight, a residual branch, copies.
    check_steps<Sequential<Embedding<27, 24>, Linear<72, 27>>, 64>({});
    check_steps<Sequential<Embedding<27, 8>, Flatten, Linear<24, 8>, Tied<"0", Linear<8, 27, NoBias>>>, 8>(
        {});
    check_steps<
        Sequential<Embedding<27, 8>, Flatten, Repeat<2, Residual<Linear<24, 24>, Tanh>>, Linear<24, 27>>, 8>(
        {});
}
