// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cmath>

#include "support/fixtures.hpp"
#include "support/random.hpp"

using namespace ctnn;
using support::fixtures;
using support::relative_error;

TEST_CASE("cross entropy against PyTorch")
{
    Generator g{42};
    const xt::xtensor<float, 2> logits = g.randn(19, 27) * 10.0F;
    CrossEntropy criterion;
    const auto [loss, dlogits] = criterion(logits, g.randint(0, 27, 19));
    CHECK(static_cast<double>(loss) ==
          doctest::Approx(fixtures()["cross_entropy/loss"].values[0]).epsilon(1e-6));
    CHECK(relative_error(dlogits, fixtures()["cross_entropy/dlogits"]) <= 1e-5);
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

TEST_CASE("the gradient of cross entropy is a central difference too")
{
    support::for_each_seed([](Generator& g) {
        auto logits = g.randn<double>(7, 11);
        const auto targets = g.randint(0, 11, 7);
        CrossEntropy<double> criterion;
        const auto [loss, dlogits] = criterion(logits, targets);
        const xt::xtensor<double, 2> analytic = dlogits;
        for (std::size_t i = 0; i < logits.size(); ++i) {
            const double before = logits.data()[i], h = 1e-6;
            logits.data()[i] = before + h;
            const double above = std::get<0>(criterion(logits, targets));
            logits.data()[i] = before - h;
            const double numeric = (above - std::get<0>(criterion(logits, targets))) / (2 * h);
            logits.data()[i] = before;
            CHECK(std::fabs(analytic.data()[i] - numeric) <= 1e-9);
        }
    });
}
