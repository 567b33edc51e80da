// expect: [ctnn.layer] | takes_these_options<
// SPDX-License-Identifier: BSD-3-Clause
/// Three channels do not divide into two groups.
#include "wrong.hpp"

using Net = Sequential<Image<3, 8, 8>, Conv2d<3, 8, 3, Groups<2>>, ReLU, GlobalAveragePool, Linear<8, 10>>;

int main()
{
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    (void)model.forward(xt::xtensor<float, 4>({32, 3, 8, 8}));
}
