// expect: [ctnn.layer] | does not state among its parts | position<1, 1>
// SPDX-License-Identifier: BSD-3-Clause
/// A container states every layer that it adds.
#include "wrong.hpp"

struct Halfway {
    using parts = layer_list<Tanh>;
    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        return net.template add<ReLU>(net.template add<Tanh>(x));
    }
};
using Net = Sequential<Linear<8, 16>, Halfway, Linear<16, 3>>;

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
