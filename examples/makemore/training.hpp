// SPDX-License-Identifier: BSD-3-Clause
/// One training of one stage, from data to losses and names.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "progress.hpp"
#include "stages.hpp"

namespace makemore {

/// What ends the program early, with its exit code: 1 usage, 2 input, 3 diverged, 4 output, 130 and 143 signals.
struct Failure : std::runtime_error {
    int code;
    Failure(int exit_code, const std::string& text) : std::runtime_error(text), code(exit_code) {}
};

struct Options {
    std::string data = CTNN_NAMES_FILE;
    std::optional<std::size_t> steps; ///< the stage's own number when not given
    double learning_rate = 0.1;
    std::size_t decay_at = 100'000;
    std::uint64_t seed = 2147483647;
    std::string metrics;
    std::size_t samples = 20;
};

/// The split words as samples, and the vocabulary they share.
struct Data {
    Vocabulary vocabulary;
    Samples train, validation, test;
};

inline Data load(const std::string& path)
{
    Words words = read_words(path);
    Vocabulary vocabulary{words};
    if (vocabulary.size() > classes) {
        // Name the first word with a character too many: the vocabulary of the first 26 distinct ones is asked for the rest.
        std::string known;
        for (const std::string& word : words.text)
            for (const char c : word)
                if (known.size() + 1 < classes && known.find(c) == std::string::npos) known += c;
        try {
            Vocabulary{known}.require(words);
        } catch (const Error& error) {
            throw Failure(2, fmt::format("{}; makemore is compiled for {} different characters, this file has {}", error.what(), classes - 1,
                                         vocabulary.size() - 1));
        }
    }
    shuffle(words, PythonRandom{42});
    const Split parts = split(words);
    return {vocabulary, ngrams(parts.train, vocabulary, context), ngrams(parts.validation, vocabulary, context),
            ngrams(parts.test, vocabulary, context)};
}

/// One JSON object a line for each step. A disk that is full does not stop the training: it is reported at the end.
class Metrics {
public:
    explicit Metrics(const std::string& path) : path_(path)
    {
        if (path.empty()) return;
        file_.reset(std::fopen(path.c_str(), "w"));
        if (file_ == nullptr) throw Failure(4, fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
    }
    void write(std::size_t step, double loss, double learning_rate)
    {
        if (file_ == nullptr || error_ != 0) return;
        line_.clear();
        // Not a number is not JSON: null says that there was none.
        fmt::format_to(std::back_inserter(line_), "{{\"step\": {}, \"loss\": {}, \"learning_rate\": {}}}\n", step,
                       std::isfinite(loss) ? fmt::format("{:.9g}", loss) : "null", fmt::format("{:.9g}", learning_rate));
        if (std::fwrite(line_.data(), 1, line_.size(), file_.get()) != line_.size()) error_ = errno;
    }
    /// Empty when every line is on disk, else what went wrong.
    [[nodiscard]] std::string close()
    {
        if (file_ == nullptr) return {};
        std::FILE* file = file_.release();
        if (std::fflush(file) != 0 && error_ == 0) error_ = errno;
        if (std::fclose(file) != 0 && error_ == 0) error_ = errno;
        return error_ == 0 ? "" : fmt::format("cannot write '{}': {}", path_, std::strerror(error_));
    }

private:
    struct closer {
        void operator()(std::FILE* f) const { std::fclose(f); }
    };
    std::string path_, line_;
    std::unique_ptr<std::FILE, closer> file_;
    int error_ = 0;
};

struct Result {
    double initial_loss = 0, seconds = 0;
    double train = 0, validation = 0, test = 0; ///< in eval mode, over the whole split
    std::string output_error;                   ///< why the metrics are not complete; the rest is
};

/// Asked often enough that a signal ends the program within 2 s, wherever it is.
inline void stop_if_asked(const std::string& where)
{
    if (stop_signal != 0) throw Failure(128 + stop_signal, "stopped by a signal " + where);
}

/// The mean loss over all samples, in pieces, so that memory does not grow with the data.
template <class Frozen>
double mean_loss(const Frozen& model, const Samples& samples)
{
    constexpr std::size_t piece = 1024;
    CrossEntropy criterion;
    double sum = 0;
    for (std::size_t first = 0; first < samples.size(); first += piece) {
        stop_if_asked("while measuring losses");
        const std::size_t n = std::min(piece, samples.size() - first);
        const auto contexts = view_of(samples.contexts.data() + first * context, std::array{n, context});
        const auto targets = view_of(samples.targets.data() + first, std::array{n});
        const auto [loss, unused] = criterion(model.forward(contexts), targets);
        sum += static_cast<double>(loss) * static_cast<double>(n);
    }
    return sum / static_cast<double>(samples.size());
}

/// Trains one network; `report` is called with the result before names are drawn.
template <class Net, class Initialise, class Report>
Result train_net(const Data& data, const Options& options, std::size_t steps, bool quiet, Initialise initialise, Report report)
{
    Generator generator{options.seed};
    Model<Net, Train<batch>> model;
    initialise(model, generator);
    const MultiStep schedule{options.learning_rate, {options.decay_at}};
    Sgd sgd{model, {.learning_rate = schedule.at(0)}};
    CrossEntropy criterion;
    Minibatches<batch> batches{data.train};
    Metrics metrics{options.metrics};
    Progress progress{steps};
    Result result;

    for (std::size_t step = 0; step < steps; ++step) {
        const auto [contexts, targets] = batches.next(generator);
        const auto& logits = model.forward(contexts);
        const auto [loss, dlogits] = criterion(logits, targets);
        if (step == 0) result.initial_loss = static_cast<double>(loss);
        metrics.write(step, static_cast<double>(loss), static_cast<double>(schedule.at(step)));
        if (!std::isfinite(loss)) {
            progress.done();
            const std::string layer = first_non_finite_layer(model);
            throw Failure(3, fmt::format("diverged: the loss of step {} is {}; {}; try a smaller --learning-rate", step, loss,
                                         layer.empty() ? "all layers are finite" : "the first layer that is not finite is " + layer));
        }
        if (!quiet) progress.step(step, static_cast<double>(loss));
        model.backward(dlogits);
        sgd.set_learning_rate(schedule.at(step));
        sgd.step(model);
        if (stop_signal != 0) {
            progress.done();
            (void)metrics.close();
            stop_if_asked(fmt::format("behind step {}", step));
        }
    }
    result.seconds = progress.seconds();
    progress.done();

    const auto frozen = freeze(model);
    result.train = mean_loss(frozen, data.train);
    result.validation = mean_loss(frozen, data.validation);
    result.test = mean_loss(frozen, data.test);
    result.output_error = metrics.close();
    report(result);
    Generator names{options.seed + 10};
    for (std::size_t i = 0; i < options.samples; ++i) {
        stop_if_asked("while drawing names");
        fmt::print("{}\n", sample(frozen, data.vocabulary, names));
    }
    return result;
}

/// Trains one stage.
template <class Report>
Result train(Stage stage, const Data& data, const Options& options, bool quiet, Report report)
{
    const std::size_t steps = options.steps.value_or(stage_names[static_cast<std::size_t>(stage)].steps);
    switch (stage) {
    case Stage::batchnorm:
        return train_net<BatchNormNet>(
            data, options, steps, quiet, [](auto& model, Generator& g) { initialise_batchnorm(model, g); }, report);
    case Stage::deep:
        return train_net<DeepNet>(
            data, options, steps, quiet, [](auto& model, Generator& g) { initialise_deep(model, g); }, report);
    default:
        return train_net<PlainNet>(
            data, options, steps, quiet, [stage](auto& model, Generator& g) { initialise_plain(model, g, stage); }, report);
    }
}

} // namespace makemore
