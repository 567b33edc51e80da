// expect: [ctnn.shape] this is not an xtensor | std::vector<int
// SPDX-License-Identifier: BSD-3-Clause
/// Nor do targets come as a std::vector.
#include "wrong.hpp"

void wrong(CrossEntropy<float>& criterion, const xt::xtensor<float, 2>& logits,
           const std::vector<int>& targets)
{
    (void)criterion(logits, targets);
}
