// SPDX-License-Identifier: BSD-3-Clause
/// Trainings in shards as files.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <xtensor/xview.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/io/checkpoint.hpp>
#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/workers.hpp>
#include <doctest/doctest.h>

#include "support/files.hpp"

using namespace ctnn;

TEST_CASE(
    "checkpoint: shards are part of a training, workers are not, and layers that draw go on as they would")
{
    using Drop = Sequential<Linear<3, 8>, BatchNorm<8>, Dropout<1, 4>, Tanh, Linear<8, 2>>;
    const support::Folder folder;
    const std::string file = folder.file("shards.safetensors");
    Generator data{3};
    const auto x = data.randn(64, 3), y = data.randn(64, 2);
    const auto train = [&](std::size_t first, std::size_t last, std::size_t count, bool resumes, bool saves) {
        Generator generator{resumes ? 99U : 5U};
        DataParallel<Drop, Train<4>, Shards<4>> model{generator};
        Sgd sgd{model, {.learning_rate = 0.1F, .momentum = 0.9F}};
        auto epochs = epochs_of<model.batch>(x, y);
        Checkpoint checkpoint{model, sgd, generator, epochs};
        Workers workers{count, {.may_exceed_cores = true}};
        if (resumes) {
            const auto [bx, by] = epochs.next(generator); // workers have copies that must be made anew
            model.step(workers, bx, by, MeanSquaredError{}, sgd);
            CHECK(checkpoint.load(file) == first);
        }
        for (std::size_t i = first; i < last; ++i) {
            const auto [bx, by] = epochs.next(generator);
            model.step(workers, bx, by, MeanSquaredError{}, sgd);
        }
        if (saves) checkpoint.save(file, last);
        const float* const w = std::as_const(model).weights().data();
        return std::vector<float>(w, w + Weights<Drop>::bytes / sizeof(float));
    };
    const auto whole = train(0, 20, 1, false, false);
    (void)train(0, 7, 4, false, true);
    CHECK(checkpoint_settings(file).find("; shards 4") != std::string::npos);
    CHECK(train(7, 20, 1, true, false) == whole);
    CHECK(train(7, 20, 2, true, false) == whole);
    CHECK(train(7, 20, 4, true, false) == whole);

    Generator generator{5};
    DataParallel<Drop, Train<8>, Shards<2>> other{generator};
    Sgd sgd{other, {.learning_rate = 0.1F, .momentum = 0.9F}};
    auto epochs = epochs_of<16>(x, y);
    Checkpoint checkpoint{other, sgd, generator, epochs};
    CHECK_THROWS_AS(checkpoint.load(file), Error);

    // A model's weights can be loaded, and the workers have them in the next step.
    const auto loaded = [&](std::size_t count) {
        Generator g{6};
        DataParallel<Drop, Train<4>, Shards<4>> model{g};
        Sgd optimizer{model};
        Workers workers{count, {.may_exceed_cores = true}};
        const xt::xtensor<float, 2> bx = xt::view(x, xt::range(0, 16)), by = xt::view(y, xt::range(0, 16));
        model.step(workers, bx, by, MeanSquaredError{}, optimizer);
        load(model, file);
        model.step(workers, bx, by, MeanSquaredError{}, optimizer);
        const float* const w = std::as_const(model).weights().data();
        return std::vector<float>(w, w + Weights<Drop>::bytes / sizeof(float));
    };
    const auto one = loaded(1);
    CHECK(loaded(2) == one);
    CHECK(loaded(4) == one);
}
