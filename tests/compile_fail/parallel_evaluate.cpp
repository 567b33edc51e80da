// expect: [ctnn.mode] a model that learns is not evaluated as it is | answers_only<
// SPDX-License-Identifier: BSD-3-Clause
/// A model that learns would move its running statistics.
#include "wrong.hpp"

#include <ctnn/parallel/evaluate.hpp>
#include <ctnn/parallel/workers.hpp>

double wrong(const Model<Sequential<Linear<3, 5>>, Train<8>>& model, Workers& workers,
             const xt::xtensor<float, 2>& x, const xt::xtensor<int, 1>& y)
{
    return mean_loss(workers, model, x, y);
}
