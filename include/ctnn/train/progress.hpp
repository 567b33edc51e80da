// SPDX-License-Identifier: BSD-3-Clause
/// How far a training is, for the person who waits for it (POSIX).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

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
          terminal_(isatty(STDOUT_FILENO) != 0)
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
        if (terminal_) std::fputs("\r\x1b[K", stdout);
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
    static std::size_t columns()
    {
        winsize size{};
        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
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
        std::printf("\r\x1b[K%s", line.substr(0, columns() - 1).c_str()); // a line that wraps would scroll
        std::fflush(stdout);
    }
};

} // namespace ctnn::inline CTNN_ARCH
