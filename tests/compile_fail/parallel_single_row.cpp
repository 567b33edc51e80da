// expect: [ctnn.mode] | BatchNorm<5>
// SPDX-License-Identifier: BSD-3-Clause
/// A shard of one row has no spread, however many shards there are.
#include "wrong.hpp"

#include <ctnn/parallel/data_parallel.hpp>

void wrong(Generator& generator)
{
    DataParallel<Sequential<Linear<3, 5>, BatchNorm<5>>, Train<1>, Shards<4>> model{generator};
}
