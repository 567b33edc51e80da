// SPDX-License-Identifier: BSD-3-Clause
/// The loop around a step: it shows how far it is, saves, stops and goes on.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/options.hpp>
#include <ctnn/inspect/non_finite.hpp>
#include <ctnn/inspect/series.hpp>
#include <ctnn/io/checkpoint.hpp>
#include <ctnn/train/files.hpp>
#include <ctnn/train/metrics_file.hpp>
#include <ctnn/train/progress.hpp>
#include <ctnn/train/signals.hpp>

namespace ctnn::inline CTNN_ARCH {

/// How long a training goes on, and what it writes.
struct TrainingOptions {
    std::size_t steps = 0;       ///< in all, those before a resumption among them
    std::string checkpoint = {}; ///< the file to save to; empty: `resume`, or none
    std::string resume = {};     ///< the checkpoint to go on from; empty: from the start
    std::size_t every = 10'000;  ///< steps between two checkpoints
    std::string metrics = {};    ///< the file for a JSON object a step; empty: none
    std::string settings = {};   ///< what else must be the same when the training goes on
    bool overwrite = false;      ///< a checkpoint or metrics of another training
    bool shows_progress = true;  ///< on the standard output
};

namespace detail {

template <class Part>
concept can_be_over = requires(const Part& part) { part.is_over(); };
template <class Part>
bool is_over(const Part& part)
{
    if constexpr (can_be_over<Part>) return part.is_over();
    else return false;
}
template <class Sampler>
concept counts_epochs = requires(const Sampler& sampler) { sampler.epochs_before(); };

} // namespace detail

/// Counts the steps of a training that its user writes, and does around each what has nothing to do with it:
/// progress, metrics, checkpoints, signals, an early stop.
///
/// ```cpp
/// Training training{{.steps = 20'000, .checkpoint = "net"}, model, adam_w, generator, epochs, stopping};
/// while (training.next()) {
///     const auto [x, y] = epochs.next(generator);
///     const auto [loss, dlogits] = criterion(model.forward(x), y);
///     adam_w.set_learning_rate(schedule.at(training.step()));
///     training.record(loss);
///     model.backward(dlogits);
///     adam_w.step(model);
///     if (training.is_due(500)) {
///         const double accuracy = ...;
///         training.evaluated({{"accuracy", accuracy}});
///         stopping.after(model, accuracy);
///     }
/// }
/// if (training.signal() != 0) return 128 + training.signal();
/// ```
///
///   given      : what a Checkpoint is given. An EarlyStopping, or anything else with an `is_over()`, ends
///                the loop when it is over
///   checkpoint : saved at the first step, each `every` steps, at a signal and at the end, not after a
///                `break`; taken up, the training goes on bit by bit as if it had not been stopped, at the
///                file's learning rate. FILE.lock keeps others from it
///   metrics    : the file of an earlier part is gone on with; whose it is, it does not tell
///   signals    : SIGINT and SIGTERM end the loop after the step they come in
///   errors     : [ctnn.diverged] a loss that is not finite, with its step and the first layer that is not;
///                [ctnn.save] and [ctnn.load] those of Checkpoint; a file of another training that would
///                be written over; [ctnn.option] no steps; a checkpoint at a later step than the last
///   cost       : no allocation a step after the first 1,024, but for the lines that are printed and the
///                files
template <class M, class O, class Sampler, class... More>
class Training {
public:
    Training(const TrainingOptions& options, M& model, O& optimizer, Generator& generator, Sampler& sampler,
             More&... more)
        : options_(checked(options)), model_(&model), optimizer_(&optimizer), sampler_(&sampler),
          more_(&more...), lock_(options_.checkpoint),
          checkpoint_(model, optimizer, generator, sampler, more...), first_(resumed()), step_(first_),
          metrics_(options_.metrics, first_), progress_(options_.steps, first_)
    {
        if (first_ > 0 && std::filesystem::is_regular_file(options_.metrics))
            read_metrics(options_.metrics, [&](std::size_t step, std::string_view name, double value) {
                remember(step, name, value);
            });
    }
    Training(const Training&) = delete;
    Training& operator=(const Training&) = delete;
    ~Training()
    {
        if (!problem_.empty() && !problem_is_known_) std::fprintf(stderr, "%s\n", problem_.c_str());
    }

    /// Ends the step before, and whether there is another one: not after the last, a signal, `stop()`, or
    /// when something that was given is over.
    bool next()
    {
        if (is_at_end_) return false;
        if (is_in_step_) ++step_;
        is_in_step_ = false;
        const bool goes_on =
            step_ < options_.steps && stop_signal() == 0 && !is_stopped_ && !something_is_over();
        if (!goes_on) {
            end();
            return false;
        }
        if (step_ == first_ || step_ % options_.every == 0) save();
        return is_in_step_ = true;
    }
    /// The number of the step under way, from 0; after the loop, of steps that were taken.
    [[nodiscard]] std::size_t step() const { return step_; }
    /// The step that this program began with: not 0 after a resumption.
    [[nodiscard]] std::size_t first() const { return first_; }
    /// Whether the step under way is the last of each `steps`, or of all.
    [[nodiscard]] bool is_due(std::size_t steps) const
    {
        return (step_ + 1) % std::max<std::size_t>(1, steps) == 0 || step_ + 1 == options_.steps;
    }

    /// The loss of the step, between forward and backward: what the layers gave can still be looked at.
    void record(double loss)
    {
        const std::array all{Metric{"loss", loss}, Metric{"learning_rate", learning_rate()}};
        const std::span<const Metric> known(all.data(), has_rate ? 2 : 1);
        if (!options_.metrics.empty()) metrics_.write(step_, known);
        for (const auto& [name, value] : known) remember(step_, name, value);
        if (!std::isfinite(loss)) fail_of(loss);
        if (options_.shows_progress) progress_.step(step_, loss, epoch());
    }
    /// What an evaluation after the step has found: a line of the progress, an object of the metrics, and
    /// `history()`.
    ///   errors : [ctnn.option] a name that is "loss", "learning_rate" or "step", or that JSON does not take
    ///            as it is: empty, or with a quotation mark, a backslash or a control character
    void evaluated(std::initializer_list<Metric> metrics)
    {
        evaluated(std::span<const Metric>(metrics.begin(), metrics.size()));
    }
    void evaluated(std::span<const Metric> metrics)
    {
        for (const Metric& m : metrics)
            if (m.first == "loss" || m.first == "learning_rate" || m.first == "step")
                throw Error("ctnn.option", "an evaluation has '" + std::string(m.first) +
                                               "', expected another name, such as 'validation loss'");
        for (const Metric& m : metrics) detail::require_metric_name(m.first);
        metrics_.write(step_, metrics);
        if (is_at_end_) problem_ = metrics_.problem();
        std::string text;
        for (const auto& [name, value] : metrics) {
            char number[40];
            std::snprintf(number, sizeof number, "%.4f", value);
            text.append(text.empty() ? "" : ", ").append(name).append(" ").append(number);
            remember(step_, name, value);
        }
        if (options_.shows_progress) progress_.line(step_, text);
    }
    /// Ends the loop after this step.
    void stop() { is_stopped_ = true; }

    /// The signal that has ended it before its last step, else 0.
    [[nodiscard]] int signal() const { return signal_; }
    /// "stopped by a signal after step 41; saved in 'net.ckpt'", or that it was not.
    [[nodiscard]] std::string how_it_stopped() const
    {
        if (signal_ == 0) return "ended after " + std::to_string(step_) + " steps";
        const std::string& file = options_.checkpoint;
        return "stopped by a signal " +
               (step_ == 0 ? std::string("before the first step")
                           : "after step " + std::to_string(step_ - 1)) +
               (file.empty() ? "; nothing was saved, because there is no checkpoint"
                             : "; saved in '" + file + "'");
    }
    /// After the loop: empty, or why the metrics are not complete. What is not asked for stands on the
    /// standard error in the end.
    [[nodiscard]] const std::string& problem()
    {
        problem_is_known_ = true;
        return problem_;
    }
    /// From its making to the end of the loop, without the last checkpoint.
    [[nodiscard]] double seconds() const { return is_at_end_ ? seconds_ : progress_.seconds(); }
    /// The losses, and the optimizer's learning rate: of the steps that this program has taken, and of those
    /// before a resumption as far as they stand in the file of metrics.
    [[nodiscard]] const Series& loss() const { return loss_; }
    [[nodiscard]] const Series& learning_rates() const { return learning_rate_; }
    [[nodiscard]] const std::vector<MetricHistory>& history() const { return history_; }

private:
    static constexpr bool has_rate = requires(O& optimizer) { optimizer.learning_rate(); };
    TrainingOptions options_;
    M* model_;
    O* optimizer_;
    Sampler* sampler_;
    std::tuple<More*...> more_;
    SignalWatch watch_;
    FileLock lock_;
    Checkpoint<M, O, Sampler, More...> checkpoint_;
    std::size_t first_, step_;
    MetricsFile metrics_;
    Progress progress_;
    Series loss_, learning_rate_;
    std::vector<MetricHistory> history_;
    bool is_in_step_ = false, is_stopped_ = false, is_at_end_ = false, problem_is_known_ = false;
    int signal_ = 0;
    double seconds_ = 0;
    std::pair<double, double> rate_; // the last float rate, and the double of the same digits
    std::string problem_;

    static TrainingOptions checked(TrainingOptions o)
    {
        if (o.checkpoint.empty()) o.checkpoint = o.resume;
        if (o.steps == 0) throw Error("ctnn.option", "a training has 0 steps, expected at least 1");
        if (o.every == 0) throw Error("ctnn.option", "a checkpoint is to be saved each 0 steps");
        require_different({{"the checkpoint", o.checkpoint}, {"the file of metrics", o.metrics}});
        require_different({{"the checkpoint to go on from", o.resume}, {"the file of metrics", o.metrics}});
        if (o.checkpoint != o.resume) require_writable(o.checkpoint);
        if (o.overwrite) return o;
        std::error_code unknown;
        if (!o.checkpoint.empty() && std::filesystem::exists(o.checkpoint, unknown) &&
            !same_file(o.checkpoint, o.resume))
            throw Error("ctnn.save", "'" + o.checkpoint +
                                         "' is there already; resume from it, save to another "
                                         "file, or allow to overwrite it");
        if (o.resume.empty() ? is_of_others(o.metrics) : is_of_others(o.metrics, "{\"step\": "))
            throw Error("ctnn.save", "'" + o.metrics + "' is there already" +
                                         (o.resume.empty() ? "" : ", and has no metrics") +
                                         "; write to another file, or allow to overwrite it");
        return o;
    }
    [[nodiscard]] std::size_t resumed()
    {
        if (options_.resume.empty()) return 0;
        const std::size_t at = checkpoint_.load(options_.resume, options_.settings);
        if (at > options_.steps)
            throw Error("ctnn.option", "'" + options_.resume + "' is at step " + std::to_string(at) +
                                           ", the training is to end at step " +
                                           std::to_string(options_.steps));
        return at;
    }
    void save()
    {
        if (options_.checkpoint.empty()) return;
        (void)metrics_.problem(); // gives the system all lines, or a kill would lose some of before this
        try {
            checkpoint_.save(options_.checkpoint, step_, options_.settings);
        } catch (const Error& error) {
            const auto* weights = model_->parameter_block();
            if (std::all_of(weights, weights + model_->block_size(), [](auto w) { return std::isfinite(w); }))
                throw;
            throw Error("ctnn.diverged", "after " + std::to_string(step_) + " steps " + error.what());
        }
    }
    void end()
    {
        is_at_end_ = true;
        signal_ = step_ < options_.steps ? stop_signal() : 0;
        seconds_ = progress_.seconds();
        if (options_.shows_progress) progress_.done();
        problem_ = metrics_.problem();
        save();
    }
    [[noreturn]] void fail_of(double loss) const
    {
        if (options_.shows_progress) progress_.done();
        const std::string layer = first_non_finite_layer(*model_);
        throw Error(
            "ctnn.diverged",
            "the loss of step " + std::to_string(step_) + " is " + std::to_string(loss) + "; " +
                (layer.empty() ? "all layers are finite" : "the first layer that is not finite is " + layer));
    }
    [[nodiscard]] bool something_is_over() const
    {
        return std::apply([](const auto*... part) { return (detail::is_over(*part) || ...); }, more_);
    }
    /// A float rate is 0.1, and not what 0.1F is in double.
    [[nodiscard]] double learning_rate()
    {
        if constexpr (!has_rate) return 0;
        else if constexpr (std::is_same_v<decltype(optimizer_->learning_rate()), double>)
            return optimizer_->learning_rate();
        else if (const auto rate = static_cast<double>(optimizer_->learning_rate()); rate != rate_.first) {
            const std::string digits = detail::option_text(optimizer_->learning_rate());
            rate_.first = rate;
            std::from_chars(digits.data(), digits.data() + digits.size(), rate_.second);
        }
        return rate_.second;
    }
    [[nodiscard]] std::size_t epoch() const
    {
        if constexpr (detail::counts_epochs<Sampler>) return sampler_->epochs_before() + 1;
        else return 0;
    }
    void remember(std::size_t step, std::string_view name, double value)
    {
        if (name == "loss") return loss_.add(step, value);
        if (name == "learning_rate") return learning_rate_.add(step, value);
        const auto same = [&](const MetricHistory& h) { return h.name == name; };
        auto history = std::find_if(history_.begin(), history_.end(), same);
        if (history == history_.end())
            history = history_.insert(history, MetricHistory{std::string(name), {}, {}});
        history->step.push_back(step);
        history->value.push_back(value);
    }
};

} // namespace ctnn::inline CTNN_ARCH
