// SPDX-License-Identifier: BSD-3-Clause
/// The processes of an MPI job, and how they wait for each other.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <thread>
#include <typeinfo>
#include <utility>
#include <vector>

#include <ctnn/core/checksum.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/version.hpp>
#include <ctnn/parallel/meeting.hpp>
#include <ctnn/parallel/session.hpp>
#include <ctnn/parallel/team.hpp>
#include <ctnn/train/signals.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// A signal that has come to this rank, until all ranks have been told of it.
inline volatile std::sig_atomic_t signal_of_rank = 0;

} // namespace detail

namespace mpi {

/// How long ranks wait for each other, and how often they compare what must be the same.
struct RanksOptions {
    /// of one exchange: a rank that hangs and a link that is down are noticed by nobody else
    std::chrono::milliseconds deadline{60'000};
    std::size_t check_every = 1000; ///< steps between two checksums of the weights; 0: none
};

/// The processes of an MPI job as a team: each is one worker, and runs the same program on the same data.
/// Ranks of one host share memory, hosts exchange in a butterfly of messages.
///
/// ```cpp
/// int main(int argc, char** argv) {
///     const mpi::Session session{argc, argv};
///     mpi::Ranks ranks{session};                      // in the place of Workers
///     ...
///     if (ranks.first()) checkpoint.save("run.safetensors", step);
/// }                                                   // mpirun -n 4 ./program
/// ```
///
///   bits    : those of as many threads, and of any other number of ranks
///   start   : instruction set, compiler, network and the first batch are compared, later the weights: ranks
///             that differ end with [ctnn.parallel]
///   signals : SIGINT and SIGTERM to a rank end the training of all after the same step, if a SignalWatch
///             lives when the first step is taken
///   end     : a rank that waits longer than the deadline says so and ends all, with code 75
///   errors  : [ctnn.parallel] ranks that are not a power of two, in step of a DataParallel
///   memory  : what models exchange in is kept until the ranks end
class Ranks {
public:
    explicit Ranks(const Session&, const RanksOptions& options = {}) : options_(options)
    {
        int n = 0;
        MPI_Comm_dup(MPI_COMM_WORLD, &world_);
        MPI_Comm_rank(world_, &n);
        rank_ = static_cast<std::size_t>(n);
        MPI_Comm_size(world_, &n);
        size_ = static_cast<std::size_t>(n);
        find_hosts();
        control_ = reinterpret_cast<control*>(shared(sizeof(control))[0]);
        if (rank_in_host_ == 0) new (control_) control;
        MPI_Barrier(world_);
    }
    Ranks(const Ranks&) = delete;
    Ranks& operator=(const Ranks&) = delete;
    ~Ranks()
    {
        if (std::uncaught_exceptions() > 0) return; // the session ends all
        for (std::size_t i = 0; i < shared_signals_.size(); ++i)
            if (shared_signals_[i]) sigaction(signals[i], &before_[i], nullptr);
        for (MPI_Request& request : requests_) MPI_Request_free(&request);
        for (MPI_Win& window : windows_) MPI_Win_free(&window);
        MPI_Comm_free(&host_);
        MPI_Comm_free(&world_);
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t rank() const { return rank_; }
    /// Whether this is the rank that prints and saves.
    [[nodiscard]] bool first() const { return rank_ == 0; }
    [[nodiscard]] bool is_default() const { return false; }
    [[nodiscard]] std::size_t id() const { return id_; }
    /// The number of hosts, as far as ranks share memory on them.
    [[nodiscard]] std::size_t hosts() const { return size_ / ranks_a_host_; }

    template <class F>
    void run(F&& f)
    {
        f(rank_);
    }
    void meet()
    {
        if (size_ == 1) return;
        if (hosts() == 1) return meet_in_host();
        MPI_Request request = MPI_REQUEST_NULL;
        MPI_Ibarrier(world_, &request);
        wait(&request, 1);
    }
    void gather(double* numbers, std::size_t n)
    {
        MPI_Request request = MPI_REQUEST_NULL;
        MPI_Iallreduce(MPI_IN_PLACE, numbers, length(n), MPI_DOUBLE, MPI_SUM, world_, &request);
        wait(&request, 1);
    }
    /// The texts of all ranks, one after the other. They are waited for however long one is at work.
    [[nodiscard]] std::string gather(const std::string& text)
    {
        const int own = length(text.size());
        std::vector<int> lengths(size_), starts(size_);
        MPI_Request request = MPI_REQUEST_NULL;
        MPI_Iallgather(&own, 1, MPI_INT, lengths.data(), 1, MPI_INT, world_, &request);
        while (!is_done(request)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::size_t all = 0;
        for (std::size_t r = 0; r < size_; ++r) {
            starts[r] = length(all);
            all += static_cast<std::size_t>(lengths[r]);
        }
        std::string texts(static_cast<std::size_t>(length(all)), '\0');
        MPI_Iallgatherv(text.data(), own, MPI_CHAR, texts.data(), lengths.data(), starts.data(), MPI_CHAR,
                        world_, &request);
        wait(&request, 1);
        return texts;
    }
    /// That a text is the same in all ranks.
    ///   errors : [ctnn.parallel] it is not, with the first two that differ
    void require_same(const std::string& what, const std::string& text)
    {
        detail::checksum sum;
        sum.add(text);
        std::array<std::uint64_t, 2> bounds{sum.value(), 0};
        bounds[1] = ~bounds[0];
        MPI_Request request = MPI_REQUEST_NULL;
        MPI_Iallreduce(MPI_IN_PLACE, bounds.data(), 2, MPI_UINT64_T, MPI_MIN, world_, &request);
        wait(&request, 1);
        if (bounds[0] == ~bounds[1]) return;
        const std::string texts = gather("\x1e" + text);
        std::vector<std::string> each;
        for (std::size_t at = 0; at < texts.size();) {
            const std::size_t end = std::min(texts.find('\x1e', at + 1), texts.size());
            each.push_back(texts.substr(at + 1, end - at - 1));
            at = end;
        }
        std::size_t other = 0;
        while (other + 1 < each.size() && each[other] == each[0]) ++other;
        throw Error("ctnn.parallel", what + " is not the same in all ranks. Rank 0:\n  " + each[0] +
                                         "\nrank " + std::to_string(other) + ":\n  " + each[other]);
    }

    /// That all ranks run the same program: instruction set, compiler, its optimisation, and what is given.
    void require_same_program(const std::string& text)
    {
        require_same("the program", std::string(typeid(Ranks).name()) +
                                        ", ctnn " CTNN_VERSION ", " __VERSION__
#if defined(__OPTIMIZE__)
                                        ", optimised"
#endif
                                        ", " +
                                        text);
    }

    /// For trials: who is free takes the next number; between hosts each rank has its own.
    void begin_tickets()
    {
        ticket_ = rank_;
        meet();
        if (rank_in_host_ == 0) control_->ticket.store(0, std::memory_order_relaxed);
        meet();
    }
    [[nodiscard]] std::size_t next_ticket()
    {
        if (hosts() == 1) return control_->ticket.fetch_add(1, std::memory_order_relaxed);
        return std::exchange(ticket_, ticket_ + size_);
    }

    // What an exchange is made of.
    [[nodiscard]] const RanksOptions& options() const { return options_; }
    [[nodiscard]] std::size_t ranks_a_host() const { return ranks_a_host_; }
    [[nodiscard]] std::size_t rank_in_host() const { return rank_in_host_; }
    /// Zeroed memory of so many bytes for each rank of this host, which all of them see; until the ranks end.
    [[nodiscard]] std::vector<std::byte*> shared(std::size_t bytes)
    {
        const auto line = [](std::byte* p) {
            return p + (64 - reinterpret_cast<std::uintptr_t>(p) % 64) % 64;
        };
        windows_.emplace_back();
        void* own = nullptr;
        MPI_Win_allocate_shared(static_cast<MPI_Aint>(bytes + 64), 1, MPI_INFO_NULL, host_, &own,
                                &windows_.back());
        std::memset(own, 0, bytes + 64);
        std::vector<std::byte*> all(ranks_a_host_);
        for (std::size_t r = 0; r < ranks_a_host_; ++r) {
            MPI_Aint size = 0;
            int unit = 0;
            MPI_Win_shared_query(windows_.back(), static_cast<int>(r), &size, &unit,
                                 static_cast<void*>(&own));
            all[r] = line(static_cast<std::byte*>(own));
        }
        MPI_Barrier(host_);
        return all;
    }
    /// A pair of requests to be started again and again: to send n bytes to a rank, and to get m.
    [[nodiscard]] std::array<MPI_Request, 2> trade_with(std::size_t rank, const void* mine, std::size_t n,
                                                        void* theirs, std::size_t m)
    {
        std::array<MPI_Request, 2> pair{};
        MPI_Send_init(mine, length(n), MPI_BYTE, static_cast<int>(rank), 0, world_, pair.data());
        MPI_Recv_init(theirs, length(m), MPI_BYTE, static_cast<int>(rank), 0, world_, pair.data() + 1);
        requests_.insert(requests_.end(), pair.begin(), pair.end());
        return pair;
    }
    /// Starts such a pair, and waits for it.
    void trade(std::array<MPI_Request, 2>& pair)
    {
        MPI_Startall(2, pair.data());
        wait(pair.data(), 2);
    }
    /// The signal that has come to this rank, if others know of it or not; else 0.
    [[nodiscard]] static int signal()
    {
        return stop_signal() != 0 ? stop_signal() : static_cast<int>(detail::signal_of_rank);
    }
    /// Until requests are done, or the deadline.
    void wait(MPI_Request* requests, int n)
    {
        until([&] {
            int is_done = 0;
            MPI_Testall(n, requests, &is_done, MPI_STATUSES_IGNORE);
            return is_done != 0;
        });
    }
    void meet_in_host()
    {
        if (ranks_a_host_ == 1) return;
        const std::uint32_t time = control_->times.load(std::memory_order_acquire);
        if (control_->arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == ranks_a_host_) {
            control_->arrived.store(0, std::memory_order_relaxed);
            control_->times.store(time + 1, std::memory_order_release);
        } else {
            until([&] { return control_->times.load(std::memory_order_acquire) != time; });
        }
    }
    /// From now on a signal that a SignalWatch would tell of waits until all ranks know of it.
    void share_signals()
    {
        for (std::size_t i = 0; i < signals.size(); ++i) {
            struct sigaction action {};
            sigaction(signals[i], nullptr, &action);
            if (shared_signals_[i] || action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) continue;
            before_[i] = action;
            shared_signals_[i] = true;
            action.sa_handler = [](int came) { detail::signal_of_rank = came; };
            sigaction(signals[i], &action, nullptr);
        }
    }

private:
    struct control {
        alignas(64) std::atomic<std::uint32_t> arrived{0};
        alignas(64) std::atomic<std::uint32_t> times{0};
        alignas(64) std::atomic<std::size_t> ticket{0};
    };
    static_assert(std::atomic<std::uint32_t>::is_always_lock_free);
    static constexpr std::array<int, 2> signals{SIGINT, SIGTERM};
    std::array<struct sigaction, 2> before_{};
    std::array<bool, 2> shared_signals_{};
    RanksOptions options_;
    std::size_t id_ = detail::next_team(), rank_ = 0, size_ = 1, rank_in_host_ = 0, ranks_a_host_ = 1,
                ticket_ = 0;
    MPI_Comm world_ = MPI_COMM_NULL, host_ = MPI_COMM_NULL;
    std::vector<MPI_Win> windows_;
    std::vector<MPI_Request> requests_;
    control* control_ = nullptr;

    static bool is_done(MPI_Request& request)
    {
        int done = 0;
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        return done != 0;
    }
    static int length(std::size_t n)
    {
        if (n > INT_MAX)
            throw Error("ctnn.parallel", std::to_string(n) + " bytes are more than one message can have");
        return static_cast<int>(n);
    }

    /// Ranks of a host share memory where every host has as many, a power of two, one after the other: else
    /// their sums would not be subtrees, and each rank counts as a host.
    void find_hosts()
    {
        MPI_Comm_split_type(world_, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host_);
        int in_host = 0, of_host = 0;
        MPI_Comm_rank(host_, &in_host);
        MPI_Comm_size(host_, &of_host);
        const auto a_host = static_cast<std::size_t>(of_host), place = static_cast<std::size_t>(in_host);
        std::size_t first = rank_ - std::min(place, rank_);
        MPI_Bcast(&first, sizeof first, MPI_BYTE, 0, host_);
        int fits = (a_host & (a_host - 1)) == 0 && first % a_host == 0 && rank_ == first + place ? 1 : 0;
        int bounds[3] = {fits, of_host, -of_host};
        MPI_Allreduce(MPI_IN_PLACE, bounds, 3, MPI_INT, MPI_MIN, world_);
        if (bounds[0] == 1 && bounds[1] == -bounds[2]) {
            ranks_a_host_ = a_host;
            rank_in_host_ = place;
            return;
        }
        MPI_Comm_free(&host_);
        MPI_Comm_split(world_, static_cast<int>(rank_), 0, &host_);
    }

    /// Awake for a moment, then giving way to others on this core; until the deadline.
    template <class Done>
    void until(Done is_done)
    {
        for (int i = 0; i < 4000; ++i) {
            if (is_done()) return;
            detail::rest_a_moment();
        }
        using clock = std::chrono::steady_clock;
        const auto start = clock::now();
        while (!is_done()) {
            std::this_thread::yield();
            const auto waited = clock::now() - start;
            if (detail::signal_of_rank != 0 && waited > std::chrono::seconds(5))
                detail::end_all_ranks("rank " + std::to_string(rank_) +
                                          ": stopped by a signal, while another rank did not answer",
                                      128 + detail::signal_of_rank);
            if (waited > options_.deadline)
                detail::end_all_ranks("[ctnn.parallel] rank " + std::to_string(rank_) + " of " +
                                          std::to_string(size_) + " has waited " +
                                          std::to_string(options_.deadline.count()) +
                                          " ms for the others: one has ended or hangs, or its link is down",
                                      75);
        }
    }
};

} // namespace mpi

} // namespace ctnn::inline CTNN_ARCH
