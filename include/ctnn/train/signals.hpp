// SPDX-License-Identifier: BSD-3-Clause
/// How a program is asked to stop.
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
///   POSIX   : without SA_RESTART, so that a call that waits, for a pipe or a slow disk, ends with EINTR
///   Windows : Ctrl-C is SIGINT, and comes in a thread of its own
class SignalWatch {
public:
    SignalWatch() : interrupt_(caught(SIGINT)), terminate_(caught(SIGTERM)) {}
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;
    ~SignalWatch()
    {
        put_back(SIGINT, interrupt_);
        put_back(SIGTERM, terminate_);
    }

private:
#ifdef _WIN32
    using before = void (*)(int);
    static void note(int signal)
    {
        detail::signal_that_came = signal;
        std::signal(signal, note); // the system has set what it does to ending the program
    }
    static before caught(int signal)
    {
        const before what = std::signal(signal, note);
        if (what == SIG_IGN) std::signal(signal, SIG_IGN);
        return what;
    }
    static void put_back(int signal, before what) { std::signal(signal, what); }
#else
    using before = struct sigaction;
    static before caught(int signal)
    {
        before action{}, what{};
        action.sa_handler = [](int came) { detail::signal_that_came = came; };
        sigemptyset(&action.sa_mask);
        sigaction(signal, &action, &what);
        if (what.sa_handler == SIG_IGN) sigaction(signal, &what, nullptr);
        return what;
    }
    static void put_back(int signal, const before& what) { sigaction(signal, &what, nullptr); }
#endif
    before interrupt_, terminate_;
};

} // namespace ctnn::inline CTNN_ARCH
