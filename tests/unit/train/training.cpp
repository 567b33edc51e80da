// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/train/training.hpp>

#include <cmath>
#include <csignal>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../../support/files.hpp"

using namespace ctnn;
using support::bytes_of;
using support::Folder;
using support::write_bytes;

namespace {

using Net = Sequential<Linear<3, 6>, BatchNorm<6>, Tanh, Dropout<1, 10>, Linear<6, 1>>;

/// A training with all that remembers something: order of epochs, a schedule, a moving average, a plateau, an
/// early stop.
struct Everything {
    Generator generator{3};
    xt::xtensor<float, 2> x = generator.randn(37, 3), y = generator.randn(37, 1);
    Model<Net, Train<8>> model{generator};
    AdamW<Net> adam{model, {.learning_rate = 0.01}};
    Epochs<8, xt::xtensor<float, 2>, xt::xtensor<float, 2>> epochs{x, y};
    ExponentialMovingAverage<Net> average{model, 0.9};
    ReduceOnPlateau plateau{0.01, {.patience = 1}};
    EarlyStopping<Net> stopping{model, {.patience = 1000}};
    MeanSquaredError<> criterion;

    /// Runs to the end, or until `stop_after` steps more; returns the steps done.
    std::size_t run(const TrainingOptions& options, std::size_t stop_after = 1'000'000)
    {
        Training training{options, model, adam, generator, epochs, average, plateau, stopping};
        while (training.next()) {
            const auto [bx, by] = epochs.next(generator);
            const auto [loss, dy] = criterion(model.forward(bx, generator), by);
            training.record(static_cast<double>(loss));
            model.backward(dy);
            adam.step(model);
            average.update(model);
            if (epochs.is_at_end()) {
                const double metric = static_cast<double>(loss);
                training.evaluated({{"last", metric}});
                adam.set_learning_rate(plateau.after(metric));
                stopping.after(model, metric);
            }
            if (training.step() + 1 == training.first() + stop_after) training.stop();
        }
        seen = training.history();
        losses = training.loss().points().size();
        return training.step();
    }
    std::vector<MetricHistory> seen;
    std::size_t losses = 0;
};

TrainingOptions quiet(std::size_t steps, const std::string& checkpoint = {}, const std::string& metrics = {})
{
    return {
        .steps = steps, .checkpoint = checkpoint, .every = 7, .metrics = metrics, .shows_progress = false};
}

} // namespace

TEST_CASE(
    "a training with epochs, average, plateau and early stop, taken up at any step, ends in the same bits")
{
    const Folder folder;
    Everything whole;
    CHECK(whole.run(quiet(60, folder.file("whole"), folder.file("whole.jsonl"))) == 60);
    for (const std::size_t stop : {1U, 4U, 5U, 6U, 33U}) {
        CAPTURE(stop);
        const std::string file = folder.file("part"), metrics = folder.file("part.jsonl");
        auto options = quiet(60, file, metrics);
        options.overwrite = true;
        CHECK(Everything{}.run(options, stop) == stop);
        options.resume = file;
        Everything again;
        CHECK(again.run(options) == 60);
        CHECK(bytes_of(file) == bytes_of(folder.file("whole")));
        CHECK(bytes_of(metrics) == bytes_of(folder.file("whole.jsonl")));
        // What stands in the metrics is remembered.
        CHECK(again.losses == whole.losses);
        REQUIRE(again.seen.size() == 1);
        CHECK(again.seen[0].step == whole.seen[0].step);
    }
    // Another average is another training.
    Everything other;
    other.average = ExponentialMovingAverage<Net>{other.model, 0.5};
    auto options = quiet(80);
    options.resume = folder.file("whole");
    CHECK_THROWS_WITH_AS(other.run(options), doctest::Contains("average with decay 0.9"), Error);
}

TEST_CASE("what was given and is over ends the loop, also when it is taken up again")
{
    const Folder folder;
    Generator generator{1};
    Model<Net, Train<4>> model{generator};
    Sgd sgd{model};
    const xt::xtensor<float, 2> x = generator.randn(8, 3);
    auto epochs = epochs_of<4>(x);
    auto options = quiet(100, folder.file("c"));
    for (const char* resume : {"", "c"}) {
        options.resume = *resume == '\0' ? "" : folder.file(resume);
        EarlyStopping stopping{model, {.patience = 3}};
        Training training{options, model, sgd, generator, epochs, stopping};
        CHECK(training.first() == (options.resume.empty() ? 0U : 6U));
        while (training.next()) {
            training.record(1);
            if (training.is_due(1))
                stopping.after(model, training.step() < 3 ? -static_cast<double>(training.step()) : 0);
        }
        CHECK(training.step() == 6); // the best at step 2, and three that are not
        CHECK(stopping.best() == -2);
        CHECK_FALSE(training.next());
    }
}

TEST_CASE("a loss that is not finite ends the training with its step and layer")
{
    Everything e;
    e.model.parameter<"0.weight">()(0, 0) = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_WITH_AS(
        e.run(quiet(5)),
        doctest::Contains("[ctnn.diverged] the loss of step 0 is nan; the first layer that is "
                          "not finite is 0 (Linear<3, 6>)"),
        Error);
    // A loss alone.
    Generator generator{1};
    const xt::xtensor<float, 2> x = generator.randn(8, 3);
    auto epochs = epochs_of<4>(x);
    Training training{quiet(9), e.model, e.adam, generator, epochs};
    REQUIRE(training.next());
    e.model.parameter<"0.weight">()(0, 0) = 0;
    (void)e.model.forward(x, generator);
    training.record(1);
    REQUIRE(training.next());
    CHECK_THROWS_WITH_AS(training.record(std::numeric_limits<double>::infinity()),
                         doctest::Contains("the loss of step 1 is inf; all layers are finite"), Error);
}

TEST_CASE("weights that are not finite do not replace a checkpoint, and are called diverged")
{
    const Folder folder;
    Everything e;
    e.run(quiet(3, folder.file("c")));
    const std::string before = bytes_of(folder.file("c"));
    auto options = quiet(9, "");
    options.resume = folder.file("c");
    Training training{options, e.model, e.adam, e.generator, e.epochs, e.average, e.plateau, e.stopping};
    e.model.parameter<"0.weight">()(0, 0) = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH_AS((void)training.next(), doctest::Contains("[ctnn.diverged] after 3 steps"), Error);
    CHECK(bytes_of(folder.file("c")) == before);
}

TEST_CASE("nobody's file is lost")
{
    const Folder folder;
    Everything e;
    const std::string file = folder.file("c"), metrics = folder.file("m");
    e.run(quiet(3, file, metrics));
    const std::string before = bytes_of(file);
    CHECK_THROWS_WITH_AS(Everything{}.run(quiet(3, file)), doctest::Contains("c' is there already"), Error);
    CHECK_THROWS_WITH_AS(Everything{}.run(quiet(3, "", metrics)), doctest::Contains("is there already"),
                         Error);
    auto resumes = quiet(9, "", folder.file("notes"));
    resumes.resume = file;
    write_bytes(folder.file("notes"), "mine\n");
    CHECK_THROWS_WITH_AS(Everything{}.run(resumes), doctest::Contains("and has no metrics"), Error);
    CHECK(bytes_of(folder.file("notes")) == "mine\n");
    CHECK_THROWS_WITH_AS(Everything{}.run(quiet(3, folder.file("x"), folder.file("x"))),
                         doctest::Contains("are one file"), Error);
    CHECK_THROWS_WITH_AS(Everything{}.run(quiet(3, folder.file("no/x"))), doctest::Contains("no folder"),
                         Error);
    CHECK_THROWS_WITH_AS(Everything{}.run(quiet(0)), doctest::Contains("0 steps"), Error);
    auto early = quiet(2);
    early.resume = file;
    CHECK_THROWS_WITH_AS(Everything{}.run(early),
                         doctest::Contains("is at step 3, the training is to end at"), Error);
    CHECK(bytes_of(file) == before);
    // What is resumed from is no place for metrics.
    auto mixed = quiet(9, folder.file("new"), file);
    mixed.resume = file;
    mixed.overwrite = true;
    CHECK_THROWS_WITH_AS(Everything{}.run(mixed), doctest::Contains("are one file"), Error);
    CHECK(bytes_of(file) == before);
    // One training at a time.
    const FileLock lock{folder.file("d")};
    CHECK_THROWS_WITH_AS(Everything{}.run(quiet(3, folder.file("d"))),
                         doctest::Contains("another training is writing"), Error);
}

TEST_CASE("a signal ends the loop after its step, and the handlers before it come back")
{
    const Folder folder;
    static int caught = 0;
    const auto before = std::signal(SIGTERM, [](int) { ++caught; });
    {
        Generator generator{1};
        Model<Net, Train<4>> model{generator};
        Sgd sgd{model};
        const xt::xtensor<float, 2> x = generator.randn(8, 3);
        auto epochs = epochs_of<4>(x);
        Training training{quiet(100, folder.file("c")), model, sgd, generator, epochs};
        while (training.next()) {
            training.record(1);
            if (training.step() == 41) std::raise(SIGTERM);
        }
        CHECK(training.step() == 42);
        CHECK(training.signal() == SIGTERM);
        CHECK(training.how_it_stopped() ==
              "stopped by a signal after step 41; saved in '" + folder.file("c") + "'");
        CHECK(checkpoint_settings(folder.file("c")).find("SGD") != std::string::npos);
        CHECK(caught == 0);
    }
    detail::signal_that_came = 0; // for the tests after this one
    std::raise(SIGTERM);
    CHECK(caught == 1);
    std::signal(SIGTERM, before);
    CHECK_FALSE(std::filesystem::exists(folder.file("c.lock")));
}

TEST_CASE("a signal in the last step has ended nothing, and what is found after the loop is kept")
{
    const Folder folder;
    {
        Everything e;
        Training training{quiet(3, "", folder.file("m")), e.model, e.adam, e.generator, e.epochs};
        const SignalWatch watch;
        while (training.next()) {
            training.record(1);
            if (training.step() == 2) std::raise(SIGTERM);
        }
        CHECK(training.signal() == 0);
        CHECK(training.how_it_stopped() == "ended after 3 steps");
        training.evaluated({{"test accuracy", 0.5}});
        CHECK(training.problem().empty());
    }
    detail::signal_that_came = 0; // for the tests after this one
    CHECK(bytes_of(folder.file("m")).ends_with("{\"step\": 3, \"test accuracy\": 0.5}\n"));
}

TEST_CASE("metrics that cannot all be written do not stop a training")
{
    if (!std::filesystem::exists("/dev/full")) return;
    Generator generator{1};
    Model<Net, Train<4>> model{generator};
    Sgd sgd{model};
    const xt::xtensor<float, 2> x = generator.randn(8, 3);
    auto epochs = epochs_of<4>(x);
    Training training{quiet(2000, "", "/dev/full"), model, sgd, generator, epochs};
    while (training.next()) training.record(1);
    CHECK(training.step() == 2000);
    CHECK(training.problem().find("cannot write '/dev/full'") == 0);
    CHECK_THROWS_WITH_AS(training.evaluated({{"loss", 1.0}}), doctest::Contains("expected another name"),
                         Error);
}
