// SPDX-License-Identifier: BSD-3-Clause
/// Threads that work together.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>
#if defined(__linux__)
#include <sched.h>
#endif

#include <ctnn/core/error.hpp>
#include <ctnn/parallel/meeting.hpp>
#include <ctnn/parallel/team.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The cores that this program may use: those it was started on, by taskset or a batch system, where the
/// system tells; at least 1.
[[nodiscard]] inline std::size_t allowed_cores()
{
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return static_cast<std::size_t>(CPU_COUNT(&set));
#endif
    return std::max(1U, std::thread::hardware_concurrency());
}

/// More threads than cores wait for each other most of the time; a test may want them.
struct WorkersOptions {
    bool may_exceed_cores = false;
};

/// Threads of one program that do a piece of work each: the thread that makes them is the first. Between two
/// pieces they wait, a moment awake and then asleep.
///
/// ```cpp
/// Workers workers;                                  // one for each allowed core; Workers{2} for two
/// workers.run([&](std::size_t worker) { ... });     // worker 0, 1, ..., size() - 1, at the same time
/// ```
///
///   run    : returns when all have ended; what the first of them threw is thrown on then. Each meets as
///            often as the others: who throws and has not yet met leaves them waiting for ever
///   errors : [ctnn.parallel] no workers, or more than allowed cores
///   cost   : a run 0.6 us while the threads are awake; allocates when made
class Workers {
public:
    Workers() : Workers(allowed_cores()) { is_default_ = true; }
    explicit Workers(std::size_t count, const WorkersOptions& options = {})
        : size_(checked(count, options)), errors_(count), meeting_(count, exceeds_cores(count)),
          start_(exceeds_cores(count)), end_(exceeds_cores(count))
    {
        try {
            for (std::size_t worker = 1; worker < count; ++worker)
                threads_.emplace_back([this, worker] { work(worker); });
        } catch (const std::system_error& error) {
            end_threads();
            throw Error("ctnn.parallel", std::string("cannot start a thread: ") + error.what());
        }
    }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers() { end_threads(); }

    static constexpr bool shares_memory = true;
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Whether the number of workers was left to the machine.
    [[nodiscard]] bool is_default() const { return is_default_; }
    /// A number that no other team of this program has.
    [[nodiscard]] std::size_t id() const { return id_; }

    /// f(worker) in each worker, at the same time.
    template <class F>
    void run(F&& f)
    {
        task_ = const_cast<void*>(static_cast<const void*>(std::addressof(f)));
        call_ = [](void* task, std::size_t worker) {
            (*static_cast<std::remove_reference_t<F>*>(task))(worker);
        };
        const std::uint32_t before = end_.value();
        if (size_ > 1) {
            running_.store(size_ - 1, std::memory_order_relaxed);
            start_.add_one();
            start_.wake_all();
        }
        do_task(0);
        if (size_ > 1) end_.wait_while(before);
        for (std::exception_ptr& error : errors_)
            if (error) {
                std::exception_ptr first = std::exchange(error, nullptr);
                for (std::exception_ptr& other : errors_) other = nullptr;
                std::rethrow_exception(first);
            }
    }
    /// Called by each worker in a run: all go on when the last has come.
    void meet()
    {
        if (size_ > 1) meeting_.wait();
    }
    /// Nothing: what the workers have written, all of them see.
    void gather(double*, std::size_t) {}

private:
    std::size_t size_, id_ = detail::next_team();
    bool is_default_ = false;
    void* task_ = nullptr;
    void (*call_)(void*, std::size_t) = nullptr;
    std::vector<std::exception_ptr> errors_;
    detail::meeting meeting_;
    detail::counter start_, end_;
    std::atomic<std::size_t> running_{0};
    std::vector<std::thread> threads_;

    static std::size_t checked(std::size_t count, const WorkersOptions& options)
    {
        if (count == 0) throw Error("ctnn.parallel", "a team has no workers, expected at least 1");
        if (exceeds_cores(count) && !options.may_exceed_cores)
            throw Error("ctnn.parallel", std::to_string(count) + " workers for the " +
                                             std::to_string(allowed_cores()) +
                                             " cores that this program may use; they would wait for each "
                                             "other most of the time");
        return count;
    }
    void end_threads()
    {
        call_ = nullptr;
        start_.add_one();
        start_.wake_all();
        for (std::thread& thread : threads_) thread.join();
    }
    static bool exceeds_cores(std::size_t count) { return count > allowed_cores(); }

    void do_task(std::size_t worker)
    {
        try {
            call_(task_, worker);
        } catch (...) {
            errors_[worker] = std::current_exception();
        }
    }
    void work(std::size_t worker)
    {
        for (std::uint32_t done = 0;; ++done) {
            start_.wait_while(done);
            if (call_ == nullptr) return;
            do_task(worker);
            if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
                end_.add_one();
                end_.wake_all();
            }
        }
    }
};

} // namespace ctnn::inline CTNN_ARCH
