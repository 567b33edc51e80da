// expect: [ctnn.shape] | cannot be joined | position<1> | Add | shape<5> | shape<6>
// SPDX-License-Identifier: BSD-3-Clause
/// Branches that are added give the same shape.
#include "wrong.hpp"

using Net = Sequential<Linear<8, 16>, Sum<Linear<16, 5>, Linear<16, 6>>, Linear<5, 3>>;

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
