// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "support/fixtures.hpp"
#include "support/loss_check.hpp"
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

TEST_CASE("cross entropy with every option against PyTorch")
{
    Generator g{42};
    const xt::xtensor<float, 3> logits = g.randn(7, 5, 11) * 3.0F;
    const xt::xtensor<std::int64_t, 2> ids = g.randint(0, 11, 7, 5);
    const auto& given = support::training()["loss/cross_entropy/shares_given"].values;
    xt::xtensor<float, 3> shares = logits;
    std::copy(given.begin(), given.end(), shares.begin());
    xt::xtensor<std::int64_t, 2> ignored = ids;
    for (auto& id : ignored) id = id % 3 == 0 ? -1 : id;
    std::vector<double> weights;
    for (int c = 1; c <= 11; ++c) weights.push_back(c / 4.0);
    const auto check = [&](const std::string& name, const CrossEntropyOptions& options, const auto& targets) {
        CrossEntropy criterion{options};
        support::loss_as_pytorch("cross_entropy/" + name, criterion, logits, targets);
    };
    const CrossEntropyOptions all{.ignore = -1, .class_weights = weights, .label_smoothing = 0.3};
    const auto with = [&](Reduction reduction) {
        CrossEntropyOptions o = all;
        o.reduction = reduction;
        return o;
    };
    check("positions", {}, ids);
    check("ignore", {.ignore = -1}, ignored);
    check("weights", {.class_weights = weights}, ids);
    check("smoothing", {.label_smoothing = 0.1}, ids);
    check("all", all, ignored);
    check("sum", with(Reduction::sum), ignored);
    check("none", with(Reduction::none), ignored);
    check("shares", {}, shares);
    check("shares_all", {.class_weights = weights, .label_smoothing = 0.2}, shares);
    for (const auto& [name, options] :
         {std::pair<std::string, NegativeLogLikelihoodOptions>{"all", {-1, weights}},
          {"sum", {-1, weights, Reduction::sum}}}) {
        NegativeLogLikelihood criterion{options};
        support::loss_as_pytorch("negative_log_likelihood/" + name, criterion, logits, ignored);
    }
    NegativeLogLikelihood plain;
    support::loss_as_pytorch("negative_log_likelihood/plain", plain, logits, ids);
    NegativeLogLikelihood each{{.reduction = Reduction::none}};
    double sum = 0;
    const auto loss = std::get<0>(each(logits, ids));
    for (const float l : each.losses()) sum += static_cast<double>(l);
    CHECK(each.losses().size() == 35);
    CHECK(sum == doctest::Approx(static_cast<double>(loss)).epsilon(1e-6));
}

TEST_CASE("cross entropy of nothing but ignored targets, and options that cannot be meant")
{
    CrossEntropy criterion{{.ignore = 255}};
    const xt::xtensor<float, 2> logits{{1, 2, 3}, {4, 5, 6}};
    const auto [loss, dlogits] = criterion(logits, xt::xtensor<unsigned char, 1>{255, 255});
    CHECK(std::isnan(loss)); // a mean of none, as in PyTorch
    for (const float d : dlogits) CHECK(d == 0);
    CHECK_THROWS_WITH_AS((void)criterion(logits, xt::xtensor<int, 1>{255, 254}),
                         "[ctnn.class_id] class id 254 at (1,) of the targets is outside 0..2", Error);
    for (const double bad : {-0.1, 1.1, std::nan("")})
        CHECK_THROWS_WITH_AS((CrossEntropy{{.label_smoothing = bad}}), doctest::Contains("label_smoothing"),
                             Error);
    CHECK_THROWS_WITH_AS((CrossEntropy{{.class_weights = {1, -1}}}),
                         doctest::Contains("a class weight is -1"), Error);
    CHECK_THROWS_WITH_AS((void)criterion(logits, logits), doctest::Contains("no id to ignore"), Error);
    CHECK_THROWS_WITH_AS((void)criterion(xt::xtensor<float, 1>{1, 2}, xt::xtensor<int, 1>{1}),
                         doctest::Contains("the logits have shape (2,), expected (batch, classes)"), Error);
    CrossEntropy two{{.class_weights = {1, 2}}};
    CHECK_THROWS_WITH_AS((void)two(logits, xt::xtensor<int, 1>{0, 1}),
                         doctest::Contains("there are 2 class weights for 3 classes"), Error);
    CHECK_THROWS_WITH_AS((void)two(logits, logits), doctest::Contains("2 class weights"), Error);
}

TEST_CASE("cross entropy is finite for every finite logit with every option")
{
    const xt::xtensor<float, 2> logits{{3e38F, -3e38F, 0}, {-3e38F, -3e38F, -3e38F}};
    const xt::xtensor<int, 1> targets{1, 2};
    const xt::xtensor<float, 2> shares{{0.5F, 0.25F, 0.25F}, {0, 1, 0}};
    CrossEntropy criterion{
        {.class_weights = {1, 0.5, 2}, .label_smoothing = 0.1, .reduction = Reduction::none}};
    const auto finite = [&](const auto& t) {
        const auto [loss, dlogits] = criterion(logits, t);
        CHECK(std::isfinite(loss));
        for (const float d : dlogits) CHECK(std::isfinite(d));
        for (const float l : criterion.losses()) CHECK(std::isfinite(l));
    };
    finite(targets);
    finite(shares);
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
        const auto logits = g.randn<double>(7, 11);
        const xt::xtensor<int, 1> targets = g.randint(0, 11, 7);
        xt::xtensor<double, 2> shares = logits * logits;
        CrossEntropy<double> plain;
        support::gradient_as_difference(plain, logits, targets, 1e-9);
        for (const Reduction reduction :
             {Reduction::mean, Reduction::batch_mean, Reduction::sum, Reduction::none}) {
            std::vector<double> weights(11);
            for (double& w : weights) w = g.rand<double>(1, 1)(0, 0);
            CrossEntropy<double> all{
                {.ignore = 3, .class_weights = weights, .label_smoothing = 0.25, .reduction = reduction}};
            support::gradient_as_difference(all, logits, targets);
            CrossEntropy<double> of_shares{
                {.class_weights = weights, .label_smoothing = 0.25, .reduction = reduction}};
            support::gradient_as_difference(of_shares, logits, shares);
            NegativeLogLikelihood<double> likelihood{{3, weights, reduction}};
            support::gradient_as_difference(likelihood, logits, targets);
        }
    });
}
