// expect: [ctnn.mode] | can_sample
// SPDX-License-Identifier: BSD-3-Clause
/// Names sampled from a training model would be normalised by whatever is in the batch.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

std::string wrong(const Model<Net, Train<32>>& model, const Vocabulary& vocabulary, Generator& generator)
{
    return sample(model, vocabulary, generator);
}
