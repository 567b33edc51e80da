// SPDX-License-Identifier: BSD-3-Clause
/// How far a training is, for the person who waits for it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

#ifdef _WIN32
#include <io.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// The standard output, where it is a terminal: what takes a line away, and how long a line can be.
#ifdef _WIN32
inline constexpr const char* clear_line = // not every console knows escapes
    "\r                                                                               \r";
inline bool is_terminal() { return ::_isatty(1) != 0; }
inline std::size_t terminal_columns() { return 80; }
#else
inline constexpr const char* clear_line = "\r\x1b[K";
inline bool is_terminal() { return ::isatty(STDOUT_FILENO) != 0; }
inline std::size_t terminal_columns()
{
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
}
#endif

} // namespace detail

/// On a terminal a bar with steps (and epochs), loss, rate and time left, redrawn in its line ten times a
/// second; and on the standard output of any kind a line ten or twenty times in all:
///
/// ```text
///   10000/ 200000: 2.0322
/// ```
class Progress {
public:
    ///   first : the step that this program begins with
    explicit Progress(std::size_t steps, std::size_t first = 0)
        : steps_(steps), first_(first), interval_(steps >= 100'000 ? std::max<std::size_t>(10'000, steps / 20)
                                                                   : std::max<std::size_t>(1, steps / 10)),
          terminal_(detail::is_terminal())
    {}

    /// Each step, with its loss. `epoch` is counted from 1; 0 for a training that has none.
    void step(std::size_t step, double loss, std::size_t epoch = 0)
    {
        if (step % interval_ == 0) line(step, text("%.4f", loss));
        if (terminal_) draw(step, loss, epoch);
    }
    /// A line of its own: "   1000/  20000: accuracy 0.9722".
    void line(std::size_t step, const std::string& what)
    {
        done();
        drawn_ = {}; // the bar comes back with the next step
        std::printf("%7zu/%7zu: %s\n", step, steps_, what.c_str());
        std::fflush(stdout);
    }
    /// Takes the bar away, so that other lines can follow.
    void done() const
    {
        if (terminal_) std::fputs(detail::clear_line, stdout);
    }
    /// Since it was made.
    [[nodiscard]] double seconds() const
    {
        return std::chrono::duration<double>(clock::now() - start_).count();
    }

private:
    using clock = std::chrono::steady_clock;
    std::size_t steps_, first_, interval_;
    bool terminal_;
    clock::time_point start_ = clock::now(), drawn_{};

    static std::string text(const char* format, double x)
    {
        char buffer[64];
        std::snprintf(buffer, sizeof buffer, format, x);
        return buffer;
    }
    void draw(std::size_t step, double loss, std::size_t epoch)
    {
        const auto now = clock::now();
        if (now - drawn_ < std::chrono::milliseconds(100)) return;
        drawn_ = now;
        constexpr std::size_t width = 24;
        const std::size_t full = std::min(width, step * width / steps_);
        const double rate = static_cast<double>(step + 1 - first_) / std::max(1e-9, seconds());
        const auto left = static_cast<std::size_t>(static_cast<double>(steps_ - step) / rate);
        const std::string line =
            "[" + std::string(full, '#') + std::string(width - full, '.') + "] " + std::to_string(step) +
            "/" + std::to_string(steps_) + (epoch > 0 ? "  epoch " + std::to_string(epoch) : "") + "  loss " +
            text("%.3f", loss) + text("  %.0f steps/s  ", rate) + std::to_string(left / 60) +
            (left % 60 < 10 ? ":0" : ":") + std::to_string(left % 60) + " left";
        // a line that wraps would scroll
        std::printf("%s%s", detail::clear_line, line.substr(0, detail::terminal_columns() - 1).c_str());
        std::fflush(stdout);
    }
};

} // namespace ctnn::inline CTNN_ARCH
