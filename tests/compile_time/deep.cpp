// SPDX-License-Identifier: BSD-3-Clause
// 41 layers: what each costs must not grow with their number.
#include <array>

#include <ctnn/ctnn.hpp>

using namespace ctnn;

template <std::size_t N>
using Hidden = Sequential<Linear<100, 100, NoBias>, BatchNorm<100>, Tanh>;
using Four = Sequential<Hidden<1>, Hidden<2>, Hidden<3>, Hidden<4>>;
using Net = Sequential<Embedding<27, 10>, Linear<30, 100, NoBias>, BatchNorm<100>, Tanh, Four, Four, Four,
                       Linear<100, 27>>;
static_assert(Model<Net, Eval>::layers == 41);

int main()
{
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    const auto [loss, dlogits] =
        criterion(model.forward(generator.randint(0, 27, 32, 3)), generator.randint(0, 27, 32));
    model.backward(dlogits);
    sgd.step(model);
    return freeze(model).forward_one(std::array{1, 2, 3})[0] > 0 ? 0 : 1;
}
