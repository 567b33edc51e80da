// expect: [ctnn.mode] a TableSum stands in frozen networks only | TableSum<27, 5, 3
// SPDX-License-Identifier: BSD-3-Clause
/// What freeze made of an Embedding and a Linear cannot be trained again.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 5>>;

int main()
{
    Generator generator{1};
    Model<Frozen<Net>, Train<4>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    const auto [loss, dlogits] =
        criterion(model.forward(generator.randint(0, 27, 4, 3)), generator.randint(0, 5, 4));
    model.backward(dlogits);
    sgd.step(model);
}
