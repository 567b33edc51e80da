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

/// While it lives, SIGINT and SIGTERM end nothing: they are to be asked for with stop_signal(). What they did
/// before they do again after it. A second signal is the first one again; SIGKILL still ends the program.
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
