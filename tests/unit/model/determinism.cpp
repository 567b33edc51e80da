// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

using namespace ctnn;

namespace {

using Net = Sequential<Embedding<27, 10>, Linear<30, 50, NoBias>, BatchNorm<50>, Tanh, Linear<50, 27>>;

/// All parameters and running statistics after so many steps.
std::vector<float> trained(int steps)
{
    Generator g{11};
    Model<Net, Train<32>> model{g};
    Sgd sgd{model, {.learning_rate = 0.1F, .momentum = 0.9F}};
    CrossEntropy criterion;
    for (int i = 0; i < steps; ++i) {
        const auto& logits = model.forward(g.randint(0, 27, 32, 3));
        const auto [loss, dlogits] = criterion(logits, g.randint(0, 27, 32));
        model.backward(dlogits);
        sgd.step(model);
    }
    std::vector<float> all;
    model.for_each_parameter(
        [&](auto, auto value, auto) { all.insert(all.end(), value.begin(), value.end()); });
    model.for_each_buffer([&](auto, auto value) { all.insert(all.end(), value.begin(), value.end()); });
    return all;
}

} // namespace

TEST_CASE("the same program, seed and data give the same bits")
{
    const auto first = trained(2000);
    for (int run = 0; run < 2; ++run)
        CHECK(std::memcmp(trained(2000).data(), first.data(), first.size() * sizeof(float)) == 0);
}
