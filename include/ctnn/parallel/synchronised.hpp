// SPDX-License-Identifier: BSD-3-Clause
/// Forward and backward of shards that wait for each other at the layers with a `shard_rule`.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <span>
#include <vector>

#include <ctnn/core/index.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/model/workspace.hpp>
#include <ctnn/parallel/layer_by_layer.hpp>
#include <ctnn/parallel/shards.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// The layers of a network at which shards wait for each other.
template <class Net>
struct layers_that_wait {
    static constexpr std::size_t nodes = schedule_of<Net>.size.nodes;
    static constexpr auto tells = with_indices<nodes>([](auto... i) {
        return std::array<std::size_t, nodes + 1>{shard_rule<layer_at<Net, i()>>::numbers...};
    });
    static constexpr std::size_t count = [] {
        std::size_t n = 0;
        for (const std::size_t numbers : tells) n += numbers > 0;
        return n;
    }();
    static constexpr auto node = [] {
        std::array<std::size_t, count + 1> all{};
        std::size_t n = 0;
        for (std::size_t i = 0; i < nodes; ++i)
            if (tells[i] > 0) all[n++] = i;
        return all;
    }();
    static constexpr std::size_t most_numbers = *std::max_element(tells.begin(), tells.end());
};

/// What a worker does at such layers.
///
///   Swap : swap(s) puts the running statistics of shard s where the layers have them, unswap(s) takes them
template <class Net, std::size_t S, Mode Train, class T>
class synchronised_passes {
    using Space = Workspace<Net, Train, T>;
    using executor = layer_by_layer<Net, T, Train>;
    using layers = layers_that_wait<Net>;

public:
    static constexpr std::size_t head = 64 / sizeof(T), lines = 64 / sizeof(T);
    /// Of an array that is exchanged.
    static constexpr std::size_t message = head + (layers::most_numbers + lines - 1) / lines * lines;

    synchronised_passes() : told_(S * message), merged_(message), spare_(S * message) {}

    /// All layers of the worker's shards forward, from what `start(s)` gives to begin with.
    template <class Exchange, class Start, class Swap, class Unswap>
    void forward(Exchange* exchange, std::size_t worker, std::size_t workers, std::exception_ptr& error,
                 Start start, Swap swap, Unswap unswap)
    {
        const std::size_t first_shard = worker * S / workers, last_shard = (worker + 1) * S / workers;
        const auto each = [&](auto f) {
            for (std::size_t s = first_shard; s < last_shard && !error; ++s) try {
                    swap(s);
                    f(s);
                    unswap(s);
                } catch (...) {
                    error = error_of_shard(s, Train::batch);
                }
        };
        each([&](std::size_t s) { run_[s] = start(s, pieces_[s]); });
        for_each_index<layers::count>([&](auto k) {
            constexpr std::size_t i = layers::node[k()], after = k() == 0 ? 0 : layers::node[k() - 1] + 1;
            using rule = shard_rule<layer_at<Net, i>>;
            each([&](std::size_t s) {
                executor::forward_range(run_[s], after, i);
                rule::tell(executor::template forward_pass<i>(run_[s]), told(s));
            });
            using pass = decltype(executor::template forward_pass<i>(run_[0]));
            const auto merge = [](T* a, const T* b, std::size_t shards) {
                rule::template merge<pass>(a, b, shards);
            };
            share(exchange, worker, workers, rule::numbers, merge);
            each([&](std::size_t s) {
                rule::forward(executor::template forward_pass<i>(run_[s]), merged_.data() + head, S);
            });
        });
        each([&](std::size_t s) {
            executor::forward_range(run_[s], layers::node[layers::count - 1] + 1, layers::nodes);
        });
    }
    /// The same backward. keeps(s, run, i) does what is to be done for node i of shard s itself, or is false.
    template <class Exchange, class Start, class Keeps>
    void backward(Exchange* exchange, std::size_t worker, std::size_t workers, std::exception_ptr& error,
                  Start start, Keeps keeps)
    {
        const std::size_t first_shard = worker * S / workers, last_shard = (worker + 1) * S / workers;
        const auto each = [&](auto f) {
            for (std::size_t s = first_shard; s < last_shard && !error; ++s) try {
                    f(s);
                } catch (...) {
                    error = error_of_shard(s, Train::batch);
                }
        };
        const auto range = [&](std::size_t s, std::size_t first, std::size_t last) {
            executor::backward_range(
                run_[s], first, last, [&](std::size_t i) { return keeps(s, run_[s], i); },
                [](std::size_t) {});
        };
        each([&](std::size_t s) { run_[s] = start(s, pieces_[s]); });
        for_each_index<layers::count>([&](auto from_end) {
            constexpr std::size_t k = layers::count - 1 - from_end(), i = layers::node[k],
                                  before = k + 1 == layers::count ? layers::nodes : layers::node[k + 1];
            using rule = shard_rule<layer_at<Net, i>>;
            each([&](std::size_t s) {
                range(s, i + 1, before);
                rule::tell_backward(executor::template backward_pass<i>(run_[s]), told(s));
            });
            share(exchange, worker, workers, rule::backward_numbers, [](T* a, const T* b, std::size_t) {
                for (std::size_t c = 0; c < rule::backward_numbers; ++c) a[c] += b[c];
            });
            each([&](std::size_t s) {
                executor::template input_gradient_by<i>(
                    run_[s], [&](const auto& pass) { rule::backward(pass, merged_.data() + head, S); });
            });
        });
        each([&](std::size_t s) { range(s, 0, layers::node[0]); });
    }

private:
    std::vector<T> told_, merged_, spare_;
    std::array<typename Space::memory_pieces, S> pieces_{};
    std::array<run<T>, S> run_{};

    T* told(std::size_t s) { return told_.data() + s * message + head; }

    /// What all shards have told, in `merged_`: that of two becomes that of one, as a balanced tree.
    template <class Exchange, class Merge>
    void share(Exchange* exchange, std::size_t worker, std::size_t workers, std::size_t numbers, Merge merge)
    {
        const std::size_t n = S / workers;
        const auto combine = [&](T* to, const T* const* from, std::size_t count, std::size_t of_workers) {
            merge_tree(to + head, from, head, count, of_workers * n, numbers, merge);
        };
        std::array<const T*, S> own;
        for (std::size_t k = 0; k < n; ++k) own[k] = told(worker * n + k);
        merge_tree(merged_.data() + head, own.data(), 0, n, 1, numbers, merge);
        if (workers == 1) return;
        const T* const mine = merged_.data() + head;
        exchange->put_head(worker, merged_.data(), head);
        exchange->put(worker, head, &mine, 1, message - head);
        exchange->trade(worker, combine);
        const auto all = exchange->all(worker);
        merge_tree(merged_.data() + head, all.data(), head, all.size(), n, numbers, merge);
        exchange->turn(worker);
    }
    /// to(numbers) from `count` arrays, each from its `first` number on, each of so many shards.
    template <class Merge>
    void merge_tree(T* to, const T* const* from, std::size_t first, std::size_t count, std::size_t shards,
                    std::size_t numbers, Merge merge)
    {
        const auto at = [&](std::size_t k) { return spare_.data() + k * message; };
        for (std::size_t k = 0; k < count; ++k) std::copy_n(from[k] + first, numbers, at(k));
        for (std::size_t step = 1; step < count; step *= 2)
            for (std::size_t k = 0; k < count; k += 2 * step) merge(at(k), at(k + step), shards * step);
        std::copy_n(at(0), numbers, to);
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
