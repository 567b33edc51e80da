// expect: [ctnn.mode] | is_made_for<
// SPDX-License-Identifier: BSD-3-Clause
/// An optimizer is typed on its network.
#include "wrong.hpp"

void wrong(Model<Sequential<Linear<4, 3>>, Train<2>>& model,
           Model<Sequential<Linear<50, 30>>, Train<2>>& other)
{
    Sgd sgd{model, {.momentum = 0.9F}};
    sgd.step(other);
}
