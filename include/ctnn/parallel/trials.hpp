// SPDX-License-Identifier: BSD-3-Clause
/// Many trainings with different settings, by a team, each once however often the program is started.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <ctnn/core/error.hpp>
#include <ctnn/core/open_file.hpp>
#include <ctnn/parallel/team.hpp>
#include <ctnn/train/files.hpp>
#include <ctnn/train/signals.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Numbers by name, in order: the settings of a trial, or what it has found.
class NamedNumbers : public std::vector<std::pair<std::string, double>> {
public:
    using std::vector<std::pair<std::string, double>>::vector;
    /// The number of this name.
    ///   errors : [ctnn.option] no number has this name
    [[nodiscard]] double at(std::string_view name) const
    {
        for (const auto& [own, number] : *this)
            if (own == name) return number;
        throw Error("ctnn.option", "there is no number named '" + std::string(name) + "'");
    }
};

/// One of several settings, and the values that are tried: `{"learning rate", {0.03, 0.1, 0.3}}`.
using TriedValues = std::pair<std::string, std::vector<double>>;
/// All combinations, the last setting the fastest.
[[nodiscard]] inline std::vector<NamedNumbers> all_combinations(const std::vector<TriedValues>& settings)
{
    std::vector<NamedNumbers> all(1);
    for (const auto& [name, values] : settings) {
        std::vector<NamedNumbers> longer;
        for (const NamedNumbers& trial : all)
            for (const double value : values) {
                longer.push_back(trial);
                longer.back().emplace_back(name, value);
            }
        all = std::move(longer);
    }
    return all;
}

/// A trial that is done.
struct Trial {
    NamedNumbers settings, results;
};

/// Where trials are written down, and which are done.
struct TrialOptions {
    std::string journal = {};        ///< a file of a JSON object a finished trial; empty: none
    std::string settings = {};       ///< what else decides the results, the same for all trials
    std::size_t part = 1, parts = 1; ///< of each `parts` trials only the part-th, for jobs of an array
};

namespace detail {

/// Trials as lines of JSON: {"settings": {"seed": 1}, "results": {"loss": 2.17}, "of": "..."}.
class journal {
public:
    /// Reads what FILE and FILE.part-*-of-* have. With `part` of `parts`, new trials go into that part's
    /// file.
    ///   errors : [ctnn.load] a line that is no trial; a trial of other settings; [ctnn.save] the file cannot
    ///            be written, or another program is writing it
    journal(const std::string& path, const std::string& of, std::size_t part, std::size_t parts) : of_(of)
    {
        if (path.empty()) return;
        path_ = path;
        if (parts > 1) path_ += ".part-" + std::to_string(part) + "-of-" + std::to_string(parts);
        require_writable(path_);
        lock_.emplace(path_);
        for (const std::string& file : files_of(path)) read(file);
        file_.reset(open_file(path_, "ab"));
        if (file_ == nullptr) fail(errno);
        std::error_code unknown;
        size_ = std::filesystem::file_size(path_, unknown);
    }

    /// The trial with these settings, if it is done.
    [[nodiscard]] const Trial* find(const NamedNumbers& settings) const
    {
        for (const Trial& trial : done_)
            if (trial.settings == settings) return &trial;
        return nullptr;
    }
    /// Writes a trial down before it returns.
    void add(Trial trial)
    {
        const std::string line = line_of(trial);
        if (!path_.empty()) {
            if (file_ == nullptr) fail(EIO); // it could not be written before
            if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() ||
                std::fflush(file_.get()) != 0) {
                const int code = errno;
                file_.reset();
                std::error_code ignored; // half a line would be a fault of the file
                std::filesystem::resize_file(path_, size_, ignored);
                fail(code);
            }
            size_ += line.size();
        }
        for (auto& [name, number] : trial.results)
            if (!std::isfinite(number)) number = std::numeric_limits<double>::quiet_NaN(); // as it is read
        done_.push_back(std::move(trial));
    }
    /// All trials as lines, and those of other processes.
    [[nodiscard]] std::string lines() const
    {
        std::string all;
        for (const Trial& trial : done_) all += line_of(trial);
        return all;
    }
    void take_lines(const std::string& lines)
    {
        for (std::size_t at = 0, end = 0; at < lines.size(); at = end + 1) {
            end = lines.find('\n', at);
            take(parsed(std::string_view(lines).substr(at, end - at), "a rank's results", 0));
        }
    }

private:
    std::string path_, of_;
    std::optional<FileLock> lock_;
    struct closer {
        void operator()(std::FILE* f) const { std::fclose(f); }
    };
    std::unique_ptr<std::FILE, closer> file_;
    std::vector<Trial> done_;
    std::uintmax_t size_ = 0; ///< of whole lines

    [[noreturn]] void fail(int code) const
    {
        throw Error("ctnn.save", "cannot write '" + path_ + "': " + std::strerror(code));
    }
    void take(Trial trial)
    {
        if (find(trial.settings) == nullptr) done_.push_back(std::move(trial));
    }

    /// FILE and its parts, in order of their names.
    static std::vector<std::string> files_of(const std::string& path)
    {
        std::vector<std::string> all;
        std::error_code unknown;
        if (std::filesystem::exists(path, unknown)) all.push_back(path);
        const std::filesystem::path whole(path);
        const std::string start = whole.filename().string() + ".part-";
        const auto folder = whole.has_parent_path() ? whole.parent_path() : std::filesystem::path(".");
        for (const auto& entry : std::filesystem::directory_iterator(folder, unknown)) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with(start) && !name.ends_with(".lock"))
                all.push_back(path + name.substr(whole.filename().string().size()));
        }
        std::sort(all.begin() + (all.empty() || all[0] != path ? 0 : 1), all.end());
        return all;
    }
    /// A last line without an end is what a killed program has left: in its own file it goes.
    void read(const std::string& file)
    {
        std::ifstream in(std::filesystem::path(file), std::ios::binary);
        std::uintmax_t whole = 0;
        std::size_t number = 0;
        for (std::string line; std::getline(in, line) && !in.eof();) {
            whole += line.size() + 1;
            take(parsed(line, "'" + file + "'", ++number));
        }
        if (in.bad() || !in.is_open()) throw Error("ctnn.load", "cannot read '" + file + "'");
        std::error_code error;
        if (file == path_ && std::filesystem::file_size(file, error) != whole && !error)
            std::filesystem::resize_file(file, whole, error);
        if (error) throw Error("ctnn.save", "cannot write '" + file + "': " + error.message());
    }

    static std::string number_text(double number)
    {
        if (!std::isfinite(number)) return "null"; // JSON has no NaN
        char text[40];
        return {text, std::to_chars(text, text + sizeof text, number).ptr};
    }
    static std::string object_of(const NamedNumbers& numbers)
    {
        std::string text = "{";
        for (const auto& [name, number] : numbers)
            text += (text.size() > 1 ? ", " : "") + nlohmann::json(name).dump() + ": " + number_text(number);
        return text + "}";
    }
    [[nodiscard]] std::string line_of(const Trial& trial) const
    {
        return "{\"settings\": " + object_of(trial.settings) + ", \"results\": " + object_of(trial.results) +
               ", \"of\": " + nlohmann::json(of_).dump() + "}\n";
    }
    [[nodiscard]] Trial parsed(std::string_view line, const std::string& where, std::size_t number) const
    {
        const auto fault = [&](const std::string& what) {
            return Error("ctnn.load", where + " has in line " + std::to_string(number) + " " + what);
        };
        const auto json = nlohmann::ordered_json::parse(line, nullptr, false);
        if (!json.is_object() || !json.contains("settings") || !json.contains("results") ||
            !json.contains("of") || !json["of"].is_string())
            throw fault("no trial, expected {\"settings\": {...}, \"results\": {...}, \"of\": \"...\"}");
        if (const auto of = json["of"].get<std::string>(); of != of_)
            throw fault("a trial of\n  " + of + "\nand these are trials of\n  " + of_);
        Trial trial;
        for (const auto& [key, to] :
             {std::pair{"settings", &trial.settings}, std::pair{"results", &trial.results}}) {
            if (!json[key].is_object()) throw fault("no trial: its " + std::string(key) + " are no object");
            for (const auto& [name, value] : json[key].items()) {
                if (!value.is_number() && !value.is_null())
                    throw fault("no trial: '" + name + "' is no number");
                to->emplace_back(name, value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                                       : value.get<double>());
            }
        }
        return trial;
    }
};

} // namespace detail

/// f(settings) for each trial, by whoever of the team is free, and what all have found, in the order of the
/// trials. f is called by several threads at once, and may take the worker's number too.
///
/// ```cpp
/// const auto trials = all_combinations({{"learning rate", {0.03, 0.1, 0.3}}, {"seed", {1, 2, 3, 4}}});
/// const auto train = [&](const NamedNumbers& settings) {
///     Generator generator{static_cast<std::uint64_t>(settings.at("seed"))};
///     ...
///     return NamedNumbers{{"validation", loss}};
/// };
/// for (const Trial& t : for_each_trial(workers, trials, train, {.journal = "sweep.jsonl"})) ...
/// ```
///
///   journal : gets a line when a trial is done; a trial that it has is not done again, so that a program
///             that was killed is started once more and goes on. A part of several, and a rank of several,
///             writes a file beside it, FILE.part-3-of-64, and all read all of them
///   result  : all trials; with parts those of this part, and what is done of the others
///   errors  : [ctnn.stopped] SIGINT or SIGTERM, while a SignalWatch lives; [ctnn.load] a line that is no
///             trial, or one of other `settings`; [ctnn.save] the journal cannot be written; [ctnn.option] a
///             part that does not exist, a setting that is not finite; what f throws, after which its process
///             begins no trial
template <Team Workers, class F>
std::vector<Trial> for_each_trial(Workers& team, const std::vector<NamedNumbers>& trials, F f,
                                  const TrialOptions& options = {})
{
    if (options.part < 1 || options.part > options.parts)
        throw Error("ctnn.option", "there is no part " + std::to_string(options.part) + " of " +
                                       std::to_string(options.parts));
    for (const NamedNumbers& settings : trials)
        for (const auto& [name, number] : settings)
            if (!std::isfinite(number))
                throw Error("ctnn.option", "the setting '" + name + "' of a trial is not finite");
    std::size_t process = 0, processes = 1; // of a team in several
    if constexpr (requires { team.rank(); }) {
        process = team.rank();
        processes = team.size();
    }
    detail::journal journal(options.journal, options.settings, (options.part - 1) * processes + process + 1,
                            options.parts * processes);
    std::vector<const NamedNumbers*> open;
    for (std::size_t i = 0; i < trials.size(); ++i)
        if (i % options.parts == options.part - 1) open.push_back(&trials[i]);
    const auto was_stopped = [&] {
        if constexpr (requires { team.signal(); }) return team.signal() != 0;
        else return stop_signal() != 0;
    };
    std::mutex writing;
    std::atomic<std::size_t> next{0};
    std::atomic<bool> fails{false};
    const auto ticket = [&]() -> std::size_t {
        if constexpr (requires { team.next_ticket(); }) return team.next_ticket();
        else return next++;
    };
    if constexpr (requires { team.begin_tickets(); }) team.begin_tickets();
    team.run([&](std::size_t worker) {
        for (std::size_t i = ticket(); i < open.size() && !fails && !was_stopped(); i = ticket()) {
            const NamedNumbers& settings = *open[i];
            {
                const std::lock_guard lock(writing);
                if (journal.find(settings) != nullptr) continue;
            }
            try {
                NamedNumbers results;
                if constexpr (std::is_invocable_v<F&, const NamedNumbers&, std::size_t>)
                    results = f(settings, worker);
                else results = f(settings);
                const std::lock_guard lock(writing);
                journal.add({settings, std::move(results)});
            } catch (...) {
                fails = true;
                if (!was_stopped()) throw;
            }
        }
    });
    if constexpr (requires { team.gather(std::string()); }) journal.take_lines(team.gather(journal.lines()));
    std::vector<Trial> all;
    for (const NamedNumbers& settings : trials)
        if (const Trial* trial = journal.find(settings)) all.push_back(*trial);
    if (was_stopped() && std::any_of(open.begin(), open.end(), [&](const NamedNumbers* settings) {
            return journal.find(*settings) == nullptr;
        }))
        throw Error("ctnn.stopped", "stopped by a signal with " + std::to_string(all.size()) + " of " +
                                        std::to_string(trials.size()) + " trials done" +
                                        (options.journal.empty() ? ""
                                                                 : "; '" + options.journal +
                                                                       "' has them, start again to go "
                                                                       "on"));
    return all;
}

} // namespace ctnn::inline CTNN_ARCH
