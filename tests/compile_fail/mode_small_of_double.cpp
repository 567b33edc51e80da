// expect: [ctnn.mode] numbers of one or two bytes are for models of float
// SPDX-License-Identifier: BSD-3-Clause
/// A model of double has no small numbers.
#include "wrong.hpp"

auto wrong(const Model<Sequential<Linear<3, 5>, Tanh>, Eval, double>& model)
{
    return freeze<bfloat16>(model);
}
