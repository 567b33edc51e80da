// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/loss_check.hpp"
#include "support/random.hpp"

using namespace ctnn;

namespace {

/// f(name, criterion of T, targets) for every loss of two tensors and every option, as make_training.py has
/// them.
template <class T, class F>
void for_each_loss(const xt::xtensor<T, 3>& targets, F f)
{
    xt::xtensor<T, 3> yes = targets, known = targets;
    for (T& t : yes) t = t > T(0.3) ? T{1} : T{0};
    for (T& t : known) t = std::max(t, T{0});
    std::vector<double> positive;
    for (int c = 1; c <= 13; ++c) positive.push_back(c / 5.0);
    for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
        const std::string suffix = reduction == Reduction::mean  ? "/mean"
                                   : reduction == Reduction::sum ? "/sum"
                                                                 : "/none";
        f("mean_squared_error" + suffix, MeanSquaredError<T>{{reduction}}, targets);
        f("mean_absolute_error" + suffix, MeanAbsoluteError<T>{{reduction}}, targets);
        f("huber" + suffix, Huber<T>{{.reduction = reduction}}, targets);
        f("huber_delta" + suffix, Huber<T>{{0.4, reduction}}, targets);
        f("smooth_l1" + suffix, SmoothL1<T>{{.reduction = reduction}}, targets);
        f("smooth_l1_beta" + suffix, SmoothL1<T>{{0.3, reduction}}, targets);
        f("smooth_l1_zero" + suffix, SmoothL1<T>{{0, reduction}}, targets);
        f("binary_cross_entropy" + suffix, BinaryCrossEntropy<T>{{.reduction = reduction}}, yes);
        f("binary_cross_entropy_weights" + suffix, BinaryCrossEntropy<T>{{positive, reduction}}, yes);
        f("kullback_leibler" + suffix, KullbackLeibler<T>{{reduction}}, known);
        f("kullback_leibler_log" + suffix, KullbackLeibler<T>{{reduction, true}}, targets);
    }
    f("kullback_leibler/batch_mean", KullbackLeibler<T>{{Reduction::batch_mean}}, known);
}

} // namespace

TEST_CASE("losses of two tensors with every option against PyTorch")
{
    Generator g{42};
    const xt::xtensor<float, 3> y = g.randn(9, 3, 13) * 2.0F;
    xt::xtensor<float, 3> targets = g.randn(9, 3, 13);
    std::copy_n(y.data(), 13, targets.data());
    for_each_loss(targets, [&](const std::string& name, auto criterion, const auto& t) {
        support::loss_as_pytorch(name, criterion, y, t, name.starts_with("mean_squared") ? 1e-7 : 1e-6);
    });
    // lazy, and of another type
    MeanSquaredError criterion;
    const xt::xtensor<double, 3> wide = targets;
    support::loss_as_pytorch("mean_squared_error/mean", criterion, y * 1.0F, wide, 1e-7);
}

TEST_CASE("their gradients are central differences")
{
    support::for_each_seed([](Generator& g) {
        const xt::xtensor<double, 3> y = g.randn<double>(2, 3, 13);
        const xt::xtensor<double, 3> targets = g.randn<double>(2, 3, 13);
        MeanSquaredError<double> squares;
        support::gradient_as_difference(squares, y, targets, 1e-10, 1e-4); // exact, but for rounding
        for_each_loss(targets, [&](const std::string& name, auto criterion, const auto& t) {
            CAPTURE(name);
            support::gradient_as_difference(criterion, y, t);
        });
    });
}

TEST_CASE("a million squares are summed to seven digits")
{
    Generator g{1};
    const auto y = g.randn(1000000, 1), targets = g.randn(1000000, 1);
    MeanSquaredError criterion;
    const auto [loss, dy] = criterion(y, targets);
    double exact = 0, worst = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const double d = static_cast<double>(y.data()[i]) - static_cast<double>(targets.data()[i]);
        exact += d * d / 1e6;
        worst = std::max(worst, std::fabs(static_cast<double>(dy.data()[i]) - 2 * d / 1e6));
    }
    CHECK(std::fabs(static_cast<double>(loss) - exact) <= 2e-7 * exact);
    CHECK(worst <= 2e-12); // of up to 2e-5, in every block of the sum
    CHECK(std::isnan(std::get<0>(criterion(y * std::nanf(""), targets))));
}

TEST_CASE("at the ends of float and at the kinks")
{
    const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
    const auto slope = [](auto criterion, float y, float target) {
        const xt::xtensor<float, 1> ys{y}, targets{target};
        return std::get<1>(criterion(ys, targets))(0);
    };
    const auto loss = [](auto criterion, float y, float target) {
        const xt::xtensor<float, 1> ys{y}, targets{target};
        return std::get<0>(criterion(ys, targets));
    };
    const BinaryCrossEntropy bce;
    CHECK(loss(bce, 3e38F, 1) == 0);
    CHECK(loss(bce, 3e38F, 0) == 3e38F);
    CHECK(loss(bce, -3e38F, 1) == 3e38F);
    CHECK(loss(bce, -3e38F, 0) == 0);
    CHECK(loss(bce, -80, 0) == doctest::Approx(1.8e-35).epsilon(0.01)); // where 1 - s(y) has no digits left
    CHECK(slope(bce, 80, 1) == doctest::Approx(-1.8e-35).epsilon(0.01));
    CHECK(slope(bce, 0, 0.5F) == 0);
    CHECK(std::isnan(loss(bce, nan, 1)));
    CHECK(slope(MeanAbsoluteError{}, 2, 2) == 0);
    CHECK(slope(SmoothL1{{.beta = 0}}, 2, 2) == -1); // as PyTorch has it
    CHECK(std::isnan(slope(SmoothL1{{.beta = 0}}, nan, 0)));
    CHECK(slope(Huber{}, 3e38F, 0) == 1);
    CHECK(slope(Huber{}, -inf, 0) == -1);
    CHECK(std::isnan(slope(Huber{}, nan, 0)));
    CHECK(std::isnan(slope(SmoothL1{}, nan, 0)));
    CHECK(std::isnan(slope(MeanAbsoluteError{}, nan, 0)));
    CHECK(slope(SmoothL1{{.beta = 1e-46}}, 2, 2) == -1);
    xt::xtensor<float, 0> number, target;
    number() = 3;
    target() = 1;
    MeanSquaredError squares;
    CHECK(std::get<0>(squares(number, target)) == 4);
    CHECK(loss(KullbackLeibler{}, -inf, 0) == 0);
    CHECK(loss(KullbackLeibler{}, -inf, 0.5F) == inf);
    CHECK(std::isnan(loss(KullbackLeibler{}, -1, -0.5F)));
}

TEST_CASE("what losses of two tensors refuse")
{
    const xt::xtensor<float, 2> y{{1, 2, 3}, {4, 5, 6}}, other{{1, 2}};
    MeanSquaredError criterion;
    CHECK_THROWS_WITH_AS((void)criterion(y, other),
                         doctest::Contains("the tensor of targets has shape (1, 2)"), Error);
    CHECK_THROWS_WITH_AS(
        (void)criterion(xt::xtensor<float, 1>::from_shape({0}), xt::xtensor<float, 1>::from_shape({0})),
        doctest::Contains("is empty"), Error);
    for (const double bad : {0.0, -1.0, std::nan(""), HUGE_VAL})
        CHECK_THROWS_WITH_AS((Huber{{.delta = bad}}), doctest::Contains("delta is"), Error);
    for (const double bad : {-1.0, std::nan(""), HUGE_VAL}) {
        CHECK_THROWS_WITH_AS((SmoothL1{{.beta = bad}}), doctest::Contains("beta is"), Error);
        CHECK_THROWS_AS((BinaryCrossEntropy{{.positive_weights = {1, bad}}}), Error);
    }
    BinaryCrossEntropy two{{.positive_weights = {1, 2}}};
    CHECK_THROWS_WITH_AS((void)two(y, y), doctest::Contains("2 positive weights for 3 columns"), Error);
}

TEST_CASE("a network learns with a loss of two tensors")
{
    support::for_each_seed([](Generator& g) {
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
