// expect: [ctnn.mode] | position<0> | makes_output | Embedding<5
// SPDX-License-Identifier: BSD-3-Clause
/// The vectors of the Embedding are never made: the Linear takes sums of table rows.
#include "wrong.hpp"

using Net = Sequential<Embedding<5, 16, 4>, Linear<16, 17>, Linear<17, 2>>;

float wrong(const Model<Net, Train<40>>& model) { return model.output<0>()(0, 0, 0); }
