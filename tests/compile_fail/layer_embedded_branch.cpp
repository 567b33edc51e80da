// expect: [ctnn.layer] | stands in a branch | position<2, 1> | Linear<6, 2
// SPDX-License-Identifier: BSD-3-Clause
/// An exported network is a chain.
#include "wrong.hpp"

void wrong(const Model<Sequential<Linear<4, 6>, Tanh, Outputs<Linear<6, 6>, Linear<6, 2>>>, Eval>& model)
{
    export_header(model, "a.hpp", "a");
}
