// expect: [ctnn.shape] forward_one returns at most 64 KiB by value | fits_on_a_stack<
// SPDX-License-Identifier: BSD-3-Clause
/// A result of 12 MB by value.
#include "wrong.hpp"

void wrong(const Model<Sequential<Linear<4, 3000000>>, Eval>& model)
{
    (void)model.forward_one(std::array{1.F, 2.F, 3.F, 4.F});
}
