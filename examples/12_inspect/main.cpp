// SPDX-License-Identifier: BSD-3-Clause
/// Looking inside a custom network: which of two spirals is a point on? Started badly on purpose, and
/// then as it should be.
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/inspect.hpp>

using namespace ctnn;

/// A custom nonlinearity. Its limits are what lets units be counted as saturated or dead.
struct Softsign {
    static constexpr Limits limits{-1, 1};
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i)
            pass.y()[i] = pass.x()[i] / (1 + std::fabs(pass.x()[i]));
    }
    static void backward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i) {
            const auto rest = 1 - std::fabs(pass.y()[i]);
            pass.dx()[i] = pass.dy()[i] * rest * rest;
        }
    }
};

using Net = Sequential<Linear<2, 24>, Tanh, Linear<24, 24>, LayerNorm<24>, Softsign, Linear<24, 24>, ReLU,
                       Linear<24, 2>>;

/// n points on two spirals, and which one each is on.
std::pair<xt::xtensor<float, 2>, xt::xtensor<int, 1>> spirals(Generator& generator, std::size_t n)
{
    const auto along = generator.rand(n);
    const auto noise = generator.randn(n, 2);
    const auto arm = generator.randint(0, 2, n);
    auto points = xt::xtensor<float, 2>::from_shape({n, 2});
    auto arms = xt::xtensor<int, 1>::from_shape({n});
    for (std::size_t i = 0; i < n; ++i) {
        const float angle = 9 * along(i) + 3.1415927F * static_cast<float>(arm(i)),
                    radius = 0.2F + 2 * along(i);
        points(i, 0) = radius * std::cos(angle) + 0.03F * noise(i, 0);
        points(i, 1) = radius * std::sin(angle) + 0.03F * noise(i, 1);
        arms(i) = static_cast<int>(arm(i));
    }
    return {points, arms};
}

void train(float scale, std::size_t steps)
{
    Generator generator{42};
    Model<Net, Train<64, RetainGradients>> model{generator};
    model.for_each_parameter([&](auto, auto value, auto) { value *= scale; });
    CrossEntropy criterion;
    const auto [first_points, first_arms] = spirals(generator, 64);
    const Initialisation start = check_initialisation(model, criterion, first_points, first_arms);
    for (std::size_t i = 0; i < start.layers.size(); ++i)
        std::printf("%-28s std %6.3f, predicted %6.3f\n", start.layers[i].layer.name().c_str(),
                    start.layers[i].output.std, start.predicted[i].std);
    std::printf("\n%s\n", text_of(judge(start)).c_str());

    Sgd sgd{model, {.learning_rate = 0.1F, .momentum = 0.9F}};
    Observer<Losses, LayerOutputs<>, Updates<>> observer{model};
    for (std::size_t step = 0; step < steps; ++step) {
        const auto [points, arms] = spirals(generator, 64);
        const auto& logits = model.forward(points);
        const auto [loss, dlogits] = criterion(logits, arms);
        model.backward(dlogits);
        observer.step(model, sgd, static_cast<double>(loss));
    }
    std::printf("after %zu steps: loss %.4f\n\n%s\n%s\n", steps, observer.loss().mean_of_end(),
                text_table(layer_statistics(model)).c_str(), text_table(parameter_statistics(model)).c_str());
    for (const DeadUnits& d : dead_units(Model<Net, Eval>{model}, spirals(generator, 5000).first))
        std::printf("%-12s %zu of %zu units are dead over 5000 points\n", d.layer.name().c_str(),
                    d.dead.size(), d.layer.units());
    std::printf("\n%s", text_of(judge(observer.parameters())).c_str());
}

int main()
{
    std::puts("== ten times too large\n");
    train(10, 1000);
    std::puts("\n== as each layer draws its own weights\n");
    train(1, 1000);
}
