// expect: [ctnn.layer] | position<1> | Halves | shape<4>
// SPDX-License-Identifier: BSD-3-Clause
/// A layer that states in_place cannot give another number of values than it takes.
#include "wrong.hpp"

struct Halves {
    static constexpr bool in_place = true;
    static constexpr extents output(const extents& x) { return {x.size() / 2}; }
    static void forward(const auto&) {}
    static void backward(const auto&) {}
};

using Net = Sequential<Linear<30, 4>, Halves>;

static_assert(parameter_count<Net> == 12'097 && weight_bytes<Net> < 50'000);

int main()
{
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    const auto& logits = model.forward(generator.randint(0, 27, 32, 3));
    const auto [loss, dlogits] = criterion(logits, generator.randint(0, 27, 32));
    model.backward(dlogits);
    sgd.step(model);
    model.parameter<"0.weight">() = generator.randn(27, 10);
    const auto frozen = freeze(model);
    (void)frozen.forward(generator.randint(0, 27, 32, 3));
    const Vocabulary vocabulary{"abc"};
    std::string text = sample(frozen, vocabulary, generator) + first_non_finite_layer(model) +
                       check_gradients<Net>(generator).where;
    return summary<Net>().empty() || text.empty() ? 1 : 0;
}
