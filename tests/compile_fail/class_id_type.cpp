// expect: [ctnn.class_id] | is_integer<float>
// SPDX-License-Identifier: BSD-3-Clause
/// Numbers where class ids belong.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

void wrong(Model<Net, Train<32>>& model, const xt::xtensor<float, 2>& contexts)
{
    (void)model.forward(contexts);
}
