// expect: [ctnn.parallel] a DataParallel model is of a Train<B> and Shards<1>, <2>, <4>, | Shards<3>
// SPDX-License-Identifier: BSD-3-Clause
/// Three shards are no balanced tree.
#include "wrong.hpp"

#include <ctnn/parallel/data_parallel.hpp>

void wrong(Generator& generator)
{
    DataParallel<Sequential<Linear<3, 5>, Tanh>, Train<32>, Shards<3>> model{generator};
}
