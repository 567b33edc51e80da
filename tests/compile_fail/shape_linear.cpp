// expect: [ctnn.shape] | position<1> | Linear<31, 200 | shape<10
// SPDX-License-Identifier: BSD-3-Clause
/// The hidden layer takes 31 features, and no number of characters gives 31 = T x 10.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<31, 200>, Tanh, Linear<200, 27>>;

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
    (void)freeze<bfloat16>(model);
    (void)freeze<std::int8_t>(model, generator.randint(0, 27, 32, 3));
    const Vocabulary vocabulary{"abc"};
    std::string text = sample(frozen, vocabulary, generator) + first_non_finite_layer(model) +
                       check_gradients<Net>(generator).where;
    return summary<Net>().empty() || text.empty() ? 1 : 0;
}
