// expect: [ctnn.class_id] | is_integer<float>
// SPDX-License-Identifier: BSD-3-Clause
/// Targets are classes, not probabilities.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

void wrong(CrossEntropy<>& criterion, const xt::xtensor<float, 2>& logits,
           const xt::xtensor<float, 1>& targets)
{
    (void)criterion(logits, targets);
}
