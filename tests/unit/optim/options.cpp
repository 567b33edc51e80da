// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <limits>

#include <doctest/doctest.h>

using namespace ctnn;

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
                                  {.momentum = 0.9F, .dampening = 0.1F, .nesterov = true},
                                  {.nesterov = true}})
        CHECK_THROWS_WITH_AS((Sgd{model, bad}), doctest::Contains("[ctnn.option]"), Error);
    Sgd sgd{model, {.learning_rate = 0.5F}};
    CHECK_THROWS_WITH_AS(sgd.set_learning_rate(nan), doctest::Contains("learning rate is nan"), Error);
    CHECK(sgd.learning_rate() == 0.5F);
    CHECK_THROWS_AS((MultiStep{-1, {}}), Error);
    CHECK_THROWS_AS((MultiStep{1, {}, static_cast<double>(inf)}), Error);
}

TEST_CASE("cross entropy checks its targets and shapes, and stays finite for every finite logit")
{
    CrossEntropy criterion;
    xt::xtensor<float, 2> logits{{3e38F, -3e38F, 0}, {-3e38F, -3e38F, -3e38F}};
    const xt::xtensor<int, 1> targets{1, 2};
    {
        const auto [loss, dlogits] = criterion(logits, targets);
        CHECK(std::isfinite(loss));
        // 6e38 is over the largest
        CHECK(std::isfinite(
            std::get<0>(criterion(xt::xtensor<float, 2>{{3e38F, -3e38F}}, xt::xtensor<int, 1>{1}))));
        (void)criterion(logits, targets);
        for (const float d : dlogits) CHECK(std::isfinite(d));
        CHECK(dlogits(0, 1) == -0.5F);
    }
    CHECK_THROWS_WITH_AS((void)criterion(logits, xt::xtensor<int, 1>{1, 3}),
                         "[ctnn.class_id] class id 3 at (1,) of the targets is outside 0..2", Error);
    CHECK_THROWS_WITH_AS((void)criterion(logits, xt::xtensor<int, 1>{-1, 3}),
                         doctest::Contains("class id -1 at (0,)"), Error);
    CHECK_THROWS_WITH_AS((void)criterion(logits, xt::xtensor<int, 1>{1}),
                         doctest::Contains("has shape (1,), expected (2,)"), Error);
    CHECK_THROWS_AS(
        (void)criterion(xt::xtensor<float, 2>::from_shape({0, 3}), xt::xtensor<int, 1>::from_shape({0})),
        Error);
    const xt::xtensor<double, 2> wide = logits * 0.5;
    CHECK(std::isfinite(std::get<0>(criterion(wide, targets))));
}
