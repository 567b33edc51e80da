// SPDX-License-Identifier: BSD-3-Clause
/// Hands a model of this unit's instruction set to a function of another unit's.
#include "net.hpp"

float handed(ctnn::Model<Net, ctnn::Train<8>>& model);

int main()
{
    ctnn::Model<Net, ctnn::Train<8>> model;
    return handed(model) == 0 ? 0 : 1;
}
