// expect: [ctnn.checkpoint] | is kept by its for_each_state(f) and settings() | has_state<EveryThird>
// SPDX-License-Identifier: BSD-3-Clause
/// A checkpoint of a sampler that does not show its state.
#include "wrong.hpp"

struct EveryThird {
    std::size_t position = 0;
};

void wrong(Model<Linear<4, 3>, Train<2>>& model, Sgd<Linear<4, 3>>& sgd, Generator& generator,
           EveryThird& sampler)
{
    Checkpoint(model, sgd, generator, sampler).save("a.safetensors", 0);
}
