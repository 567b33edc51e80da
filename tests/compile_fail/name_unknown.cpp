// expect: [ctnn.name] | has_parameter | 3.weight
// SPDX-License-Identifier: BSD-3-Clause
/// Tanh at position 3 has no weight.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

void wrong(Model<Net, Train<32>>& model) { model.parameter<"3.weight">().fill(0); }
