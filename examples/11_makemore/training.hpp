// SPDX-License-Identifier: BSD-3-Clause
/// One training of one stage, from words to losses and names.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ctnn/io/export_header.hpp>
#include <ctnn/parallel/evaluate.hpp>
#include <ctnn/parallel/workers.hpp>
#include <ctnn/report/run.hpp>
#include <ctnn/train/training.hpp>

#include "stages.hpp"

namespace makemore {

/// What ends the program early, with its exit code: 1 usage, 2 input, 3 diverged, 4 output, 130 and 143
/// signals.
struct Failure : std::runtime_error {
    int code;
    Failure(int exit_code, const std::string& text) : std::runtime_error(text), code(exit_code) {}
};

struct Options {
    std::string data = CTNN_NAMES_FILE;
    std::optional<std::size_t> steps;    ///< the stage's own number when not given
    std::optional<double> learning_rate; ///< 0.1 in a stage, 0.0005 of a model
    std::size_t decay_at = 100'000;
    std::uint64_t seed = 2147483647;
    std::optional<std::uint64_t> drawing_seed; ///< of names; seed + 10
    // Of the models of makemore.py.
    std::string model;
    std::size_t layers = 4, features = 64, top_k = 0, log_every = 10;
    double weight_decay = 0.01;
    std::string metrics;
    std::size_t samples = 20;
    bool prints_names = true;
    std::string report;             ///< the folder for it; empty: no report, and nothing is observed
    std::string checkpoint, resume; ///< files; empty: none
    std::size_t every = 10'000;     ///< steps between two checkpoints
    bool overwrite = false;         ///< files that are there already and somebody may want
    std::string header;             ///< the C++ header to write; empty: none
    bool int8 = false;              ///< with weights of one byte
    std::string run_name;           ///< in a report; empty: the stage's
    std::function<void(std::size_t, double)> progress; ///< each 1,000 steps: step and loss
};

/// The split words as samples, and the vocabulary they share.
struct Data {
    Vocabulary vocabulary;
    Samples train, validation, test;
};

/// The words of a file, with no more characters than the networks have classes.
inline Words load_words(const std::string& path)
{
    Words words = read_words(path);
    const Vocabulary vocabulary{words};
    if (vocabulary.size() > classes) {
        // Name the first word with a character too many: the vocabulary of the first 26 distinct ones is
        // asked for the rest.
        std::string known;
        for (const std::string& word : words.text)
            for (const char c : word)
                if (known.size() + 1 < classes && known.find(c) == std::string::npos) known += c;
        try {
            Vocabulary{known}.require(words);
        } catch (const Error& error) {
            throw Failure(
                2, fmt::format("{}; makemore is compiled for {} different characters, this file has {}",
                               error.what(), classes - 1, vocabulary.size() - 1));
        }
    }
    return words;
}

inline Data load(const std::string& path)
{
    Words words = load_words(path);
    const Vocabulary vocabulary{words};
    shuffle(words, PythonRandom{42});
    const Split parts = split(words);
    return {vocabulary, ngrams(parts.train, vocabulary, context),
            ngrams(parts.validation, vocabulary, context), ngrams(parts.test, vocabulary, context)};
}

/// What a training has come to.
struct Result {
    std::size_t steps = 0, first = 0; ///< a resumed training starts at `first`
    double initial_loss = 0, seconds = 0;
    double train = 0, validation = 0, test = 0; ///< in eval mode, over the whole split
    std::string diverged;                       ///< what went wrong after the last step
    std::string output_error;                   ///< why the metrics are not complete; the rest is
    std::optional<Run> run;                     ///< of an observed training
};

/// Asked often enough that a signal ends the program within 2 s, wherever it is.
inline void stop_if_asked(const std::string& where)
{
    if (stop_signal() != 0) throw Failure(128 + stop_signal(), "stopped by a signal " + where);
}

/// The mean loss over all samples.
template <class Frozen>
double loss_over(const Frozen& model, const Samples& samples)
{
    stop_if_asked("while measuring losses");
    Workers one{1};
    return mean_loss(one, model, samples);
}

/// The characters of a vocabulary, as checkpoints have them.
inline std::string characters_text(const Vocabulary& vocabulary)
{
    std::string text = "characters '";
    for (const char c : vocabulary.characters()) {
        const bool plain = c > ' ' && c < 0x7f && c != '\'' && c != '\\';
        text += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return text + "'";
}

/// Called with the result before names are drawn, so that nothing after it can lose it.
using Report = std::function<void(const Result&)>;

/// The network as a C++ header; with weights of one byte, what that costs.
template <class Frozen>
[[gnu::cold]] void write_header(const Frozen& frozen, const Data& data, const Options& options,
                                double validation)
{
    if (options.header.empty()) return;
    export_header(frozen, options.header, "names",
                  {.characters = data.vocabulary.characters(), .int8 = options.int8});
    fmt::print("header: {}\n", options.header);
    if (options.int8)
        fmt::print("validation loss with weights of one byte: {:.7f}, with floats {:.7f}\n",
                   loss_over(with_int8_weights(frozen), data.validation), validation);
}

// pictures.cpp: the lecture's own, beside those that a report has of any network.

/// What weights of three sizes do to the spread of what comes into the first layer; with the stage's own.
[[nodiscard]] Picture scaling_picture(const std::string& stage, const xt::xtensor<float, 2>& embedding,
                                      const xt::xtensor<float, 2>& own, const Samples& samples,
                                      std::uint64_t seed);
/// The vector of each character, seen along the two directions in which they differ most.
[[nodiscard]] Picture embedding_picture(const std::string& stage, const xt::xtensor<float, 2>& embedding,
                                        const Vocabulary& vocabulary);

/// A matrix of a model by its place among the parameters.
template <class M>
[[gnu::cold]] xt::xtensor<float, 2> matrix_of(const M& model, std::size_t position)
{
    xt::xtensor<float, 2> matrix;
    model.for_each_parameter([&](auto, auto value, auto) {
        if (position-- != 0) return;
        matrix = xt::xtensor<float, 2>::from_shape({value.shape()[0], value.size() / value.shape()[0]});
        std::copy(value.begin(), value.end(), matrix.begin());
    });
    return matrix;
}

/// Before the first step: nothing here moves the training's own stream or its running statistics.
template <class M>
[[gnu::cold]] void see_start(Run& run, const M& model, const Data& data, Generator generator,
                             std::uint64_t seed)
{
    Minibatches<batch> batches{data.train};
    const auto [contexts, targets] = batches.next(generator);
    CrossEntropy criterion;
    run.see_start(model, criterion, contexts, targets);
    run.pictures.push_back(
        scaling_picture(run.name, matrix_of(model, 0), matrix_of(model, 1), data.train, seed));
}

/// Trains one network, watched by an Observer<...>.
template <class Net, class Watch, class Initialise>
Result train_net(Stage stage, const Data& data, const Options& options, bool quiet, Initialise initialise,
                 const Report& report)
{
    const StageName& name = stage_names[static_cast<std::size_t>(stage)];
    Generator generator{options.seed};
    Model<Net, Train<batch, typename Watch::Keep>> model;
    initialise(model, generator);
    Result result;
    if constexpr (Watch::watches_outputs) {
        result.run = Run{.name = options.run_name.empty() ? std::string(name.name) : options.run_name,
                         .meaning = std::string(name.meaning)};
        see_start(*result.run, model, data, generator, options.seed);
    }
    const double rate = options.learning_rate.value_or(0.1);
    const MultiStep schedule{rate, {options.decay_at}};
    Sgd sgd{model, {.learning_rate = static_cast<float>(schedule.at(0))}};
    Watch observer{model};
    CrossEntropy criterion;
    Minibatches<batch> batches{data.train};
    Training training{
        {.steps = options.steps.value_or(name.steps),
         .checkpoint = options.checkpoint,
         .resume = options.resume,
         .every = options.every,
         .metrics = options.metrics,
         .settings = fmt::format("stage {}, seed {}, learning rate {}, a tenth from step {}, {}", name.name,
                                 options.seed, rate, options.decay_at, characters_text(data.vocabulary)),
         .overwrite = options.overwrite,
         .shows_progress = !quiet},
        model,
        sgd,
        generator,
        batches};
    while (training.next()) {
        const auto [contexts, targets] = batches.next(generator);
        const auto [loss, dlogits] = criterion(model.forward(contexts), targets);
        if (training.step() == 0) result.initial_loss = static_cast<double>(loss);
        sgd.set_learning_rate(schedule.at(training.step()));
        training.record(static_cast<double>(loss));
        if (options.progress && training.step() % 1000 == 0)
            options.progress(training.step(), static_cast<double>(loss));
        model.backward(dlogits);
        observer.step(model, sgd, static_cast<double>(loss));
    }
    if (training.signal() != 0)
        throw Failure(128 + training.signal(),
                      training.how_it_stopped() +
                          (options.checkpoint.empty() ? "" : ", go on with --resume " + options.checkpoint));
    result.steps = training.step();
    result.first = training.first();
    result.seconds = training.seconds();
    result.output_error = training.problem();

    const auto frozen = freeze(model);
    result.train = loss_over(frozen, data.train);
    result.validation = loss_over(frozen, data.validation);
    result.test = loss_over(frozen, data.test);
    if (result.run) {
        stop_if_asked("while looking inside");
        result.run->see(training);
        result.run->see_end(model, observer, data.train.contexts);
        result.run->pictures.push_back(
            embedding_picture(result.run->name, matrix_of(model, 0), data.vocabulary));
        result.run->results = {{"first loss", fmt::format("{:.4f}", result.initial_loss)},
                               {"train loss", fmt::format("{:.7f}", result.train)},
                               {"validation loss", fmt::format("{:.7f}", result.validation)},
                               {"test loss", fmt::format("{:.7f}", result.test)},
                               {"seconds", fmt::format("{:.1f}", result.seconds)}};
    }
    report(result);
    // From numbers that are not finite no names can be drawn; and what is worse than at its start, and than a
    // network that knows nothing, has been driven away.
    const double start = std::max(result.initial_loss, std::log(static_cast<double>(classes)));
    if (!std::isfinite(result.train) || (result.first == 0 && result.train > 1.5 * start)) {
        result.diverged = fmt::format(
            "diverged: the loss over the training set is {} after {} steps; try a smaller --learning-rate",
            result.train, result.steps);
        return result;
    }
    write_header(frozen, data, options, result.validation);
    Generator drawing{options.seed + 10};
    std::vector<std::string> names;
    for (std::size_t i = 0; i < options.samples; ++i) {
        stop_if_asked("while drawing names");
        const std::string drawn = sample(frozen, data.vocabulary, drawing);
        if (options.prints_names) fmt::print("{}\n", drawn);
        if (result.run && i < 100) names.push_back(drawn);
    }
    if (result.run) result.run->lists.emplace_back("Names it made up", names);
    return result;
}

/// With a report everything is observed, without one nothing.
template <class Net, class Initialise>
Result train_stage(Stage stage, const Data& data, const Options& options, bool quiet, Initialise initialise,
                   const Report& report)
{
    if (options.report.empty())
        return train_net<Net, Observer<>>(stage, data, options, quiet, initialise, report);
    return train_net<Net, ObserveAll>(stage, data, options, quiet, initialise, report);
}

// Each in a translation unit of its own: five networks are five compilations.
Result train_plain(Stage stage, const Data& data, const Options& options, bool quiet, const Report& report);
Result train_batchnorm(Stage stage, const Data& data, const Options& options, bool quiet,
                       const Report& report);
Result train_deep(Stage stage, const Data& data, const Options& options, bool quiet, const Report& report);
Result train_layernorm(Stage stage, const Data& data, const Options& options, bool quiet,
                       const Report& report);
Result train_groupnorm(Stage stage, const Data& data, const Options& options, bool quiet,
                       const Report& report);

/// A letter from logits, of the top_k likeliest if that is not 0; the logits become their shares.
[[nodiscard]] class_id draw_letter(std::span<float> logits, std::size_t top_k, Generator& generator);
/// Prints a word of at most `longest` letters while it is drawn: `next` gives the logits after each letter,
/// and first after the end of a word.
template <class Next>
void write_word(Next next, const Vocabulary& vocabulary, std::size_t top_k, std::size_t longest,
                Generator& generator)
{
    class_id letter = 0;
    for (std::size_t i = 0; i < longest; ++i) {
        auto logits = next(letter);
        letter = draw_letter(std::span<float>(logits).first(vocabulary.size()), top_k, generator);
        if (letter == 0) break;
        fmt::print("{}", vocabulary.character(letter));
        std::fflush(stdout);
    }
    fmt::print("\n");
}

/// Trains the model of makemore.py that options.model names; see family_training.hpp.
void run_family(const Options& options);
/// Prints names from a file of any of these networks.
void sample_from(const std::string& file, const Options& options);

/// Trains one stage.
inline Result train(Stage stage, const Data& data, const Options& options, bool quiet, const Report& report)
{
    switch (stage) {
    case Stage::batchnorm:
        return train_batchnorm(stage, data, options, quiet, report);
    case Stage::deep:
        return train_deep(stage, data, options, quiet, report);
    case Stage::layernorm:
        return train_layernorm(stage, data, options, quiet, report);
    case Stage::groupnorm:
        return train_groupnorm(stage, data, options, quiet, report);
    default:
        return train_plain(stage, data, options, quiet, report);
    }
}

} // namespace makemore
