// SPDX-License-Identifier: BSD-3-Clause
/// What a training shows while it runs, and how it is asked to stop.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace makemore {

inline volatile std::sig_atomic_t stop_signal = 0;

namespace detail {

/// Without SA_RESTART: a call that waits, for a pipe or a slow disk, ends with EINTR.
inline void on_signals(void (*handler)(int))
{
    struct sigaction action {};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

} // namespace detail

/// The path of a lock to take away when the program leaves at a signal; null for none.
inline const char* volatile held_lock = nullptr;

/// From here on SIGINT and SIGTERM end the program where it stands: nothing has begun that could be saved.
inline void leave_at_signals()
{
    detail::on_signals([](int signal) {
        if (held_lock != nullptr) (void)::unlink(held_lock);
        constexpr char text[] = "\nmakemore: stopped by a signal before it began; nothing is lost\n";
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, sizeof text - 1);
        ::_exit(128 + signal);
    });
}
/// From here on they end a training after the step it is in, and other work where `stop_if_asked` stands.
inline void watch_signals()
{
    detail::on_signals([](int signal) { stop_signal = signal; });
}

/// A bar on a terminal; lines such as "  10000/ 200000: 2.0322" in a pipe.
class Progress {
public:
    Progress(std::size_t steps, std::size_t first)
        : steps_(steps), first_(first),
          interval_(steps >= 100'000 ? 10'000 : std::max<std::size_t>(1, steps / 10)),
          terminal_(isatty(STDOUT_FILENO) != 0)
    {}

    void step(std::size_t step, double loss)
    {
        if (step % interval_ == 0) {
            if (terminal_) std::fputs("\r\x1b[K", stdout);
            fmt::print("{:7d}/{:7d}: {:.4f}\n", step, steps_, loss);
            std::fflush(stdout);
        }
        if (terminal_ && step % 64 == 0) draw(step, loss);
    }
    void done() const
    {
        if (terminal_) std::fputs("\r\x1b[K", stdout);
    }
    [[nodiscard]] double seconds() const
    {
        return std::chrono::duration<double>(clock::now() - start_).count();
    }

private:
    using clock = std::chrono::steady_clock;
    std::size_t steps_, first_, interval_;
    bool terminal_;
    clock::time_point start_ = clock::now(), drawn_{};

    static std::size_t columns()
    {
        winsize size{};
        return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
    }
    void draw(std::size_t step, double loss)
    {
        const auto now = clock::now();
        if (now - drawn_ < std::chrono::milliseconds(100)) return;
        drawn_ = now;
        constexpr std::size_t width = 24;
        const std::size_t full = std::min(width, step * width / steps_);
        const double rate = static_cast<double>(step + 1 - first_) / std::max(1e-9, seconds());
        const auto left = static_cast<std::size_t>(static_cast<double>(steps_ - step) / rate);
        const std::string line =
            fmt::format("[{}{}] {}/{}  loss {:.3f}  {:.0f} steps/s  {}:{:02d} left", std::string(full, '#'),
                        std::string(width - full, '.'), step, steps_, loss, rate, left / 60, left % 60);
        fmt::print("\r\x1b[K{}", line.substr(0, columns() - 1)); // a line that wraps would scroll
        std::fflush(stdout);
    }
};

} // namespace makemore
