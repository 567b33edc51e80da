// SPDX-License-Identifier: BSD-3-Clause
/// A curve from noisy points: a table of numbers in, a smooth function out. The README beside it explains it
/// line by line.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <ctnn/ctnn.hpp>

using namespace ctnn;

using Net = Sequential<Linear<1, 64>, Tanh, Linear<64, 64>, Tanh, Linear<64, 1>>;

namespace {

float curve(float x) { return std::sin(3 * x) + x / 2; }

/// The curve as '.', the points as 'o' and what the network answers as '#', over x from -2 to 2.
void draw(const Model<Net, Eval>& model, const xt::xtensor<float, 2>& x, const xt::xtensor<float, 2>& y)
{
    constexpr std::size_t rows = 17, columns = 81;
    std::vector<std::string> picture(rows, std::string(columns, ' '));
    const auto put = [&](float at, float value, char mark) {
        const float row = (2 - value) / 4 * (rows - 1), column = (at + 2) / 4 * (columns - 1);
        if (row >= 0 && row < rows)
            picture[static_cast<std::size_t>(row + 0.5F)][static_cast<std::size_t>(column + 0.5F)] = mark;
    };
    for (std::size_t i = 0; i < y.size(); ++i) put(x(i, 0), y(i, 0), 'o');
    for (std::size_t c = 0; c < columns; ++c) {
        const float at = 4 * static_cast<float>(c) / (columns - 1) - 2;
        put(at, curve(at), '.');
        put(at, model.forward_one(std::array{at})[0], '#');
    }
    for (const std::string& line : picture)
        std::printf("%s\n", line.substr(0, line.find_last_not_of(' ') + 1).c_str());
}

} // namespace

int main()
{
    Generator generator{42};
    const xt::xtensor<float, 2> x = generator.rand(512, 1) * 4.0F - 2.0F;
    xt::xtensor<float, 2> y = generator.randn(512, 1) * 0.1F; // the noise
    for (std::size_t i = 0; i < y.size(); ++i) y(i, 0) += curve(x(i, 0));
    const auto [train, held_out] = random_split(512, {0.8, 0.2}, generator);
    const auto train_x = rows_of(x, train), train_y = rows_of(y, train);
    const auto held_x = rows_of(x, held_out), held_y = rows_of(y, held_out);

    Model<Net, Train<32>> model{generator};
    auto epochs = epochs_of<32>(train_x, train_y);
    AdamW adam_w{model, {.learning_rate = 0.01}};
    const CosineAnnealing schedule{0.01, 200 * epochs.batches()};
    MeanSquaredError criterion;
    std::size_t step = 0;
    for (int epoch = 1; epoch <= 200; ++epoch) {
        MeanLoss mean;
        for (const auto& [bx, by] : epochs.epoch(generator)) {
            const auto [loss, dy] = criterion(model.forward(bx), by);
            model.backward(dy);
            adam_w.set_learning_rate(schedule.at(step++));
            adam_w.step(model);
            mean.add(static_cast<double>(loss), by.size());
        }
        if (epoch != 1 && epoch % 40 != 0) continue;
        RegressionErrors errors;
        errors.add(Model<Net, Eval>{model}.forward(held_x), held_y);
        std::printf("epoch %3d: loss %.4f, held out: error %.4f, R2 %.4f\n", epoch, mean.value(),
                    errors.root_mean_squared_error(), errors.r2());
    }
    draw(Model<Net, Eval>{model}, held_x, held_y);
}
