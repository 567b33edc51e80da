// expect: [ctnn.parallel] a DataParallel model takes a step as a whole | steps_alone<
// SPDX-License-Identifier: BSD-3-Clause
/// The batch is divided among shards: there is no forward of one.
#include "wrong.hpp"

#include <ctnn/parallel/data_parallel.hpp>

void wrong(DataParallel<Sequential<Linear<3, 5>>, Train<8>, Shards<4>>& model, const xt::xtensor<float, 2>& x)
{
    model.forward(x);
}
