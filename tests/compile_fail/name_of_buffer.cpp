// expect: [ctnn.name] | has_parameter | 2.running_mean
// SPDX-License-Identifier: BSD-3-Clause
/// Running statistics have no gradient.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

void wrong(const Model<Net, Train<32>>& model) { (void)model.gradient<"2.running_mean">(); }
