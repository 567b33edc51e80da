// expect: [ctnn.shape] | one gradient for each output | takes_gradients<
// SPDX-License-Identifier: BSD-3-Clause
/// A network of two outputs takes two gradients.
#include "wrong.hpp"

using Net = Sequential<Linear<8, 16>, Outputs<Linear<16, 3>, Linear<16, 2>>>;

void wrong(Model<Net, Train<32>>& model, const xt::xtensor<float, 2>& dy) { model.backward(dy); }
