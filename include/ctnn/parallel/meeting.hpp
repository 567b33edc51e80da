// SPDX-License-Identifier: BSD-3-Clause
/// Where the threads of a team wait for each other.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Tells a core that the loop around this only waits.
CTNN_INLINE void rest_a_moment()
{
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// A number that grows, and threads that wait for it: a while without sleep, which a core that has nothing
/// else to do answers in 0.3 us, then asleep. Only a count that somebody sleeps for costs a call of the
/// system.
class alignas(64) counter {
public:
    explicit counter(bool sleeps_at_once = false) : spins_(sleeps_at_once ? 0 : 4000) {}

    std::uint32_t add_one() { return value_.fetch_add(1, std::memory_order_acq_rel) + 1; }
    void wake_all()
    {
#if defined(__linux__)
        value_.notify_all();
#endif
    }
    [[nodiscard]] std::uint32_t value() const { return value_.load(std::memory_order_acquire); }
    /// Until the number is no longer `old`.
    void wait_while(std::uint32_t old) const
    {
        for (int i = 0; i < spins_; ++i) {
            if (value() != old) return;
            rest_a_moment();
        }
#if defined(__linux__)
        value_.wait(old, std::memory_order_acquire);
#else
        // Elsewhere standard libraries wait by way of a lock that all share, or not at all well: some naps.
        for (int i = 0; value() == old; ++i)
            if (i < 1000) std::this_thread::yield();
            else std::this_thread::sleep_for(std::chrono::microseconds(50));
#endif
    }

private:
    std::atomic<std::uint32_t> value_{0};
    int spins_;
};

/// All `size` threads leave `wait` when the last of them has come: what each has written before, all can read
/// then.
class meeting {
public:
    explicit meeting(std::size_t size, bool sleeps_at_once = false)
        : size_(static_cast<std::uint32_t>(size)), times_(sleeps_at_once)
    {}
    void wait()
    {
        const std::uint32_t time = times_.value();
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
            arrived_.store(0, std::memory_order_relaxed);
            times_.add_one();
            times_.wake_all();
        } else {
            times_.wait_while(time);
        }
    }

private:
    std::uint32_t size_;
    alignas(64) std::atomic<std::uint32_t> arrived_{0};
    counter times_;
};

} // namespace ctnn::inline CTNN_ARCH::detail
