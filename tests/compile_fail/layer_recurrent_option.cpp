// expect: [ctnn.layer] | are_options<
// SPDX-License-Identifier: BSD-3-Clause
/// The number of layers is Layers<2>, and an Lstm's functions are what they are.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10, 16>, Lstm<10, 20, ReLU>, LastStep, Linear<20, 27>>;

int main()
{
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    (void)model.forward(generator.randint(0, 27, 32, 16));
}
