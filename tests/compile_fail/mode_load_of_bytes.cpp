// expect: [ctnn.mode] weights of one byte come from freeze<std::int8_t>(model, x) | is_loaded_so
// SPDX-License-Identifier: BSD-3-Clause
/// A file does not say what the numbers of each layer lie between.
#include "wrong.hpp"

void wrong(Model<Sequential<Linear<3, 5>, Tanh>, Packed<std::int8_t>>& model)
{
    load(model, "weights.safetensors");
}
