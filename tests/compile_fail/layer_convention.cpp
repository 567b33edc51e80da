// expect: [ctnn.layer] | convention
// SPDX-License-Identifier: BSD-3-Clause
/// int is no convention of batch normalisation.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

float wrong(const Model<Sequential<BatchNorm<4, int>>, Eval>& model)
{
    return model.forward(xt::xtensor<float, 2>{{1, 2, 3, 4}})(0, 0);
}
