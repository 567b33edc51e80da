// SPDX-License-Identifier: BSD-3-Clause
/// What a training measures, as lines of JSON for other programs.
#pragma once

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
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/open_file.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A number with its name: `{"accuracy", 0.97}`.
using Metric = std::pair<std::string_view, double>;
/// A metric over the evaluations of a training.
struct MetricHistory {
    std::string name;
    std::vector<std::size_t> step;
    std::vector<double> value;
};

namespace detail {

/// errors : [ctnn.option] a name that JSON does not take as it is
inline void require_metric_name(std::string_view name)
{
    bool plain = !name.empty();
    for (const char c : name) plain = plain && static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
    if (!plain)
        throw Error("ctnn.option", "a metric is named '" + std::string(name) +
                                       "', expected a name without quotation marks, backslashes and control "
                                       "characters");
}

} // namespace detail

/// Reads what a MetricsFile has written: f(step, name, value) for each number, NaN for null. Lines of another
/// form are passed over, and so is the last one when it has no end. A file that cannot be read has no
/// numbers.
template <class F>
void read_metrics(const std::string& path, F f)
{
    std::ifstream file(std::filesystem::path(path), std::ios::binary);
    for (std::string line; std::getline(file, line) && !file.eof();) {
        const char* at = line.c_str();
        unsigned long long step = 0;
        int read = 0;
        if (std::sscanf(at, "{\"step\": %llu%n", &step, &read) != 1) continue;
        for (at += read; std::strncmp(at, ", \"", 3) == 0;) {
            const char* const name = at + 3;
            const char* const end = std::strstr(name, "\": ");
            if (end == nullptr) break;
            double value = std::numeric_limits<double>::quiet_NaN();
            at = end + 3;
            if (std::strncmp(at, "null", 4) == 0) at += 4;
            else at = std::from_chars(at, line.c_str() + line.size(), value).ptr;
            f(static_cast<std::size_t>(step), std::string_view(name, static_cast<std::size_t>(end - name)),
              value);
        }
    }
}

/// A file (or pipe) that gets an object a line: `{"step": 7, "loss": 2.4, "learning_rate": 0.1}`. A disk that
/// is full does not stop the training; `problem` says so. A pipe whose reader goes away ends the program, as
/// SIGPIPE does.
///
///   first  : a training that was taken up at step `first` goes on in the file that is there, after its last
///            line of a step before that: what a killed program wrote after its last checkpoint goes, and so
///            does a broken line at the end. What is not a regular file is only written
///   errors : [ctnn.save] the file cannot be written
class MetricsFile {
public:
    /// An empty path: no file, nothing is written.
    explicit MetricsFile(const std::string& path, std::size_t first = 0) : path_(path)
    {
        if (path.empty()) return;
        std::error_code unknown;
        if (first > 0 && std::filesystem::is_regular_file(path, unknown)) keep_before(first);
        file_.reset(detail::open_file(path, first > 0 ? "ab" : "wb"));
        if (file_ == nullptr) throw Error("ctnn.save", failure(std::strerror(errno)));
    }

    /// Nine significant digits each, which tell floats apart; what is not finite is null, JSON has no NaN.
    ///   errors : [ctnn.option] a name that JSON does not take as it is
    void write(std::size_t step, std::span<const Metric> metrics)
    {
        if (file_ == nullptr || error_ != 0) return;
        line_ = "{\"step\": " + std::to_string(step);
        for (const auto& [name, value] : metrics) {
            detail::require_metric_name(name);
            line_.append(", \"").append(name).append("\": ");
            char number[40];
            const auto end = std::to_chars(number, number + sizeof number, value, std::chars_format::general,
                                           9); // whatever the locale
            line_.append(std::isfinite(value) ? std::string_view(number, end.ptr) : "null");
        }
        line_ += "}\n";
        if (std::fwrite(line_.data(), 1, line_.size(), file_.get()) != line_.size()) error_ = errno;
    }
    /// Gives all lines to the system. Empty when it took them, else what went wrong.
    [[nodiscard]] std::string problem()
    {
        if (file_ != nullptr && std::fflush(file_.get()) != 0 && error_ == 0) error_ = errno;
        return error_ == 0 ? "" : failure(std::strerror(error_));
    }

private:
    struct closer {
        void operator()(std::FILE* f) const { std::fclose(f); }
    };
    std::string path_, line_;
    std::unique_ptr<std::FILE, closer> file_;
    int error_ = 0;

    [[nodiscard]] std::string failure(const std::string& why) const
    {
        return "cannot write '" + path_ + "': " + why;
    }
    void keep_before(std::size_t first) const
    {
        std::ifstream old(std::filesystem::path(path_), std::ios::binary);
        std::uintmax_t kept = 0, read = 0; // bytes
        for (std::string line; std::getline(old, line) && !old.eof();) {
            read += line.size() + 1;
            if (unsigned long long step = 0;
                std::sscanf(line.c_str(), "{\"step\": %llu,", &step) == 1 && step < first)
                kept = read;
        }
        std::error_code error;
        if (old.eof()) std::filesystem::resize_file(path_, kept, error);
        else error = std::make_error_code(std::errc::permission_denied);
        if (error) throw Error("ctnn.save", failure(error.message()));
    }
};

} // namespace ctnn::inline CTNN_ARCH
