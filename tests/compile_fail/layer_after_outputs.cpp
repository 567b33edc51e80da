// expect: [ctnn.layer] | nothing reads | position<2> | Linear<16, 4
// SPDX-License-Identifier: BSD-3-Clause
/// Outputs stands at the end of a network.
#include "wrong.hpp"

using Net = Sequential<Linear<8, 16>, Outputs<Linear<16, 3>, Linear<16, 2>>, Linear<16, 4>>;

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
