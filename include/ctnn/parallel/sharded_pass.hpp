// SPDX-License-Identifier: BSD-3-Clause
/// Forward and backward of the shards of a step by a team, and what comes of them put together.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/checksum.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/kernel/tree_sum.hpp>
#include <ctnn/model/summary.hpp>
#include <ctnn/model/train.hpp>
#include <ctnn/parallel/exchange.hpp>
#include <ctnn/parallel/kept.hpp>
#include <ctnn/parallel/layer_by_layer.hpp>
#include <ctnn/parallel/lookups.hpp>
#include <ctnn/parallel/shard_memory.hpp>
#include <ctnn/parallel/shards.hpp>
#include <ctnn/parallel/synchronised.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// The shards of a step, which the workers take forward and backward. A worker takes its shards from the last
/// to the first, which is then what an Observer sees; with the first the sums are told.
template <class Net, Mode Train, std::size_t S, class T>
class sharded_pass {
    using Space = Workspace<Net, Train, T>;
    using table = slots<Net, T>;
    using tables = lookups<Net, Train, S, T>;
    static constexpr std::size_t B = Train::batch, batch = S * B, elements = table::value.elements;
    /// The block of weights ends with the buffers.
    static constexpr std::size_t first_buffer = [] {
        std::size_t first = elements;
        for (const slot& s : table::value.slot_at)
            if (s.is_buffer) first = std::min(first, s.offset);
        return first;
    }();
    static constexpr std::size_t buffers = elements - first_buffer;
    /// What a worker tells the others before its gradients, in a cache line: the sum of its losses, and
    /// whether it has failed.
    static constexpr std::size_t head = 64 / sizeof(T), message = head + tables::dense + buffers;
    static constexpr bool waits = layers_that_wait<Net>::count > 0;
    static constexpr bool draws = first_that_draws<Net>() < table::nodes;

public:
    sharded_pass()
    {
        for (std::size_t s = 0; s < S; ++s) seeds_[s] = static_cast<std::int64_t>(s);
    }
    /// Each shard draws a seed, if layers draw in training.
    void draw_seeds(Generator& generator)
    {
        for (std::size_t s = 0; draws && s < S; ++s)
            seeds_[s] = generator.randint(0, std::numeric_limits<std::int64_t>::max(), 1)(0);
    }
    /// What the layers of a shard draw from in the next step. A generator of its own each step, so that each
    /// process knows those of all shards, and a step that has failed is drawn again as it was.
    [[nodiscard]] Generator generator_of(std::size_t s) const
    {
        std::uint64_t x = static_cast<std::uint64_t>(seeds_[s]) +
                          static_cast<std::uint64_t>(steps_drawn_) * 0x9e3779b97f4a7c15U; // splitmix64
        x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
        x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
        return Generator{x ^ (x >> 31U)};
    }
    /// f(name, numbers) for what a checkpoint keeps.
    template <class F>
    void for_each_state(F&& f)
    {
        if constexpr (draws) {
            f("seeds", std::span<std::int64_t>(seeds_));
            f("steps_drawn", std::span<std::int64_t>(&steps_drawn_, 1));
        }
    }

    /// Forward and backward of all shards; then use(worker, gradients) by each worker, and the mean of what
    /// the buffers have become.
    template <class Workers, class M, class X, class Y, class C, class Use>
    T run(Workers& team, std::size_t used, M& model, const X& x, const Y& targets, const C& criterion,
          Use use)
    {
        const auto sources = sources_of(x);
        const sample_source<Y> expected(targets);
        static_assert(std::tuple_size_v<decltype(sources)> == Space::inputs ||
                          takes_inputs<Net, std::tuple_size_v<decltype(sources)>>,
                      "[ctnn.shape] step takes one tensor for each input of the network, several as a tuple");
        const auto require_batch = [](const char* what, std::size_t n) {
            if (n != batch)
                throw Error("ctnn.shape", std::string(what) + " has " + std::to_string(n) +
                                              " samples, expected " + std::to_string(batch) + ": " +
                                              std::to_string(S) + " shards of " + std::to_string(B));
        };
        std::apply([&](const auto&... each) { (require_batch("the input", each.size()), ...); }, sources);
        require_batch("the tensor of targets", expected.size());
        using own_criterion =
            shard_criterion<C, decltype(std::declval<C&>()(std::declval<Space&>().views_of_outputs(),
                                                           expected.rows(0, B)))>;
        auto* criteria = criteria_.template find<std::vector<own_criterion>>();
        if (criteria == nullptr) criteria = &criteria_.template make<std::vector<own_criterion>>(S);
        if (workers_.size() < used) workers_.resize(used);
        memory_.make_room(first_here(team), used, shares_memory<Workers>, model.workspace());
        for (worker_memory& worker : workers_) {
            worker.error = nullptr;
            worker.has_failed = worker.failed_forward = false;
            if constexpr (waits)
                if (!worker.passes) worker.passes.emplace();
        }

        const auto run_shards = [&](std::size_t worker, auto after) {
            worker_memory& own = workers_[worker];
            Weights<Net, T>& weights = model.weights_of(worker);
            T* const running = weights.data() + first_buffer;
            std::copy_n(running, buffers, own.buffers_before.begin());
            if constexpr (waits) {
                run_waiting_shards<Workers>(worker, used, weights, sources, expected, criterion, *criteria);
            } else {
                for (std::size_t s = (worker + 1) * S / used; s-- > worker * S / used;) try {
                        std::copy_n(own.buffers_before.begin(), buffers, running);
                        put_criterion((*criteria)[s].criterion, criterion);
                        const bool is_last = s == worker * S / used;
                        run_shard(memory_.workspace(worker), s, weights, sources, expected, (*criteria)[s],
                                  [&](std::size_t i) {
                                      if (is_last) after(i);
                                  });
                        std::copy_n(running, buffers, shards_[s].buffers_after.begin());
                    } catch (...) { // all are tried, and that of the first shard is told, whoever has which
                        own.error = error_of_shard(s, B);
                    }
            }
            own.has_failed = static_cast<bool>(own.error);
            if (own.has_failed) std::copy_n(own.buffers_before.begin(), buffers, running);
        };
        const auto finish = [&](std::size_t worker, const shard_gradients<T, S>& gradients,
                                const T* const* buffers_after, std::size_t count) {
            worker_memory& own = workers_[worker];
            T* const running = model.weights_of(worker).data() + first_buffer;
            try {
                use(worker, gradients);
                kernel::tree_sum(running, buffers_after, count, buffers, T{1} / S);
            } catch (...) { // of a user's optimizer: all go on together
                own.error = std::current_exception();
                std::copy_n(own.buffers_before.begin(), buffers, running);
            }
        };
        T loss{};
        if (used == 1) {
            team.run([&](std::size_t worker) {
                if (worker > 0) return;
                run_shards(0, [](std::size_t) {});
                if (workers_[0].error) return;
                shard_gradients<T, S> gradients;
                std::array<const T*, S> running, losses;
                for (std::size_t s = 0; s < S; ++s) {
                    gradients.sums[s] = memory_.gradients(s);
                    gradients.lookups[s] = shards_[s].lookups.data();
                    running[s] = shards_[s].buffers_after.data();
                    losses[s] = &shards_[s].loss;
                }
                kernel::tree_sum(&loss, losses.data(), S, 1, T{1} / S);
                finish(0, gradients, running.data(), S);
            });
        } else {
            auto& exchange = exchange_of(team, used);
            if constexpr (!shares_memory<Workers>)
                compare_processes(team, exchange, model, sources, expected);
            team.run([&](std::size_t worker) {
                if (worker >= used) { // as often as those who work
                    constexpr std::size_t times = 1 + 2 * layers_that_wait<Net>::count;
                    for (std::size_t time = 0; time < times; ++time) team.meet();
                    return;
                }
                run_shards(worker, [&](std::size_t i) {
                    for (const dense_stretch& part : tables::parts_of(i)) tell(exchange, worker, used, part);
                });
                tell_the_rest(exchange, worker, used);
                exchange.trade(worker, add_up{message, S / used * tables::numbers});
                const std::span<const T* const> all = exchange.all(worker);
                bool all_well = true;
                for (const T* const one : all) all_well = all_well && one[1] == 0;
                worker_memory& own = workers_[worker];
                T* const running = model.weights_of(worker).data() + first_buffer;
                if (!all_well) {
                    std::copy_n(own.buffers_before.begin(), buffers, running);
                    own.has_failed = true;
                    exchange.turn(worker);
                    return;
                }
                shard_gradients<T, S> gradients;
                gradients.count = all.size();
                gradients.are_in_place = false;
                std::array<const T*, S> after;
                for (std::size_t k = 0; k < all.size(); ++k) {
                    gradients.sums[k] = all[k] + head;
                    after[k] = all[k] + head + tables::dense;
                }
                for (std::size_t s = 0, each = S / all.size(); s < S; ++s)
                    gradients.lookups[s] = all[s / each] + message + s % each * tables::numbers;
                if (worker == first_here(team)) kernel::tree_sum(&loss, all.data(), all.size(), 1, T{1} / S);
                finish(worker, gradients, after.data(), all.size());
                exchange.turn(worker);
            });
        }
        for (const bool forward : {true, false}) // what was met first, whoever met it
            for (const worker_memory& worker : workers_)
                if (worker.error && worker.failed_forward == forward) std::rethrow_exception(worker.error);
        for (std::size_t worker = 0; worker < used; ++worker)
            if (workers_[worker].has_failed)
                throw Error("ctnn.parallel",
                            "another process has failed in this step; its own text says why");
        ++steps_drawn_;
        return loss;
    }

private:
    struct alignas(64) shard {
        std::vector<T> buffers_after = std::vector<T>(buffers), lookups = std::vector<T>(tables::numbers);
        T loss{};
        std::optional<Generator> generator;
    };
    struct alignas(64) worker_memory {
        std::vector<T> buffers_before = std::vector<T>(buffers);
        std::optional<synchronised_passes<Net, S, Train, T>> passes;
        std::exception_ptr error;
        bool has_failed = false, failed_forward = false;
    };
    std::vector<shard> shards_ = std::vector<shard>(S);
    std::vector<worker_memory> workers_;
    shard_memory<Net, Train, S, T, waits> memory_;
    std::array<std::int64_t, S> seeds_{};
    std::int64_t steps_drawn_ = 0;
    kept_object exchange_, exchange_of_waiting_, criteria_;
    std::size_t team_ = 0, team_workers_ = 0, steps_with_team_ = 0; ///< whom the exchange is for

    template <class Workers>
    static constexpr bool shares_memory = requires { Workers::shares_memory; };
    Generator* new_generator(std::size_t s)
    {
        if constexpr (!draws) return nullptr;
        else return &shards_[s].generator.emplace(generator_of(s));
    }
    template <class Workers>
    auto& exchange_of(Workers& team, std::size_t used)
    {
        using kind = exchange<Workers, T>;
        kind* found = exchange_.template find<kind>();
        if (found == nullptr || team_ != team.id() || team_workers_ != used) {
            team_ = 0; // in case one of the next lines throws
            if constexpr (requires { team.require_same_program(std::string()); })
                team.require_same_program(std::to_string(S) + " shards of " + std::to_string(B) + ", " +
                                          signature<Net>());
            found = &exchange_.template make<kind>(team, used, message, S / used * tables::numbers);
            if constexpr (waits)
                (void)exchange_of_waiting_.template make<kind>(
                    team, used, synchronised_passes<Net, S, Train, T>::message, 0, false);
            steps_with_team_ = 0;
            team_ = team.id();
            team_workers_ = used;
        }
        return *found;
    }

    /// What must be the same in all processes: the data, and then now and again the weights.
    template <class Workers, class Exchange, class M, class Sources, class Expected>
    void compare_processes(Workers& team, Exchange& exchange, const M& model, const Sources& sources,
                           const Expected& expected)
    {
        const std::size_t every = team.options().check_every;
        checksum sum;
        if (steps_with_team_ == 0) {
            const auto add = [&](const auto& x) {
                const auto rows = x.rows(0, batch);
                sum.add(rows.data(), rows.size() * sizeof *rows.data());
            };
            std::apply([&](const auto&... each) { (add(each), ...); }, sources);
            add(expected);
            team.require_same("the checksum of the first batch", sum.text());
        } else if (every != 0 && steps_with_team_ % every == 0) {
            sum.add(model.weights().data(), Weights<Net, T>::bytes);
            exchange.compare(sum.value());
        }
        ++steps_with_team_;
    }

    bool keep(std::size_t s, const auto& r, std::size_t node)
    {
        if constexpr (tables::count == 0) return false;
        else return tables::keep(r, node, shards_[s].lookups.data());
    }
    /// after(i) is called when node i has been taken backward.
    template <class Sources, class Expected, class OwnCriterion, class After>
    void run_shard(Space& workspace, std::size_t s, Weights<Net, T>& weights, const Sources& sources,
                   const Expected& expected, OwnCriterion& criterion, After after)
    {
        Generator* const generator = new_generator(s);
        const auto y = std::apply(
            [&](const auto&... each) {
                return workspace.forward(weights, generator, each.rows(s * B, B)...);
            },
            sources);
        const auto& result = criterion.of(y, expected.rows(s * B, B));
        typename Space::memory_pieces memory;
        auto r = with_tensors(std::get<1>(result), [&](const auto&... dy) {
            return workspace.start_backward(weights, memory, dy...);
        });
        r.gradients = memory_.gradients(s);
        layer_by_layer<Net, T, Train>::backward_range(
            r, 0, table::nodes, [&](std::size_t i) { return keep(s, r, i); }, after);
        shards_[s].loss = static_cast<T>(std::get<0>(result));
    }

    /// The same for a network of which some layers wait for all shards: layer by layer for all of a worker's.
    template <class Workers, class Sources, class Expected, class C, class OwnCriterion>
    void run_waiting_shards(std::size_t worker, std::size_t used, Weights<Net, T>& weights,
                            const Sources& sources, const Expected& expected, const C& criterion,
                            std::vector<OwnCriterion>& criteria)
    {
        worker_memory& own = workers_[worker];
        T* const running = weights.data() + first_buffer;
        for (std::size_t s = worker * S / used; s < (worker + 1) * S / used; ++s)
            shards_[s].buffers_after = own.buffers_before;
        auto* const waiting = exchange_of_waiting_.template find<exchange<Workers, T>>();
        own.passes->forward(
            waiting, worker, used, own.error,
            [&](std::size_t s, typename Space::memory_pieces& memory) {
                return std::apply(
                    [&](const auto&... each) {
                        return memory_.workspace(s).start(weights, new_generator(s), memory,
                                                          each.rows(s * B, B)...);
                    },
                    sources);
            },
            [&](std::size_t s) { std::copy_n(shards_[s].buffers_after.begin(), buffers, running); },
            [&](std::size_t s) { std::copy_n(running, buffers, shards_[s].buffers_after.begin()); });
        own.failed_forward = static_cast<bool>(own.error);
        own.passes->backward(
            waiting, worker, used, own.error,
            [&](std::size_t s, typename Space::memory_pieces& memory) {
                put_criterion(criteria[s].criterion, criterion);
                const auto& result =
                    criteria[s].of(memory_.workspace(s).views_of_outputs(), expected.rows(s * B, B));
                shards_[s].loss = static_cast<T>(std::get<0>(result));
                auto r = with_tensors(std::get<1>(result), [&](const auto&... dy) {
                    return memory_.workspace(s).start_backward(weights, memory, dy...);
                });
                r.gradients = memory_.gradients(s);
                return r;
            },
            [&](std::size_t s, const auto& r, std::size_t i) { return keep(s, r, i); });
    }

    /// The sums of a worker's shards where the others read them: of a part as soon as it is there, so that it
    /// is on its way while the rest is made.
    template <class Exchange>
    void tell(Exchange& exchange, std::size_t worker, std::size_t used, const dense_stretch& part)
    {
        const std::size_t n = S / used;
        std::array<const T*, S> from;
        for (std::size_t k = 0; k < n; ++k) from[k] = memory_.gradients(worker * n + k) + part.begin;
        exchange.put(worker, head + part.at, from.data(), n, part.end - part.begin);
    }
    template <class Exchange>
    void tell_the_rest(Exchange& exchange, std::size_t worker, std::size_t used)
    {
        const std::size_t n = S / used, first = worker * n;
        std::array<const T*, S> running, losses;
        for (std::size_t k = 0; k < n; ++k) {
            running[k] = shards_[first + k].buffers_after.data();
            losses[k] = &shards_[first + k].loss;
        }
        std::array<T, head> first_numbers{};
        if (workers_[worker].error) first_numbers[1] = 1;
        else kernel::tree_sum(first_numbers.data(), losses.data(), n, 1);
        exchange.put_head(worker, first_numbers.data(), head);
        if (workers_[worker].error) return;
        if constexpr (waits) // what could not be told before
            for (const dense_stretch& part : tables::stretches) tell(exchange, worker, used, part);
        exchange.put(worker, head + tables::dense, running.data(), n, buffers);
        for (std::size_t k = 0; tables::count > 0 && k < n; ++k) {
            const T* const lookups = shards_[first + k].lookups.data();
            exchange.put(worker, message + k * tables::numbers, &lookups, 1, tables::numbers);
        }
    }
};

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
