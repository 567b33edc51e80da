// expect: [ctnn.layer] | pools_with_these_options<
// SPDX-License-Identifier: BSD-3-Clause
/// A window of two would lie in the padding as a whole.
#include "wrong.hpp"

using Net = Sequential<Input<8, 3>, MaxPool<2, Padding<2>>, GlobalMean, Linear<3, 10>>;

int main()
{
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    (void)model.forward(xt::xtensor<float, 3>({32, 8, 3}));
}
