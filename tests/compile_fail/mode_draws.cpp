// expect: [ctnn.mode] | call forward(x, generator) | position<1>
// SPDX-License-Identifier: BSD-3-Clause
#include "wrong.hpp"
int main()
{
    Generator generator{1};
    Model<Sequential<Linear<4, 5>, Dropout<1, 5>, Linear<5, 2>>, Train<8>> model{generator};
    (void)model.forward(generator.randn(8, 4));
}
