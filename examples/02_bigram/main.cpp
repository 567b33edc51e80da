// SPDX-License-Identifier: BSD-3-Clause
/// The first model of the lecture series: the next character from the one before it, as a table of 27 x 27
/// logits that is learnt.
#include <cstdio>
#include <exception>

#include <ctnn/ctnn.hpp>

using namespace ctnn;

// Looking up a row of the table is the product of a one-hot vector with it, without the multiplications by 0.
using Bigram = Sequential<Embedding<27, 27, 1>, Flatten>;

int main(int count, char** arguments)
try {
    const Words words = read_words(count > 1 ? arguments[1] : CTNN_NAMES_FILE);
    const Vocabulary vocabulary{"abcdefghijklmnopqrstuvwxyz"};
    const Samples samples = ngrams(words, vocabulary, 1);

    Generator generator{2147483647};
    Model<Bigram, Train<4096>> model{generator};
    Sgd sgd{model, {.learning_rate = 50}};
    CrossEntropy criterion;
    Minibatches<4096> batches{samples};

    for (int step = 0; step <= 500; ++step) {
        const auto [contexts, targets] = batches.next(generator);
        const auto& logits = model.forward(contexts);
        const auto [loss, dlogits] = criterion(logits, targets);
        if (step % 100 == 0) std::printf("step %4d   loss %.4f\n", step, static_cast<double>(loss));
        model.backward(dlogits);
        sgd.step(model);
    }

    const auto frozen = freeze(model);
    const auto [loss, unused] = criterion(frozen.forward(samples.contexts), samples.targets);
    std::printf("all %zu samples: %.4f\n\n", samples.size(), static_cast<double>(loss));
    for (int i = 0; i < 10; ++i) std::printf("%s\n", sample(frozen, vocabulary, generator).c_str());
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
}
