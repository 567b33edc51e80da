// expect: [ctnn.mode] freeze<std::int8_t>(model, x) takes samples too | has_samples
// SPDX-License-Identifier: BSD-3-Clause
/// Whole numbers of one byte need to know what the numbers of each layer lie between.
#include "wrong.hpp"

auto wrong(const Model<Sequential<Linear<3, 5>, Tanh>, Eval>& model) { return freeze<std::int8_t>(model); }
