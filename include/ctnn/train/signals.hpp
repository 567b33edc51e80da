// SPDX-License-Identifier: BSD-3-Clause
/// How a program is asked to stop (POSIX).
#pragma once

#include <csignal>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

inline volatile std::sig_atomic_t signal_that_came = 0;

} // namespace detail

/// SIGINT or SIGTERM, if one has come while a SignalWatch lived; else 0.
[[nodiscard]] inline int stop_signal() { return detail::signal_that_came; }

/// While it lives, SIGINT and SIGTERM end nothing: they are to be asked for with stop_signal(), which tells
/// of one for the rest of the program. What they did before they do again after it; one that was ignored, as
/// in a program started with nohup, stays so. SIGKILL still ends the program.
///
///   without SA_RESTART : a call of the system that waits, for a pipe or a slow disk, ends with EINTR
class SignalWatch {
public:
    SignalWatch()
    {
        struct sigaction action {};
        action.sa_handler = [](int signal) { detail::signal_that_came = signal; };
        sigemptyset(&action.sa_mask);
        sigaction(SIGINT, &action, &interrupt_);
        sigaction(SIGTERM, &action, &terminate_);
        if (interrupt_.sa_handler == SIG_IGN) sigaction(SIGINT, &interrupt_, nullptr);
        if (terminate_.sa_handler == SIG_IGN) sigaction(SIGTERM, &terminate_, nullptr);
    }
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;
    ~SignalWatch()
    {
        sigaction(SIGINT, &interrupt_, nullptr);
        sigaction(SIGTERM, &terminate_, nullptr);
    }

private:
    struct sigaction interrupt_ {
    }, terminate_{};
};

} // namespace ctnn::inline CTNN_ARCH
