// SPDX-License-Identifier: BSD-3-Clause
/// The smallest whole program: a network of two layers learns exclusive or.
#include <cstdio>

#include <ctnn/ctnn.hpp>

using namespace ctnn;

// Two numbers in, eight hidden units, two logits out: "the same" and "different".
using XorNet = Sequential<Linear<2, 8>, Tanh, Linear<8, 2>>;
static_assert(parameter_count<XorNet> == 2 * 8 + 8 + 8 * 2 + 2);

int main()
{
    const xt::xtensor<float, 2> inputs{{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    const xt::xtensor<int, 1> targets{0, 1, 1, 0};

    Generator generator{42};
    Model<XorNet, Train<4>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.5F}};
    CrossEntropy criterion;

    for (int step = 0; step <= 1000; ++step) {
        const auto& logits = model.forward(inputs);
        const auto [loss, dlogits] = criterion(logits, targets);
        if (step % 200 == 0) std::printf("step %4d   loss %.4f\n", step, static_cast<double>(loss));
        model.backward(dlogits);
        sgd.step(model);
    }

    const auto frozen = freeze(model);
    const auto logits = frozen.forward(inputs);
    int right = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const int answer = logits(i, 1) > logits(i, 0) ? 1 : 0;
        std::printf("%.0f xor %.0f = %d\n", static_cast<double>(inputs(i, 0)),
                    static_cast<double>(inputs(i, 1)), answer);
        right += answer == targets(i) ? 1 : 0;
    }
    return right == 4 ? 0 : 3;
}
