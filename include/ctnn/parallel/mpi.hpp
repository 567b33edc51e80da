// SPDX-License-Identifier: BSD-3-Clause
/// Several processes, on one machine or on many, in the place of threads: with MPI (Open MPI, MPICH).
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/memory.hpp>
#include <ctnn/kernel/tree_sum.hpp>
#include <ctnn/parallel/exchange.hpp>
#include <ctnn/parallel/ranks.hpp>

namespace ctnn::inline CTNN_ARCH {
namespace detail {

/// The arrays of ranks: in the memory that those of a host share; and the hosts' sums in messages.
template <class T>
class exchange<mpi::Ranks, T> {
public:
    exchange(mpi::Ranks& ranks, std::size_t /*workers*/, std::size_t sums, std::size_t more = 0,
             bool only_adds = true)
        : ranks_(&ranks), n_(sums + more), more_(more), of_all_(sums + ranks.size() * more),
          own_(n_ * sizeof(T)), sum_(of_all_ * sizeof(T)), other_(of_all_ * sizeof(T))
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
            if (ranks.rank_in_host() == 0) prepare_rounds(sums, more, only_adds);
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
    std::size_t n_, more_, of_all_, turn_ = 0; ///< numbers of a rank, and of all together
    memory_block own_, sum_, other_;
    std::array<std::vector<T*>, 2> box_;
    std::array<std::vector<const T*>, 2> read_;
    std::vector<T*> total_;
    std::array<const T*, 1> total_read_{};
    using requests = std::array<MPI_Request, 2>;
    std::vector<requests> rounds_;
    /// Of many numbers: what this host adds up in each round, and how that is traded there and back.
    struct slice {
        std::size_t begin, end;
    };
    std::vector<slice> slices_;
    std::vector<requests> halving_, doubling_;
    std::size_t halved_ = 0; ///< numbers that the other rounds leave out
    way_of_writing way_ = way_of_writing::plain;

    /// In each round the hosts whose numbers differ in one bit trade, the lowest bit first: that is the tree.
    /// What has few numbers goes whole. Of many sums each round halves them: a host sends what the other will
    /// add up; then they go back the same way. Twice the rounds, and at most twice the bytes of one of them.
    void prepare_rounds(std::size_t sums, std::size_t more, bool only_adds)
    {
        constexpr std::size_t many = 256 * 1024, line = 64 / sizeof(T);
        mpi::Ranks& ranks = *ranks_;
        const std::size_t a_host = ranks.ranks_a_host(), host = ranks.rank() / a_host;
        T *const sum = sum_.template at<T>(0), *const other = other_.template at<T>(0);
        if (only_adds && ranks.hosts() >= 4 && sums * sizeof(T) >= many) halved_ = sums;
        slice left{0, halved_};
        for (std::size_t bit = 1; bit < ranks.hosts(); bit *= 2) {
            const std::size_t partner = (host ^ bit) * a_host;
            const std::size_t bytes = (sums - halved_ + a_host * bit * more) * sizeof(T);
            if (bytes > 0)
                rounds_.push_back(ranks.trade_with(partner, sum + halved_, bytes, other + halved_, bytes));
            if (halved_ == 0) continue;
            const std::size_t middle = left.begin + (left.end - left.begin) / (2 * line) * line;
            slice mine{left.begin, middle}, theirs{middle, left.end};
            if ((host & bit) != 0) std::swap(mine, theirs);
            const auto bytes_of = [](slice s) { return (s.end - s.begin) * sizeof(T); };
            halving_.push_back(ranks.trade_with(partner, sum + theirs.begin, bytes_of(theirs),
                                                other + mine.begin, bytes_of(mine)));
            doubling_.push_back(ranks.trade_with(partner, sum + mine.begin, bytes_of(mine),
                                                 sum + theirs.begin, bytes_of(theirs)));
            slices_.push_back(left = mine);
        }
    }

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
            const auto is_lower = [&](std::size_t round) {
                return (ranks_->rank() / of_host.size() >> round & 1U) == 0;
            };
            for (std::size_t round = 0; round < halving_.size(); ++round) {
                ranks_->trade(halving_[round]);
                const auto [begin, end] = slices_[round];
                const T* both[2] = {own + begin, other + begin};
                if (!is_lower(round)) std::swap(both[0], both[1]);
                kernel::tree_sum(sum + begin, both, 2, end - begin);
                if (begin > 0) continue; // it has no head
                look_at(other);
                put_back();
            }
            for (std::size_t round = doubling_.size(); round-- > 0;) ranks_->trade(doubling_[round]);
            for (std::size_t round = 0; round < rounds_.size(); ++round) {
                ranks_->trade(rounds_[round]);
                const T* both[2] = {own, other};
                if (!is_lower(round)) std::swap(both[0], both[1]);
                if (halved_ > 0) {
                    for (const T*& array : both) array += halved_;
                    add_up{0, more_}(sum + halved_, both, 2, of_host.size() << round);
                    continue;
                }
                look_at(other);
                combine(sum, both, 2, of_host.size() << round);
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
