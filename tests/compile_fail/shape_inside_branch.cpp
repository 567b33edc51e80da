// expect: [ctnn.shape] | position<1, 0, 1> | Linear<31, 16 | shape<32>
// SPDX-License-Identifier: BSD-3-Clause
/// A position inside a branch is the path to it.
#include "wrong.hpp"

using Net = Sequential<Linear<8, 16>, Residual<Sequential<Linear<16, 32>, Linear<31, 16>>>, Linear<16, 3>>;

int main()
{
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.1F}};
    const auto x = generator.randn(32, 8);
    (void)model.forward(x);
    model.backward(x);
    sgd.step(model);
    const auto frozen = freeze(model);
    (void)frozen.forward(x);
    return summary<Net>().empty() || first_non_finite_layer(model).empty() ? 1 : 0;
}
