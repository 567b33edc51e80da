// SPDX-License-Identifier: BSD-3-Clause
/// A training, with an observer of nothing when OBSERVED is defined and without one when not: both must be
/// the same machine code.
#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/inspect.hpp>

using namespace ctnn;

using Net = Sequential<Embedding<27, 10>, Linear<30, 50, NoBias>, BatchNorm<50>, Tanh, Linear<50, 27>>;

float train(Model<Net, Train<32, Observer<>::Keep>>& model, Minibatches<32>& batches, Generator& generator)
{
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    float last = 0;
#ifdef OBSERVED
    Observer<> observer{model};
#endif
    for (int step = 0; step < 1000; ++step) {
        const auto [contexts, targets] = batches.next(generator);
        const auto& logits = model.forward(contexts);
        const auto [loss, dlogits] = criterion(logits, targets);
        model.backward(dlogits);
#ifdef OBSERVED
        observer.step(model, sgd, static_cast<double>(loss));
#else
        sgd.step(model);
#endif
        last = loss;
    }
    return last;
}
