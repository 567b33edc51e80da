// SPDX-License-Identifier: BSD-3-Clause
/// The command `sweep`: trials, their progress, and the table of what they have found.
#include "sweep.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <mutex>
#include <string_view>
#ifndef _WIN32
#include <unistd.h>
#endif

#include <ctnn/core/checksum.hpp>
#include <ctnn/parallel/trials.hpp>
#include <ctnn/parallel/workers.hpp>
#include <ctnn/report/report.hpp>
#ifdef CTNN_WITH_MPI
#include <ctnn/parallel/mpi.hpp>
#endif

namespace makemore {

namespace {

constexpr std::uint64_t largest_seed = (std::uint64_t{1} << 53) - 1; // a double, as journals have it

/// On a terminal a line for each worker, which is written over; and in any case one for each trial that is
/// done, above them.
class SweepProgress {
public:
    explicit SweepProgress(std::size_t workers) : line_(is_terminal() ? workers : 0) {}
    SweepProgress(const SweepProgress&) = delete;
    SweepProgress& operator=(const SweepProgress&) = delete;
    ~SweepProgress()
    {
        clear();
        std::fflush(stdout);
    }
    void at(std::size_t worker, const std::string& text)
    {
        const std::lock_guard lock(mutex_);
        if (worker >= line_.size()) return;
        line_[worker] = text;
        const auto now = std::chrono::steady_clock::now();
        if (now - drawn_ < std::chrono::milliseconds(100)) return;
        drawn_ = now;
        clear();
        draw();
    }
    void done(const std::string& text)
    {
        const std::lock_guard lock(mutex_);
        clear();
        fmt::print("{}\n", text);
        draw();
    }

private:
    std::mutex mutex_;
    std::vector<std::string> line_;
    std::size_t lines_drawn_ = 0;
    std::chrono::steady_clock::time_point drawn_;

    static bool is_terminal()
    {
#ifdef _WIN32
        return false;
#else
        return ::isatty(STDOUT_FILENO) != 0;
#endif
    }
    void clear()
    {
        if (lines_drawn_ > 0) fmt::print("\x1b[{}F\x1b[J", lines_drawn_);
        lines_drawn_ = 0;
    }
    void draw()
    {
        for (const std::string& text : line_) fmt::print("{}\n", text);
        lines_drawn_ = line_.size();
        std::fflush(stdout);
    }
};

/// The mean, and the root of the mean square from it with n - 1; "-" where nothing is finite.
struct Spread {
    std::vector<double> values;
    void add(double value)
    {
        if (std::isfinite(value)) values.push_back(value);
    }
    [[nodiscard]] std::string text() const
    {
        if (values.empty()) return "-";
        double mean = 0, squares = 0;
        for (const double v : values) mean += v / static_cast<double>(values.size());
        for (const double v : values) squares += (v - mean) * (v - mean);
        if (values.size() == 1) return fmt::format("{:.4f}", mean);
        return fmt::format("{:.4f} +- {:.4f}", mean,
                           std::sqrt(squares / static_cast<double>(values.size() - 1)));
    }
};

void print_table(const std::vector<Trial>& trials)
{
    struct Row {
        Spread train, validation, microseconds;
        double best = std::numeric_limits<double>::infinity();
        std::size_t seeds = 0, diverged = 0;
    };
    std::map<double, Row> rows;
    const Trial* best = nullptr;
    for (const Trial& trial : trials) {
        Row& row = rows[trial.settings.at("learning rate")];
        const double validation = trial.results.at("validation");
        ++row.seeds;
        row.diverged += !std::isfinite(validation);
        row.train.add(trial.results.at("train"));
        row.validation.add(validation);
        row.microseconds.add(trial.results.at("us a step"));
        if (validation < row.best) row.best = validation;
        if (std::isfinite(validation) && (best == nullptr || validation < best->results.at("validation")))
            best = &trial;
    }
    fmt::print("\n{:>10} {:>6} {:>20} {:>20} {:>8} {:>10}\n", "rate", "seeds", "train", "validation", "best",
               "us a step");
    for (const auto& [rate, row] : rows) {
        double microseconds = 0;
        for (const double us : row.microseconds.values)
            microseconds += us / static_cast<double>(row.microseconds.values.size());
        fmt::print("{:>10} {:>6} {:>20} {:>20} {:>8} {:>10.1f}{}\n", fmt::format("{}", rate), row.seeds,
                   row.train.text(), row.validation.text(),
                   std::isfinite(row.best) ? fmt::format("{:.4f}", row.best) : "-", microseconds,
                   row.diverged > 0 ? fmt::format("   {} diverged", row.diverged) : "");
    }
    if (best != nullptr)
        fmt::print("\nbest: learning rate {}, seed {:.0f}, validation loss {:.7f}\n",
                   best->settings.at("learning rate"), best->settings.at("seed"),
                   best->results.at("validation"));
}

/// One training; of one that diverges the losses are NaN.
NamedNumbers trained(Stage stage, const Data& data, Options options, std::vector<Run>* runs,
                     std::mutex& runs_mutex)
{
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    try {
        const Result result = train(stage, data, options, true, [](const Result&) {});
        if (result.run && runs != nullptr) {
            const std::lock_guard lock(runs_mutex);
            runs->push_back(*result.run);
        }
        const double microseconds = result.seconds / static_cast<double>(result.steps) * 1e6;
        if (!result.diverged.empty())
            return {{"train", nothing}, {"validation", nothing}, {"us a step", microseconds}};
        return {{"train", result.train}, {"validation", result.validation}, {"us a step", microseconds}};
    } catch (const Error& error) {
        if (error.id() != "ctnn.diverged") throw;
        return {{"train", nothing}, {"validation", nothing}, {"us a step", nothing}};
    }
}

template <Team Workers>
void sweep_with(Workers& team, bool prints, Stage stage, const Options& options, const Sweep& sweep,
                const Data& data)
{
    const StageName& name = stage_names[static_cast<std::size_t>(stage)];
    const std::size_t steps = options.steps.value_or(name.steps);
    std::vector<double> seeds;
    for (const std::uint64_t seed : sweep.seeds) seeds.push_back(static_cast<double>(seed));
    const auto trials = all_combinations({{"learning rate", sweep.rates}, {"seed", seeds}});
    const detail::checksum contents = [&] {
        detail::checksum sum;
        for (const Samples* part : {&data.train, &data.validation})
            sum.add(part->contexts.data(), part->contexts.size() * sizeof(class_id));
        return sum;
    }();
    std::vector<Run> runs;
    std::mutex runs_mutex;
    std::vector<Trial> done;
    {
        SweepProgress progress(prints ? team.size() : 0);
        done = for_each_trial(
            team, trials,
            [&](const NamedNumbers& settings, std::size_t worker) {
                Options own = options;
                own.samples = 0;
                own.prints_names = false;
                own.learning_rate = settings.at("learning rate");
                own.seed = static_cast<std::uint64_t>(settings.at("seed"));
                own.run_name = fmt::format("{}, rate {}, seed {}", name.name, *own.learning_rate, own.seed);
                const std::string what = fmt::format("rate {:<8} seed {:<6}", *own.learning_rate, own.seed);
                own.progress = [&](std::size_t step, double loss) {
                    progress.at(worker, fmt::format("worker {:<3} {} step {:>7} of {}, loss {:.4f}",
                                                    worker + 1, what, step, steps, loss));
                };
                NamedNumbers results = trained(stage, data, own, &runs, runs_mutex);
                progress.done(fmt::format("{} train {:.4f}   validation {:.4f}", what, results.at("train"),
                                          results.at("validation")));
                return results;
            },
            {.journal = sweep.output,
             .settings = fmt::format("stage {}, {} steps, a tenth from step {}, data with checksum {}",
                                     name.name, steps, options.decay_at, contents.text()),
             .part = sweep.part,
             .parts = sweep.parts});
    }
    if (!prints) return;
    print_table(done);
    if (options.report.empty()) return;
    if (runs.empty()) {
        fmt::print("\nno report: every trial was done before, and only the journal is left of it\n");
        return;
    }
    std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.name < b.name; });
    const std::string missing = write_report(options.report, runs);
    fmt::print("\nreport: {}/report.html\n", options.report);
    if (!missing.empty()) std::fprintf(stderr, "makemore: %s\n", missing.c_str());
}

} // namespace

std::vector<std::uint64_t> numbers_from(const std::string& text)
{
    std::vector<std::uint64_t> all;
    const auto fail = [&](const std::string& why) {
        return Failure(1, fmt::format("'{}' is no list of seeds such as 1..8 or 1,5,7..9: {}", text, why));
    };
    const char* at = text.data();
    const char* const end = at + text.size();
    const auto number = [&] {
        std::uint64_t value = 0;
        const auto [next, error] = std::from_chars(at, end, value);
        if (error != std::errc{}) throw fail("a whole number is missing");
        if (value > largest_seed) throw fail(fmt::format("a seed is at most {}", largest_seed));
        at = next;
        return value;
    };
    for (;;) {
        const std::uint64_t first = number();
        std::uint64_t last = first;
        if (end - at >= 2 && at[0] == '.' && at[1] == '.') {
            at += 2;
            last = number();
        }
        if (last < first) throw fail(fmt::format("{} is less than {}", last, first));
        if (last - first >= 1'000'000) throw fail("that is more than a million");
        for (std::uint64_t seed = first; seed <= last; ++seed) all.push_back(seed);
        if (at == end) break;
        if (*at++ != ',') throw fail("a comma is missing");
    }
    std::sort(all.begin(), all.end());
    if (std::adjacent_find(all.begin(), all.end()) != all.end()) throw fail("a seed is named twice");
    return all;
}

void run_sweep(Stage stage, const Options& options, const Sweep& sweep)
{
    const Data data = load(options.data);
    const SignalWatch watch;
#ifdef CTNN_WITH_MPI
    // Started by mpirun: a training a rank, and the first prints.
    if (std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMI_SIZE") != nullptr) {
        const mpi::Session session;
        mpi::Ranks ranks{session};
        if (ranks.first())
            fmt::print("{} trainings by {} ranks\n", sweep.rates.size() * sweep.seeds.size(), ranks.size());
        return sweep_with(ranks, ranks.first(), stage, options, sweep, data);
    }
#endif
    Workers workers = sweep.workers == 0 ? Workers{} : Workers{sweep.workers};
    fmt::print("{} trainings by {} workers\n", sweep.rates.size() * sweep.seeds.size(), workers.size());
    std::fflush(stdout);
    sweep_with(workers, true, stage, options, sweep, data);
}

} // namespace makemore
