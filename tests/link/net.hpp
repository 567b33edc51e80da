// SPDX-License-Identifier: BSD-3-Clause
/// What both translation units use.
#pragma once

#include <ctnn/ctnn.hpp>

using Net = ctnn::Sequential<ctnn::Embedding<27, 10>, ctnn::Linear<30, 64>, ctnn::BatchNorm<64>, ctnn::Tanh,
                             ctnn::Linear<64, 27>>;

/// The loss of a few training steps: the same template code in every unit that includes it.
namespace {
inline float train_a_little()
{
    ctnn::Generator generator{1};
    ctnn::Model<Net, ctnn::Train<8>> model{generator};
    ctnn::Sgd sgd{model};
    ctnn::CrossEntropy criterion;
    float last = 0;
    for (int i = 0; i < 10; ++i) {
        const auto& logits = model.forward(generator.randint(0, 27, 8, 3));
        const auto [loss, dlogits] = criterion(logits, generator.randint(0, 27, 8));
        model.backward(dlogits);
        sgd.step(model);
        last = loss;
    }
    return last;
}
} // namespace
