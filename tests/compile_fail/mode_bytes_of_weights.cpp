// expect: [ctnn.mode] a model of std::int8_t is made by freeze<std::int8_t>(model, x) | has_ranges
// SPDX-License-Identifier: BSD-3-Clause
/// Weights alone do not say what the numbers of each layer lie between.
#include "wrong.hpp"

using Net = Sequential<Linear<30, 20>, Tanh>;

auto wrong(const Model<Net, Eval>& model) { return Model<Net, Packed<std::int8_t>>(model); }
