// expect: [ctnn.mode] | reads_characters
// SPDX-License-Identifier: BSD-3-Clause
/// A network that takes numbers cannot be asked for the next character.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

std::string wrong(const Model<Sequential<Linear<3, 27>>, Eval>& model, const Vocabulary& vocabulary,
                  Generator& generator)
{
    return sample(model, vocabulary, generator);
}
