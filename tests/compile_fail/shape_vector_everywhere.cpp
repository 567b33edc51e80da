// expect: [ctnn.shape] this is not an xtensor | std::vector<float
// SPDX-License-Identifier: BSD-3-Clause
/// Once is enough: everything that takes a tensor is given the same std::vector.
#include "wrong.hpp"

using Net = Sequential<Linear<4, 3>, BatchNorm<3>, Tanh>;

void wrong(Model<Net, Train<2>>& model, const Model<Net, Eval>& trained, Generator& generator,
           const std::vector<float>& x)
{
    (void)model.forward(x);
    (void)model.forward(x, generator);
    model.backward(x);
    model.backward(x, accumulate);
    (void)trained.forward(x);
    (void)dead_units(trained, x);
    (void)calibrate(trained, x);
    MeanSquaredError criterion;
    (void)check_initialisation(model, criterion, x, xt::xtensor<float, 2>{{1, 2, 3}, {4, 5, 6}});
}
