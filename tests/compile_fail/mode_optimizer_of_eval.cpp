// expect: [ctnn.mode] | can_be_trained
// SPDX-License-Identifier: BSD-3-Clause
/// An eval model has nothing that an optimizer could step along.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

void wrong(const Model<Net, Train<32>>& model)
{
    auto frozen = freeze(model);
    Sgd sgd{frozen, {.momentum = 0.9F}};
    sgd.step(frozen);
}
