// expect: [ctnn.layer] | is_bias<
// SPDX-License-Identifier: BSD-3-Clause
/// Tanh is a layer of its own, after the Linear.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

float wrong(const Model<Sequential<Linear<3, 4, Tanh>>, Eval>& model)
{
    return model.forward_one(std::array<float, 3>{})[0] +
           model.forward(xt::xtensor<float, 2>{{1, 2, 3}})(0, 0);
}
