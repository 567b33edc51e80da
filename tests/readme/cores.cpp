// SPDX-License-Identifier: BSD-3-Clause
/// The blocks of chapter 17's page, as they stand there; compiled, and not run.
#include <ctnn/ctnn.hpp>
#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/evaluate.hpp>
#include <ctnn/parallel/trials.hpp>
#include <ctnn/parallel/workers.hpp>

using namespace ctnn;

using Net = Sequential<Linear<4, 8>, Tanh, Linear<8, 3>>;

double many_settings(const Model<Net, Train<8>>& model, const xt::xtensor<float, 2>& x,
                     const xt::xtensor<int, 1>& targets, NamedNumbers (*train)(const NamedNumbers&))
{
    // clang-format off
Workers workers; // a thread for each core that the program may use; Workers{2} for two
const auto trials = all_combinations({{"learning rate", {0.03, 0.1, 0.3}}, {"seed", {1, 2, 3, 4}}});
const auto done = for_each_trial(workers, trials, train, {.journal = "sweep.jsonl"});
const double validation = mean_loss(workers, freeze(model), x, targets); // the same bits for any number
    // clang-format on
    return validation + static_cast<double>(done.size());
}

namespace one_training {

using Net = Sequential<Embedding<27, 10, 3>, Flatten, Linear<30, 27>>;

float step(Generator& generator, const Samples& samples, Workers& workers)
{
    // clang-format off
DataParallel<Net, Train<32>, Shards<4>> model{generator}; // a step takes 4 x 32 samples
Sgd sgd{model, {.learning_rate = 0.4F}};
Minibatches<model.batch> batches{samples};
    // clang-format on
    const auto [contexts, targets] = batches.next(generator);
    // clang-format off
const float loss = model.step(workers, contexts, targets, CrossEntropy{}, sgd);
    // clang-format on
    return loss;
}

} // namespace one_training
