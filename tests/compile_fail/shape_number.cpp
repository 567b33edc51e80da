// expect: [ctnn.shape] this is not an xtensor | float
// SPDX-License-Identifier: BSD-3-Clause
/// backward takes the gradient of the output, not the loss.
#include "wrong.hpp"

void wrong(Model<Sequential<Linear<64, 128>, Linear<128, 10>>, Train<32>>& model) { model.backward(3.0F); }
