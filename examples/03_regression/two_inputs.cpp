// SPDX-License-Identifier: BSD-3-Clause
/// A task of its own: a place and a number in, the level that is passed one time in ten out.
#include <cstdio>
#include <ctnn/ctnn.hpp>
using namespace ctnn;
using Net = Sequential<Inputs<Sequential<Embedding<4, 2, 1>, Flatten>, Linear<1, 16>>, Tanh, Linear<18, 1>>;
struct Pinball { // the loss of a quantile: any callable that gives a number and the gradient of y
    double quantile;
    xt::xtensor<float, 2> dy;
    auto operator()(const auto& y, const auto& targets)
    {
        double loss = 0;
        dy.resize({y.shape()[0], 1});
        for (std::size_t i = 0; i < y.size(); ++i) {
            const double slope = y(i, 0) < targets(i, 0) ? -quantile : 1 - quantile;
            loss += slope * static_cast<double>(y(i, 0) - targets(i, 0)) / static_cast<double>(y.size());
            dy(i, 0) = static_cast<float>(slope / static_cast<double>(y.size()));
        }
        return std::tuple{loss, dy};
    }
};
int main()
{
    Generator generator{1};
    const auto places = generator.randint(0, 4, 4000, 1);
    const auto numbers = generator.randn(4000, 1);
    const xt::xtensor<float, 2> levels = numbers + generator.randn(4000, 1) * (places + 1.0F);
    Model<Net, Train<50>> model{generator};
    auto epochs = epochs_of<50>(places, numbers, levels);
    Adam adam{model, {.learning_rate = 0.01}};
    Pinball pinball{0.9, {}};
    for (int epoch = 0; epoch < 20; ++epoch)
        for (const auto& [place, x, level] : epochs.epoch(generator)) {
            model.backward(std::get<1>(pinball(model.forward(place, x), level)));
            adam.step(model);
        }
    const auto y = Model<Net, Eval>{model}.forward(places, numbers);
    const double above = xt::mean(xt::cast<double>(levels > y))();
    std::printf("%.1f %% of the levels are above what is expected one time in ten\n", 100 * above);
}
