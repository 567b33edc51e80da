// expect: [ctnn.mode] | can_learn
// SPDX-License-Identifier: BSD-3-Clause
/// An eval model has no gradients.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

void wrong(const Model<Net, Train<32>>& model, const xt::xtensor<float, 2>& dlogits)
{
    freeze(model).backward(dlogits);
}
