// SPDX-License-Identifier: BSD-3-Clause
/// How the threads of a team add up what each of them has.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <vector>

#include <ctnn/core/memory.hpp>
#include <ctnn/kernel/tree_sum.hpp>
#include <ctnn/parallel/workers.hpp>
#include <ctnn/simd/stream.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// How what another core reads is written. Where two cores share a cache, a plain store is the fast one;
/// elsewhere a line that the other has read costs 28 ns to write again (Zen 4), and a store past the caches
/// next to nothing. Nothing tells which it is, so it is measured.
enum class way_of_writing { plain, past_the_caches };

/// The usual way to make one array of several: the tree sum of their first n numbers, and then what each has
/// beyond, `more` numbers a worker, one after the other.
///   to : may be one of two
struct add_up {
    std::size_t n, more = 0;
    template <class T>
    void operator()(T* to, const T* const* from, std::size_t count, std::size_t workers) const
    {
        kernel::tree_sum(to, from, count, n);
        for (std::size_t k = count; more > 0 && k-- > 0;) // from the end: the first may have to move up
            if (from[k] + n != to + n + k * workers * more)
                std::copy_n(from[k] + n, workers * more, to + n + k * workers * more);
    }
};

/// to(n) = the tree sum of `count` arrays, for a reader on another core; and for this one in `own`, if what
/// is written past the caches is to be read here too.
template <class T>
void write_to_others(way_of_writing way, T* to, T* own, const T* const* from, std::size_t count,
                     std::size_t n)
{
    if (way == way_of_writing::plain) return kernel::tree_sum(to, from, count, n);
    constexpr std::size_t piece = 2048, most = 128;
    for (std::size_t first = 0; first < n; first += piece) {
        const std::size_t some = std::min(piece, n - first);
        std::array<const T*, most> part;
        for (std::size_t k = 0; k < count; ++k) part[k] = from[k] + first;
        kernel::tree_sum(own + first, part.data(), count, some);
        part[0] = own + first;
        kernel::tree_sum_to_others(to + first, part.data(), 1, some);
    }
}

/// Arrays of n numbers and `more`, one a worker, that all read once all have been written. Two of each
/// worker's, used in turn: who is late still reads the old one while the next is written.
///
///   team  : Workers, whose arrays stand in the memory of the program
///   put   : a worker writes a part of its array, the tree sum of others; `head` is the part before the first
///           that is put so, to be written as it is
///   trade : by each worker, when it has
///   all   : then arrays of as many workers each, as a worker reads them: the tree sum of their first n
///           numbers is that of all, and then each has `more` numbers of each of its workers
///   turn  : by each worker, after it has read what was traded
template <class Team, class T>
class exchange {
public:
    exchange(Team& team, std::size_t workers, std::size_t sums, std::size_t more = 0,
             bool /*only_adds*/ = true)
        : team_(&team)
    {
        const std::size_t n = sums + more;
        for (std::size_t worker = 0; worker < workers; ++worker)
            box_.push_back(
                {{memory_block(n * sizeof(T)), memory_block(n * sizeof(T))}, memory_block(n * sizeof(T)), 0});
        choose(workers, n);
        for (std::size_t turn = 0; turn < 2; ++turn)
            for (std::size_t reader = 0; reader < workers; ++reader) {
                read_[turn].emplace_back();
                for (std::size_t worker = 0; worker < workers; ++worker)
                    read_[turn].back().push_back(worker == reader && way_ != way_of_writing::plain
                                                     ? box_[worker].own.template at<T>(0)
                                                     : box_[worker].of_turn[turn].template at<T>(0));
            }
    }
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;

    [[nodiscard]] way_of_writing way() const { return way_; }
    /// The first numbers of a worker's array, n of them in a cache line.
    void put_head(std::size_t worker, const T* head, std::size_t n)
    {
        std::copy_n(head, n, box_[worker].of_turn[turn_of(worker)].template at<T>(0));
        std::copy_n(head, n, box_[worker].own.template at<T>(0));
    }
    void put(std::size_t worker, std::size_t first, const T* const* from, std::size_t count, std::size_t n)
    {
        write_to_others(way_, box_[worker].of_turn[turn_of(worker)].template at<T>(0) + first,
                        box_[worker].own.template at<T>(0) + first, from, count, n);
    }
    /// combine(to, from, count, workers) makes one array of `count`, which are of so many workers each; it is
    /// called where that is done on the way, as between hosts. With `only_adds` it is always add_up.
    template <class Combine>
    void trade(std::size_t /*worker*/, const Combine& /*combine*/)
    {
        simd::finish_streams();
        team_->meet();
    }
    [[nodiscard]] std::span<const T* const> all(std::size_t worker) const
    {
        return read_[turn_of(worker)][worker];
    }
    /// By each worker, when it has read what all have traded.
    void turn(std::size_t worker) { box_[worker].turn = 1 - box_[worker].turn; }

private:
    struct alignas(64) boxes {
        std::array<memory_block, 2> of_turn;
        memory_block own;
        std::size_t turn = 0;
    };
    Team* team_;
    std::vector<boxes> box_;
    std::array<std::vector<std::vector<const T*>>, 2> read_;
    way_of_writing way_ = way_of_writing::plain;

    [[nodiscard]] std::size_t turn_of(std::size_t worker) const { return box_[worker].turn; }

    /// The faster way, by the best of some rounds of each, in which all write and then read what all have
    /// written.
    void choose(std::size_t workers, std::size_t n)
    {
        constexpr std::size_t rounds = 12, most = 65'536;
        const std::size_t some = std::min(n, most);
        std::array<double, 2> best{1e9, 1e9};
        for (std::size_t round = 0; round < 2 * rounds; ++round) {
            const auto way = round % 2 == 0 ? way_of_writing::plain : way_of_writing::past_the_caches;
            std::array<double, 2> seconds{};
            team_->run([&](std::size_t worker) {
                team_->meet();
                const auto start = std::chrono::steady_clock::now();
                if (worker < workers) {
                    boxes& mine = box_[worker];
                    const T* const zeros = mine.of_turn[1].template at<T>(0);
                    write_to_others(way, mine.of_turn[0].template at<T>(0), mine.own.template at<T>(0),
                                    &zeros, 1, some);
                    simd::finish_streams();
                }
                team_->meet();
                if (worker < workers) {
                    T* const sum = box_[worker].own.template at<T>(0);
                    for (std::size_t other = 0; other < workers; ++other) {
                        const T* const theirs = box_[other].of_turn[0].template at<T>(0);
                        if (other != worker) kernel::tree_sum(sum, &theirs, 1, some);
                    }
                }
                team_->meet();
                if (worker == 0)
                    seconds[0] =
                        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            });
            best[round % 2] = std::min(best[round % 2], seconds[0]);
        }
        way_ = best[0] <= best[1] ? way_of_writing::plain : way_of_writing::past_the_caches;
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
