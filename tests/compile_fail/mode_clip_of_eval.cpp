// expect: [ctnn.mode] | has_gradients<
// SPDX-License-Identifier: BSD-3-Clause
/// An eval model has no gradients to keep within bounds.
#include "wrong.hpp"

void wrong(Model<Sequential<Linear<4, 3>>, Eval>& model)
{
    clip_gradient_norm(model, 1.0);
    clip_gradient_value(model, 1.0);
}
