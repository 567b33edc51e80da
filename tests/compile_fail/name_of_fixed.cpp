// expect: [ctnn.name] | has_parameter | 0.weight
// SPDX-License-Identifier: BSD-3-Clause
/// A parameter that is fixed has no gradient.
#include "wrong.hpp"

float wrong(Model<Sequential<Fixed<Linear<8, 16>>, Linear<16, 3>>, Train<32>>& model)
{
    return model.gradient<"0.weight">()(0, 0);
}
