// expect: [ctnn.parallel] workers share an optimizer's step by its apply( | can_be_shared_out<Halve>
// SPDX-License-Identifier: BSD-3-Clause
/// An optimizer that takes its step as a whole.
#include "wrong.hpp"

#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/workers.hpp>

struct Halve {
    void step(auto& model)
    {
        for (std::size_t i = 0; i < model.block_size(); ++i) model.parameter_block()[i] *= 0.5F;
    }
};

void wrong(DataParallel<Sequential<Linear<3, 5>>, Train<8>, Shards<4>>& model, Workers& workers,
           const xt::xtensor<float, 2>& x, const xt::xtensor<float, 2>& y)
{
    Halve halve;
    model.step(workers, x, y, MeanSquaredError{}, halve);
}
