// SPDX-License-Identifier: BSD-3-Clause
/// A short training, whose losses are the same in WebAssembly.
#include <cstdio>

#include <ctnn/ctnn.hpp>

using namespace ctnn;

using Net = Sequential<Embedding<27, 10>, Linear<30, 100, NoBias>, BatchNorm<100>, Tanh,
                       Residual<LayerNorm<100>, Linear<100, 40>, GELU, Linear<40, 100>>, Linear<100, 27>>;

int main()
{
    Generator generator{2147483647};
    Model<Net, Train<32>> model{generator};
    AdamW adam_w{model, {.learning_rate = 1e-3}};
    CrossEntropy criterion;
    const auto x = generator.randint(0, 27, 32, 3);
    const auto y = generator.randint(0, 27, 32);
    for (int step = 0; step < 60; ++step) {
        const auto [loss, dlogits] = criterion(model.forward(x), y);
        model.backward(dlogits);
        adam_w.step(model);
        if (step % 10 == 0) std::printf("%d %.6f\n", step, static_cast<double>(loss));
    }
    const auto frozen = freeze<std::int8_t>(model, x);
    std::printf("99 %.6f\n", compare(freeze(model), frozen, x).relative);
}
