// expect: [ctnn.shape] | one tensor for each input | takes_inputs<
// SPDX-License-Identifier: BSD-3-Clause
/// A network of two inputs takes two tensors.
#include "wrong.hpp"

using Net = Sequential<Inputs<Sequential<Embedding<27, 10, 3>, Flatten>, Linear<5, 8>>, Linear<38, 4>>;

void wrong(Model<Net, Train<32>>& model, const xt::xtensor<int, 2>& ids)
{
    const auto y = model.forward(ids);
    model.backward(y);
}
