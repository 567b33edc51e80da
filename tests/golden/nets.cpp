// SPDX-License-Identifier: BSD-3-Clause
/// Whole networks against PyTorch: forward, loss, every gradient, 100 steps of SGD, and eval.
#include <string>

#include <doctest/doctest.h>

#include <ctnn/ctnn.hpp>

#include "../support/fixtures.hpp"

using namespace ctnn;
using support::fixtures;
using support::relative_error;

namespace {

using NetA =
    Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200, LectureStd>, Tanh, Linear<200, 27>>;
using NetB = Sequential<Embedding<27, 10>, Linear<30, 100, NoBias>, BatchNorm<100, LectureVariance>, Tanh,
                        Linear<100, 100, NoBias>, BatchNorm<100, LectureVariance>, Tanh,
                        Linear<100, 100, NoBias>, BatchNorm<100, LectureVariance>, Tanh,
                        Linear<100, 100, NoBias>, BatchNorm<100, LectureVariance>, Tanh,
                        Linear<100, 100, NoBias>, BatchNorm<100, LectureVariance>, Tanh,
                        Linear<100, 27, NoBias>, BatchNorm<27, LectureVariance>>;
using Hierarchical =
    Sequential<Embedding<27, 24, 8>, FlattenConsecutive<2>, Linear<48, 128, NoBias>, BatchNorm<128>, Tanh,
               FlattenConsecutive<2>, Linear<256, 128, NoBias>, BatchNorm<128>, Tanh, FlattenConsecutive<2>,
               Linear<256, 128, NoBias>, BatchNorm<128>, Tanh, Linear<128, 27>>;
static_assert(parameter_count<NetA> == 12'097 && parameter_count<NetB> == 47'024 &&
              parameter_count<Hierarchical> == 76'579);

template <class Net, class Keep>
void check_net(const std::string& name)
{
    constexpr std::size_t context = input_shape<Net>::value[0];
    Generator g{2147483647};
    Model<Net, Train<32, Keep>> model;
    model.for_each_parameter([&](std::string_view parameter, auto value, auto) {
        if (value.dimension() != 2) return;
        const auto in = static_cast<float>(value.shape()[0]);
        init::normal(value, g);
        if (parameter != "0.weight")
            for (float& w : value) w /= std::sqrt(in);
    });
    CrossEntropy criterion;
    Sgd sgd{model, {.learning_rate = 0.1F}};
    const support::Fixture& losses = fixtures()[name + "/losses"];
    for (std::size_t step = 0; step < 100; ++step) {
        const auto x = g.randint(0, 27, 32, context);
        const auto y = g.randint(0, 27, 32);
        const auto& logits = model.forward(x);
        const auto [loss, dlogits] = criterion(logits, y);
        model.backward(dlogits);
        CHECK(static_cast<double>(loss) ==
              doctest::Approx(losses.values[step]).epsilon(step == 0 ? 1e-6 : 1e-4));
        if (step == 0) {
            CHECK(relative_error(logits, fixtures()[name + "/logits"]) <= 1e-5);
            model.for_each_parameter([&](std::string_view parameter, auto, auto gradient) {
                CAPTURE(parameter);
                CHECK(relative_error(gradient, fixtures()[name + "/gradient/" + std::string(parameter)]) <=
                      1e-5);
            });
        }
        sgd.step(model);
    }
    const auto same = [&](std::string_view parameter, auto value) {
        CAPTURE(parameter);
        CHECK(relative_error(value, fixtures()[name + "/weight/" + std::string(parameter)]) <= 1e-3);
    };
    model.for_each_parameter([&](std::string_view parameter, auto value, auto) { same(parameter, value); });
    model.for_each_buffer(same);
    CHECK(relative_error(freeze(model).forward(g.randint(0, 27, 32, context)), fixtures()[name + "/eval"]) <=
          1e-3);
}

} // namespace

TEST_CASE("the lecture's net with batch normalisation")
{
    check_net<NetA, KeepNothing>("net_a");
    check_net<NetA, RetainGradients>("net_a");
}
TEST_CASE("the lecture's deep net")
{
    check_net<NetB, KeepNothing>("net_b");
    check_net<NetB, RetainGradients>("net_b");
}
TEST_CASE("a hierarchical net on a context of eight")
{
    check_net<Hierarchical, KeepNothing>("hierarchical");
}
