// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/io/checkpoint.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../../support/files.hpp"

using namespace ctnn;
using support::bytes_of;
using support::Folder;

namespace {

using Net =
    Sequential<Embedding<5, 3>, Linear<6, 7, NoBias>, BatchNorm<7>, Tanh, Dropout<1, 10>, Linear<7, 5>>;

Samples some_samples()
{
    const Words words = words_from("abcd\nbad\ncab\ndab\nacdc\n");
    return ngrams(words, Vocabulary{words}, 2);
}

/// A training with everything that has a state: momentum, a learning rate that falls, running statistics,
/// dropout, a normal left over.
struct Training {
    Samples samples = some_samples();
    Generator generator{11};
    Model<Net, Train<4>> model{generator};
    Sgd<Net> sgd{model, {.learning_rate = 0.1F, .momentum = 0.9F, .dampening = 0.5}};
    Minibatches<4> batches{samples};
    CrossEntropy<float> criterion;
    Checkpoint<Model<Net, Train<4>>, Sgd<Net>, Minibatches<4>> checkpoint{model, sgd, generator, batches};

    void run(std::size_t from, std::size_t to)
    {
        const MultiStep schedule{0.05, {500}};
        for (std::size_t step = from; step < to; ++step) {
            const auto [contexts, targets] = batches.next(generator);
            const auto& logits = model.forward(contexts, generator);
            const auto [loss, dlogits] = criterion(logits, targets);
            model.backward(dlogits);
            sgd.set_learning_rate(schedule.at(step));
            sgd.step(model);
            (void)generator.randn(3); // an odd number: one is left over for the next call
        }
    }
};

/// Makes room for what it remembers in its first step.
struct Lazy {
    std::vector<float> memory;
    void step(auto& model) { memory.resize(model.workspace().gradients().size()); }
    template <class F>
    void for_each_state(F f)
    {
        f("memory", std::span<float>(memory));
    }
    static std::string settings() { return "lazy"; }
};

} // namespace

TEST_CASE("a training taken up at any step ends in the same file")
{
    const Folder folder;
    Training whole;
    whole.run(0, 1000);
    whole.checkpoint.save(folder.file("whole"), 1000);
    for (const std::size_t stop : std::array<std::size_t, 5>{0, 1, 7, 999, 1000}) {
        CAPTURE(stop);
        Training first;
        first.run(0, stop);
        first.checkpoint.save(folder.file("stopped"), stop, "the same");
        Training second;
        second.run(0, 3); // whatever it was before
        CHECK(second.checkpoint.load(folder.file("stopped"), "the same") == stop);
        CHECK(second.batches.drawn() == stop);
        CHECK(second.generator.state() == first.generator.state());
        second.run(stop, 1000);
        second.checkpoint.save(folder.file("resumed"), 1000);
        CHECK(bytes_of(folder.file("resumed")) == bytes_of(folder.file("whole")));
    }
}

TEST_CASE("a checkpoint is a model's file too, but a model's file is no checkpoint")
{
    const Folder folder;
    Training training;
    training.run(0, 20);
    training.checkpoint.save(folder.file("checkpoint"), 20);
    Model<Net, Eval> model;
    load(model, folder.file("checkpoint"));
    save(model, folder.file("a"));
    save(training.model, folder.file("b"));
    CHECK(bytes_of(folder.file("a")) == bytes_of(folder.file("b")));
    CHECK_THROWS_WITH_AS((void)training.checkpoint.load(folder.file("a")),
                         doctest::Contains("it holds a model, and no training to go on with"), Error);
}

TEST_CASE("a checkpoint of another training is refused, and nothing is changed")
{
    const Folder folder;
    Training training;
    training.run(0, 20);
    training.checkpoint.save(folder.file("a"), 20, "seed 11");
    Training other;
    other.run(0, 5);
    other.checkpoint.save(folder.file("before"), 5);
    const auto refused = [&](auto& checkpoint, const std::string& settings, const std::string& text) {
        CHECK_THROWS_WITH_AS((void)checkpoint.load(folder.file("a"), settings),
                             doctest::Contains(text.c_str()), Error);
        other.checkpoint.save(folder.file("after"), 5);
        CHECK(bytes_of(folder.file("after")) == bytes_of(folder.file("before")));
    };
    refused(other.checkpoint, "seed 12",
            "seed 11; SGD with momentum 0.9, dampening 0.5, weight decay 0; batches of 4 from");
    refused(other.checkpoint, "", "and this is one with\n  SGD");
    Sgd slower{other.model, {.momentum = 0.8F, .dampening = 0.5}};
    Checkpoint with_slower{other.model, slower, other.generator, other.batches};
    refused(with_slower, "seed 11", "momentum 0.8");
    const Words words = words_from("abcd\nbad\ncab\ndab\nacdd\n");
    const Samples samples = ngrams(words, Vocabulary{words}, 2);
    Minibatches<4> batches{samples};
    Checkpoint with_others{other.model, other.sgd, other.generator, batches};
    refused(with_others, "seed 11", "samples with checksum");
}

TEST_CASE("state that the training at hand does not have is not lost in silence")
{
    const Folder folder;
    Training training;
    Lazy used{{1, 2, 3}}, fresh, other{{4, 5}};
    Checkpoint(training.model, used, training.generator, training.batches).save(folder.file("a"), 3);
    CHECK_THROWS_WITH_AS(
        (void)Checkpoint(training.model, fresh, training.generator, training.batches).load(folder.file("a")),
        doctest::Contains("tensor 'ctnn.optimizer.memory' of shape (3,) is not in the training"), Error);
    CHECK_THROWS_WITH_AS(
        (void)Checkpoint(training.model, other, training.generator, training.batches).load(folder.file("a")),
        doctest::Contains("has shape (3,), the model needs (2,)"), Error);
    CHECK_THROWS_WITH_AS(training.checkpoint.save(folder.file("b"), 3, std::string(17000, 'x')),
                         doctest::Contains("a reader takes 16384"), Error);
    CHECK(folder.files() == 1);
}

TEST_CASE("momentum is kept by the names of parameters")
{
    const Folder folder;
    Training training;
    training.run(0, 20);
    training.checkpoint.save(folder.file("a"), 20);
    std::vector<std::string> names;
    for (const TensorInfo& t : tensors_in(folder.file("a")))
        if (t.name.starts_with("ctnn.optimizer.velocity"))
            names.push_back(t.name + " " + shape_text(t.shape));
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{
                       "ctnn.optimizer.velocity.0.weight (15,)", "ctnn.optimizer.velocity.1.weight (42,)",
                       "ctnn.optimizer.velocity.2.bias (7,)", "ctnn.optimizer.velocity.2.weight (7,)",
                       "ctnn.optimizer.velocity.5.bias (5,)", "ctnn.optimizer.velocity.5.weight (35,)"});
}

TEST_CASE("checkpoints of ctnn 0.1: read without momentum, with momentum refused by one sentence")
{
    Samples samples = some_samples();
    Generator generator{1};
    Model<Net, Train<4>> model{generator};
    Minibatches<4> batches{samples};
    Sgd plain{model, {.learning_rate = 0.1F}};
    Checkpoint checkpoint{model, plain, generator, batches};
    CHECK(checkpoint.load(CTNN_GOLDEN_DIR "/checkpoint-0.1.safetensors") == 20);
    CHECK(batches.drawn() == 20);
    const Folder folder;
    checkpoint.save(folder.file("again"), 20);
    CHECK(bytes_of(folder.file("again")) == bytes_of(CTNN_GOLDEN_DIR "/checkpoint-0.1.safetensors"));

    Sgd heavy{model, {.learning_rate = 0.1F, .momentum = 0.9F}};
    Checkpoint other{model, heavy, generator, batches};
    CHECK_THROWS_WITH_AS(
        (void)other.load(CTNN_GOLDEN_DIR "/checkpoint-0.1-momentum.safetensors"),
        doctest::Contains("ctnn 0.1 wrote it, which kept the momentum of all parameters as one block"),
        Error);
    load(model, CTNN_GOLDEN_DIR "/checkpoint-0.1-momentum.safetensors"); // the model itself
}

TEST_CASE("numbers that are not finite do not replace a good checkpoint")
{
    const Folder folder;
    Training training;
    training.run(0, 20);
    training.checkpoint.save(folder.file("a"), 20);
    const std::string good = bytes_of(folder.file("a"));
    training.model.parameter<"2.running_var">()(3) = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH_AS(training.checkpoint.save(folder.file("a"), 21),
                         doctest::Contains("number 3 of '2.running_var' is infinite"), Error);
    training.model.parameter<"2.running_var">()(3) = 1;
    training.model.parameter<"0.weight">()(0, 1) = std::nanf("");
    CHECK_THROWS_WITH_AS(training.checkpoint.save(folder.file("a"), 21),
                         doctest::Contains("number 1 of '0.weight' is NaN"), Error);
    CHECK(bytes_of(folder.file("a")) == good);
    CHECK(folder.files() == 1);
}

TEST_CASE("a checkpoint tells its settings, and takes only steps that a file can hold")
{
    Training t;
    const Folder folder;
    t.checkpoint.save(folder.file("a"), 7, "of 'me'");
    CHECK(checkpoint_settings(folder.file("a")).starts_with("of 'me'; SGD"));
    save(t.model, folder.file("b"));
    CHECK(checkpoint_settings(folder.file("b")).empty());
    CHECK_THROWS_WITH_AS((void)checkpoint_settings(folder.file("c")), doctest::Contains("No such file"),
                         Error);
    if constexpr (sizeof(std::size_t) == 8)
        CHECK_THROWS_WITH_AS(t.checkpoint.save(folder.file("c"), SIZE_MAX),
                             doctest::Contains("step 18446744073709551615"), Error);
}

TEST_CASE("a generator's state is checked")
{
    Generator g{5};
    (void)g.randn(3);
    auto numbers = detail::numbers_of(g);
    CHECK(detail::state_from(numbers) == g.state());
    for (const auto& [place, value] : {std::pair<std::size_t, std::int64_t>{0, -1},
                                       {623, std::int64_t{1} << 32},
                                       {624, 625},
                                       {624, -1},
                                       {625, 2},
                                       {625, -1}}) {
        auto bad = numbers;
        bad[place] = value;
        CHECK(detail::state_from(bad) == std::nullopt);
    }
}

TEST_CASE("the checkpoint of another optimizer is refused with the training that it is of")
{
    const Folder folder;
    Training training;
    RmsProp other{training.model, {.momentum = 0.5}};
    Checkpoint(training.model, other, training.generator, training.batches).save(folder.file("a"), 3);
    CHECK_THROWS_WITH_AS((void)training.checkpoint.load(folder.file("a")),
                         doctest::Contains("in a training with RMSprop with alpha 0.99"), Error);
    RmsProp without{training.model};
    CHECK_THROWS_WITH_AS((void)Checkpoint(training.model, without, training.generator, training.batches)
                             .load(folder.file("a")),
                         doctest::Contains("momentum 0.5; batches of"), Error);
}
