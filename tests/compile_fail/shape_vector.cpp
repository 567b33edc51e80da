// expect: [ctnn.shape] this is not an xtensor | std::vector<float
// SPDX-License-Identifier: BSD-3-Clause
/// A std::vector has no extents.
#include "wrong.hpp"

void wrong(Model<Sequential<Linear<64, 128>, Linear<128, 10>>, Train<32>>& model, const std::vector<float>& x)
{
    (void)model.forward(x);
}
