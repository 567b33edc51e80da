// SPDX-License-Identifier: BSD-3-Clause
// 24 equal blocks cost one: what is instantiated does not grow with their number.
#include <ctnn/ctnn.hpp>

using namespace ctnn;

#ifndef BLOCKS
#define BLOCKS 24
#endif
using Net = Repeat<BLOCKS, Residual<LayerNorm<64>, Linear<64, 256>, GELU, Linear<256, 64>>>;

int main()
{
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.1F}};
    const auto x = generator.randn(32, 64);
    (void)model.forward(x);
    model.backward(x);
    sgd.step(model);
    return freeze(model).forward(x)(0, 0) > 0 ? 0 : 1;
}
