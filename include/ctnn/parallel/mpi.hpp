// SPDX-License-Identifier: BSD-3-Clause
/// Several processes, on one machine or on many, in the place of threads: with MPI (Open MPI, MPICH).
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/memory.hpp>
#include <ctnn/kernel/tree_sum.hpp>
#include <ctnn/parallel/exchange.hpp>
#include <ctnn/parallel/ranks.hpp>

namespace ctnn::inline CTNN_ARCH {
namespace detail {

/// The arrays of ranks: in the memory that those of a host share; and a butterfly of the hosts' sums, each
/// with the host whose number differs in one bit, which is the tree.
template <class T>
class exchange<mpi::Ranks, T> {
public:
    exchange(mpi::Ranks& ranks, std::size_t /*workers*/, std::size_t sums, std::size_t more = 0)
        : ranks_(&ranks), n_(sums + more), of_all_(sums + ranks.size() * more), own_(n_ * sizeof(T)),
          sum_(of_all_ * sizeof(T)), other_(of_all_ * sizeof(T))
    {
        const std::size_t n = n_;
        for (std::size_t turn = 0; turn < 2; ++turn) {
            for (std::byte* const p : ranks.shared(n * sizeof(T)))
                box_[turn].push_back(reinterpret_cast<T*>(p));
            read_[turn].assign(box_[turn].begin(), box_[turn].end());
        }
        choose();
        if (way_ != way_of_writing::plain)
            for (auto& read : read_) read[ranks.rank_in_host()] = own_.template at<T>(0);
        if (ranks.hosts() > 1) {
            const std::size_t a_host = ranks.ranks_a_host();
            if (ranks.rank_in_host() == 0)
                for (std::size_t bit = 1; bit < ranks.hosts(); bit *= 2)
                    rounds_.push_back(ranks.trade_with(((ranks.rank() / a_host) ^ bit) * a_host,
                                                       sum_.template at<T>(0), other_.template at<T>(0),
                                                       (sums + a_host * bit * more) * sizeof(T)));
            for (std::byte* const p : ranks.shared(of_all_ * sizeof(T)))
                total_.push_back(reinterpret_cast<T*>(p));
        }
        ranks.share_signals();
    }
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    [[nodiscard]] way_of_writing way() const { return way_; }
    /// A number that must be the same in all ranks, told with the next exchange.
    void compare(std::uint64_t number)
    {
        for (std::size_t k = 0; k < pieces; ++k)
            compared_[k] = static_cast<T>((number >> (16 * k)) & 0xffff); // what a float holds
    }
    void put_head(std::size_t, const T* head, std::size_t n)
    {
        T* const to = box_[turn_][ranks_->rank_in_host()];
        std::copy_n(head, n, to);
        to[signal_at] = static_cast<T>(signal_of_rank);
        std::copy_n(compared_.begin(), pieces, to + compared_at);
        std::copy_n(to, n, own_.template at<T>(0));
    }
    void put(std::size_t, std::size_t first, const T* const* from, std::size_t count, std::size_t n)
    {
        write_to_others(way_, box_[turn_][ranks_->rank_in_host()] + first, own_.template at<T>(0) + first,
                        from, count, n);
    }
    template <class Combine>
    void trade(std::size_t, const Combine& combine)
    {
        simd::finish_streams();
        ranks_->meet_in_host();
        if (ranks_->hosts() > 1) between_hosts(combine);
        T signal = 0;
        bool differs = false;
        for (const T* const one : all(0)) {
            signal = std::max(signal, one[signal_at]);
            differs = differs || one[differs_at] != 0 ||
                      !std::equal(compared_.begin(), compared_.end(), one + compared_at);
        }
        if (signal > 0) {
            signal_that_came = static_cast<int>(signal);
            signal_of_rank = 0;
        }
        if (differs)
            throw Error("ctnn.parallel",
                        "the checksum of the weights is not the same in all ranks: one has gone astray, or "
                        "was given other data");
    }
    [[nodiscard]] std::span<const T* const> all(std::size_t) const
    {
        if (ranks_->hosts() > 1) return {total_read_};
        return read_[turn_];
    }
    void turn(std::size_t) { turn_ = 1 - turn_; }

private:
    /// What stands in the head after the loss and whether the rank has failed; see DataParallel.
    static constexpr std::size_t signal_at = 2, compared_at = 3, pieces = 4, differs_at = 7;
    mpi::Ranks* ranks_;
    std::array<T, pieces> compared_{};
    std::size_t n_, of_all_, turn_ = 0; ///< of a rank, and of all together
    memory_block own_, sum_, other_;
    std::array<std::vector<T*>, 2> box_;
    std::array<std::vector<const T*>, 2> read_;
    std::vector<T*> total_;
    std::array<const T*, 1> total_read_{};
    std::vector<std::array<MPI_Request, 2>> rounds_;
    way_of_writing way_ = way_of_writing::plain;

    /// The first rank of a host adds up its host's and trades sums with those of other hosts.
    template <class Combine>
    void between_hosts(const Combine& combine)
    {
        T* const sum = sum_.template at<T>(0);
        if (ranks_->rank_in_host() == 0) {
            const std::span<const T* const> of_host = read_[turn_];
            combine(sum, of_host.data(), of_host.size(), 1);
            // A signal and what is compared are no sums.
            T signal = 0;
            bool differs = false;
            const auto look_at = [&](const T* head) {
                signal = std::max(signal, head[signal_at]);
                differs = differs || head[differs_at] != 0 ||
                          !std::equal(compared_.begin(), compared_.end(), head + compared_at);
            };
            const auto put_back = [&] {
                sum[signal_at] = signal;
                sum[differs_at] = differs ? T{1} : T{0};
                std::copy_n(compared_.begin(), pieces, sum + compared_at);
            };
            for (const T* const rank : of_host) look_at(rank);
            put_back();
            const T *const other = other_.template at<T>(0), *const own = sum;
            std::size_t workers = of_host.size();
            for (auto& round : rounds_) {
                MPI_Startall(2, round.data());
                ranks_->wait(round.data(), 2);
                look_at(other);
                const bool is_lower = (ranks_->rank() & workers) == 0;
                const T* const both[2] = {is_lower ? own : other, is_lower ? other : own};
                combine(sum, both, 2, workers);
                workers *= 2;
                put_back();
            }
            kernel::tree_sum_to_others(total_[0], &own, 1, of_all_);
            simd::finish_streams();
        }
        ranks_->meet_in_host();
        total_read_[0] = total_[0];
    }

    void choose()
    {
        const std::size_t some = std::min<std::size_t>(n_, 65'536), own = ranks_->rank_in_host();
        std::array<double, 2> best{1e9, 1e9};
        for (std::size_t round = 0; round < 24; ++round) {
            ranks_->meet_in_host();
            const auto start = std::chrono::steady_clock::now();
            const T* const zeros = sum_.template at<T>(0);
            write_to_others(round % 2 == 0 ? way_of_writing::plain : way_of_writing::past_the_caches,
                            box_[0][own], own_.template at<T>(0), &zeros, 1, some);
            simd::finish_streams();
            ranks_->meet_in_host();
            for (const T* const theirs : box_[0])
                if (theirs != box_[0][own]) kernel::tree_sum(own_.template at<T>(0), &theirs, 1, some);
            ranks_->meet_in_host();
            best[round % 2] =
                std::min(best[round % 2],
                         std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
        }
        way_ = best[0] <= best[1] ? way_of_writing::plain : way_of_writing::past_the_caches;
    }
};

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
