// expect: [ctnn.mode] numbers of one or two bytes are for models of float
// SPDX-License-Identifier: BSD-3-Clause
/// A model of double has no small numbers.
#include "wrong.hpp"

void wrong(const Model<Sequential<Linear<30, 20>, Tanh>, Eval, double>& model,
           const xt::xtensor<double, 2>& x)
{
    (void)freeze<bfloat16>(model).forward(x);
}
