// SPDX-License-Identifier: BSD-3-Clause
/// One training of one stage, from data to losses and names, and what an observed one has seen.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctnn/inspect/inspect.hpp>
#include <ctnn/io/checkpoint.hpp>
#include <ctnn/io/export_header.hpp>

#include "progress.hpp"
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
    std::optional<std::size_t> steps; ///< the stage's own number when not given
    double learning_rate = 0.1;
    std::size_t decay_at = 100'000;
    std::uint64_t seed = 2147483647;
    std::string metrics;
    std::size_t samples = 20;
    bool prints_names = true;
    std::string report;             ///< the folder for it; empty: no report, and nothing is observed
    std::string checkpoint, resume; ///< files; empty: none
    std::size_t every = 10'000;     ///< steps between two checkpoints
    bool overwrite = false;         ///< files that are there already and somebody may want
    std::string header;             ///< the C++ header to write; empty: none
    bool int8 = false;              ///< with weights of one byte
};

/// The split words as samples, and the vocabulary they share.
struct Data {
    Vocabulary vocabulary;
    Samples train, validation, test;
};

/// A file that one training at a time writes: FILE.lock beside it, held while the program runs.
class Lock {
public:
    explicit Lock(const std::string& file) : path_(file + ".lock")
    {
        if (file.empty()) return;
        do { // until what is locked is what has the name: another's lock may just have been taken away
            release();
            descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
            if (descriptor_ < 0 && errno == ENOENT) return; // no such folder: whoever uses the file says so
            if (descriptor_ < 0)
                throw Failure(4, fmt::format("cannot write '{}': {}", path_, std::strerror(errno)));
            if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
                release();
                throw Failure(4, fmt::format("another training is writing '{}'", file));
            }
        } while (!has_the_name());
        held_lock = path_.c_str();
    }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock()
    {
        if (descriptor_ < 0) return;
        held_lock = nullptr;
        (void)::unlink(path_.c_str());
        release();
    }

private:
    std::string path_;
    int descriptor_ = -1;

    void release()
    {
        if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    }
    [[nodiscard]] bool has_the_name() const
    {
        struct stat here {
        }, there{};
        return ::fstat(descriptor_, &here) == 0 && ::stat(path_.c_str(), &there) == 0 &&
               here.st_dev == there.st_dev && here.st_ino == there.st_ino;
    }
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

/// One JSON object a line for each step. A disk that is full does not stop the training: it is reported at
/// the end.
class Metrics {
public:
    /// A resumed training goes on in the file that is there, after the last line of a step before `first`:
    /// what a killed one wrote after its last checkpoint goes, the broken line at its end too. What is no
    /// file, such as a pipe, is only written.
    Metrics(const std::string& path, std::size_t first) : path_(path)
    {
        if (path.empty()) return;
        std::error_code unknown;
        if (first > 0 && std::filesystem::is_regular_file(path, unknown)) keep_before(first);
        file_.reset(std::fopen(path.c_str(), first > 0 ? "a" : "w"));
        if (file_ == nullptr)
            throw Failure(4, fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
    }
    void write(std::size_t step, double loss, double learning_rate)
    {
        if (file_ == nullptr || error_ != 0) return;
        line_.clear();
        // Not a number is not JSON: null says that there was none.
        fmt::format_to(std::back_inserter(line_), "{{\"step\": {}, \"loss\": {}, \"learning_rate\": {}}}\n",
                       step, std::isfinite(loss) ? fmt::format("{:.9g}", loss) : "null",
                       fmt::format("{:.9g}", learning_rate));
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
    void keep_before(std::size_t first) const
    {
        std::ifstream old(path_);
        std::uintmax_t kept = 0, read = 0;
        for (std::string line; std::getline(old, line) && !old.eof();) {
            read += line.size() + 1;
            if (unsigned long long step = 0;
                std::sscanf(line.c_str(), "{\"step\": %llu,", &step) == 1 && step < first)
                kept = read;
        }
        std::error_code error;
        if (old.eof()) std::filesystem::resize_file(path_, kept, error);
        else error = std::make_error_code(std::errc::permission_denied);
        if (error) throw Failure(4, fmt::format("cannot write '{}': {}", path_, error.message()));
    }

    struct closer {
        void operator()(std::FILE* f) const { std::fclose(f); }
    };
    std::string path_, line_;
    std::unique_ptr<std::FILE, closer> file_;
    int error_ = 0;
};

/// What an observed training has seen; see report.hpp for what becomes of it.
struct Inside {
    std::vector<LayerInfo> layers;
    Initialisation start;                     ///< with the batch of step 0
    std::vector<LayerStatistics> activations; ///< of the last step
    std::vector<ParameterStatistics> parameters;
    std::vector<ParameterHistory> history;
    Series loss;
    std::vector<DeadUnits> dead; ///< over all training samples
    std::vector<Calibration> calibrations;
    xt::xtensor<float, 2> embedding; ///< (classes, features)
    std::string characters;          ///< one for each class
    /// x; x @ W for a standard normal W; that / sqrt(fan_in); x @ W with the stage's own W
    Histogram inputs, plain, scaled, own;
    Statistics inputs_statistics, plain_statistics, scaled_statistics, own_statistics;
    std::vector<Verdict> verdicts;
    std::vector<std::string> names;
};

struct Result {
    Stage stage{};
    std::size_t steps = 0, first = 0; ///< a resumed training starts at `first`
    double initial_loss = 0, seconds = 0;
    double train = 0, validation = 0, test = 0; ///< in eval mode, over the whole split
    std::string diverged;                       ///< what went wrong after the last step
    std::string output_error;                   ///< why the metrics are not complete; the rest is
    std::shared_ptr<Inside> inside;             ///< of an observed training
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

/// What the lecture shows of scaling: the first layer's inputs, and what comes out for weights of three
/// sizes.
template <class M>
void look_at_scaling(Inside& inside, const M& model, const Samples& samples, std::uint64_t seed)
{
    constexpr std::size_t fan_in = 30;
    const std::size_t n = std::min<std::size_t>(1000, samples.size());
    const auto table = model.template parameter<"0.weight">();
    std::vector<float> own;
    std::size_t units = 0, position = 0;
    model.for_each_parameter([&](auto, auto value, auto) {
        if (position++ != 1) return;
        own.assign(value.begin(), value.end());
        units = value.shape()[1];
    });
    Generator generator{seed};
    const auto weight = generator.randn(fan_in, units);
    auto x = xt::xtensor<float, 2>::from_shape({n, fan_in});
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < fan_in; ++k)
            x(i, k) = table(static_cast<std::size_t>(samples.contexts(i, k / 10)), k % 10);
    const auto product = [&](const float* w, float factor) {
        auto y = xt::xtensor<float, 2>::from_shape({n, units});
        y.fill(0);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t k = 0; k < fan_in; ++k)
                for (std::size_t u = 0; u < units; ++u) y(i, u) += x(i, k) * w[k * units + u] * factor;
        return y;
    };
    const auto plain = product(weight.data(), 1),
               scaled = product(weight.data(), 1 / std::sqrt(static_cast<float>(fan_in))),
               with_own = product(own.data(), 1);
    inside.inputs = histogram(x, 50);
    inside.plain = histogram(plain, 50);
    inside.scaled = histogram(scaled, 50);
    inside.own = histogram(with_own, 50);
    inside.inputs_statistics = statistics(x);
    inside.plain_statistics = statistics(plain);
    inside.scaled_statistics = statistics(scaled);
    inside.own_statistics = statistics(with_own);
}

/// Before the first step: nothing here moves the training's own stream or its running statistics.
template <class M>
[[gnu::cold]] std::shared_ptr<Inside> look_at_start(const M& model, const Data& data, Generator generator,
                                                    std::uint64_t seed)
{
    auto inside = std::make_shared<Inside>();
    inside->layers = layers_of<typename M::network>();
    Minibatches<batch> batches{data.train};
    const auto [contexts, targets] = batches.next(generator);
    CrossEntropy criterion;
    inside->start = check_initialisation(model, criterion, contexts, targets);
    inside->verdicts = judge(inside->start);
    look_at_scaling(*inside, model, data.train, seed);
    for (std::size_t i = 0; i < data.vocabulary.size(); ++i)
        inside->characters += data.vocabulary.character(static_cast<class_id>(i));
    return inside;
}

template <class M, class Observed>
[[gnu::cold]] void look_at_end(Inside& inside, const M& model, const Observed& observer, const Data& data)
{
    using Net = typename M::network;
    const Model<Net, Eval> answering{model};
    inside.activations = layer_statistics(model);
    inside.parameters = parameter_statistics(model);
    inside.history = observer.parameters();
    inside.loss = observer.loss();
    stop_if_asked("while looking inside");
    inside.dead = dead_units(answering, data.train.contexts);
    stop_if_asked("while looking inside");
    inside.calibrations = calibrate(answering, data.train.contexts);
    inside.embedding = model.template parameter<"0.weight">();
    const auto add = [&](const std::vector<Verdict>& more) {
        inside.verdicts.insert(inside.verdicts.end(), more.begin(), more.end());
    };
    add(judge(inside.history));
    add(judge(inside.calibrations));
    add(judge(inside.dead));
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

/// Writes checkpoints, and takes a training up from one.
template <class Checkpoint, class M>
class Saver {
public:
    Saver(Checkpoint checkpoint, const M& model, Stage stage, const Data& data, const Options& options)
        : checkpoint_(checkpoint), model_(&model), options_(&options),
          settings_(fmt::format("stage {}, seed {}, learning rate {}, a tenth from step {}, {}",
                                stage_names[static_cast<std::size_t>(stage)].name, options.seed,
                                options.learning_rate, options.decay_at, characters_text(data.vocabulary)))
    {}

    /// The step to go on with.
    [[nodiscard]] std::size_t resume(std::size_t steps)
    {
        if (options_->resume.empty()) return 0;
        const std::size_t first = checkpoint_.load(options_->resume, settings_);
        if (first > steps)
            throw Failure(1, fmt::format("'{}' is at step {}, the training is to end at step {}",
                                         options_->resume, first, steps));
        return first;
    }
    void save(std::size_t step) const
    {
        if (options_->checkpoint.empty()) return;
        try {
            checkpoint_.save(options_->checkpoint, step, settings_);
        } catch (const Error& error) {
            const auto* weights = model_->parameter_block();
            if (std::all_of(weights, weights + model_->block_size(), [](auto w) { return std::isfinite(w); }))
                throw;
            throw Failure(3, fmt::format("diverged: after {} steps {}", step, error.what()));
        }
    }
    [[nodiscard]] std::string how_to_go_on() const
    {
        const std::string& file = options_->checkpoint;
        return file.empty() ? "nothing was saved, because there is no --checkpoint"
                            : fmt::format("saved in '{}', go on with --resume {}", file, file);
    }
    void save_each(std::size_t step, std::size_t first) const
    {
        if (step == first || step % options_->every == 0) save(step);
    }

private:
    Checkpoint checkpoint_;
    const M* model_;
    const Options* options_;
    std::string settings_;
};

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
                   mean_loss(with_int8_weights(frozen), data.validation), validation);
}

/// Trains one network, watched by an Observer<...>.
template <class Net, class Watch, class Initialise>
Result train_net(Stage stage, const Data& data, const Options& options, bool quiet, Initialise initialise,
                 const Report& report)
{
    Generator generator{options.seed};
    Model<Net, Train<batch, typename Watch::Keep>> model;
    initialise(model, generator);
    Result result;
    result.stage = stage;
    result.steps = options.steps.value_or(stage_names[static_cast<std::size_t>(stage)].steps);
    if constexpr (Watch::watches_outputs) result.inside = look_at_start(model, data, generator, options.seed);
    const MultiStep schedule{options.learning_rate, {options.decay_at}};
    Sgd sgd{model, {.learning_rate = static_cast<float>(schedule.at(0))}};
    Watch observer{model};
    CrossEntropy criterion;
    Minibatches<batch> batches{data.train};
    Saver saver{Checkpoint{model, sgd, generator, batches}, model, stage, data, options};
    result.first = saver.resume(result.steps);
    Metrics metrics{options.metrics, result.first};
    watch_signals();
    Progress progress{result.steps, result.first};

    for (std::size_t step = result.first; step < result.steps; ++step) {
        saver.save_each(step, result.first);
        const auto [contexts, targets] = batches.next(generator);
        const auto& logits = model.forward(contexts);
        const auto [loss, dlogits] = criterion(logits, targets);
        if (step == 0) result.initial_loss = static_cast<double>(loss);
        metrics.write(step, static_cast<double>(loss), schedule.at(step));
        if (!std::isfinite(loss)) {
            progress.done();
            const std::string layer = first_non_finite_layer(model);
            throw Failure(
                3, fmt::format("diverged: the loss of step {} is {}; {}; try a smaller --learning-rate", step,
                               loss,
                               layer.empty() ? "all layers are finite"
                                             : "the first layer that is not finite is " + layer));
        }
        if (!quiet) progress.step(step, static_cast<double>(loss));
        model.backward(dlogits);
        sgd.set_learning_rate(schedule.at(step));
        observer.step(model, sgd, static_cast<double>(loss));
        if (stop_signal != 0) {
            progress.done();
            (void)metrics.close();
            saver.save(step + 1);
            stop_if_asked(fmt::format("after step {}; {}", step, saver.how_to_go_on()));
        }
    }
    result.seconds = progress.seconds();
    progress.done();
    saver.save(result.steps);

    const auto frozen = freeze(model);
    result.train = mean_loss(frozen, data.train);
    result.validation = mean_loss(frozen, data.validation);
    result.test = mean_loss(frozen, data.test);
    result.output_error = metrics.close();
    if constexpr (Watch::watches_outputs) look_at_end(*result.inside, model, observer, data);
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
    Generator names{options.seed + 10};
    for (std::size_t i = 0; i < options.samples; ++i) {
        stop_if_asked("while drawing names");
        const std::string name = sample(frozen, data.vocabulary, names);
        if (options.prints_names) fmt::print("{}\n", name);
        if (result.inside && i < 100) result.inside->names.push_back(name);
    }
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
