// expect: [ctnn.shape] | cannot be joined | position<2> | ConcatLast<2> | shape<4, 3> | shape<5, 3>
// SPDX-License-Identifier: BSD-3-Clause
/// Branches that stand side by side differ in their last extent only.
#include "wrong.hpp"

struct OneMore {
    static constexpr extents output(const extents& x) { return {x[0] + 1, x[1]}; }
    static void forward(const auto&) {}
    static void backward(const auto&) {}
};
using Net = Sequential<Input<4, 2>, Linear<2, 3>, Concat<Identity, OneMore>>;

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
