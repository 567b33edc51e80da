// SPDX-License-Identifier: BSD-3-Clause
/// Everything that is fast: compiled once for each level of CPUs.
#include <algorithm>
#include <stdexcept>

#include <ctnn/ctnn.hpp>

#include "names.hpp"

namespace {

using namespace ctnn;
using Net = Sequential<Embedding<27, 10>, Linear<30, 64, NoBias>, BatchNorm<64>, Tanh, Linear<64, 27>>;

std::vector<float> train(const std::string& file, int steps)
{
    const Words words = read_words(file);
    const Samples samples = ngrams(words, Vocabulary{words}, 3);
    Minibatches<32> batches{samples};
    Generator generator{2147483647};
    Model<Net, Train<32>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    for (int step = 0; step < steps; ++step) {
        const auto [contexts, targets] = batches.next(generator);
        const auto [loss, dlogits] = criterion(model.forward(contexts), targets);
        sgd.step(model, dlogits);
    }
    const Weights<Net>& weights = model.weights();
    return {weights.data(), weights.data() + Weights<Net>::bytes / sizeof(float)};
}

std::vector<std::string> sample(std::span<const float> weights, std::uint64_t seed, int count)
{
    Model<Net, Eval> model;
    if (weights.size() * sizeof(float) != Weights<Net>::bytes)
        throw std::invalid_argument("these are not the weights of this network");
    std::copy(weights.begin(), weights.end(), model.weights().data());
    const auto frozen = freeze(model);
    const Vocabulary vocabulary{"abcdefghijklmnopqrstuvwxyz"};
    Generator generator{seed};
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(ctnn::sample(frozen, vocabulary, generator));
    return names;
}

#define NAMES_TEXT_OF(x) #x
#define NAMES_TEXT(x) NAMES_TEXT_OF(x)

} // namespace

CTNN_LEVEL(Names, names) { return {.instructions = NAMES_TEXT(CTNN_ARCH), .train = train, .sample = sample}; }
