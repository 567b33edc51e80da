// SPDX-License-Identifier: BSD-3-Clause A program that trains the lecture's network and samples from it: what
// it costs to compile is measured and kept.
#include <cstdio>

#include <ctnn/ctnn.hpp>

using namespace ctnn;

using Net = Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200>, Tanh, Linear<200, 27>>;

int main()
{
    const Words words = read_words("names.txt");
    const Vocabulary vocabulary{words};
    const Samples samples = ngrams(words, vocabulary, 3);
    Minibatches<32> batches{samples};
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    for (int step = 0; step < 1000; ++step) {
        const auto [contexts, targets] = batches.next(generator);
        const auto [loss, dlogits] = criterion(model.forward(contexts), targets);
        model.backward(dlogits);
        sgd.step(model);
        std::printf("%d %f\n", step, static_cast<double>(loss));
    }
    std::puts(sample(freeze(model), vocabulary, generator).c_str());
}
