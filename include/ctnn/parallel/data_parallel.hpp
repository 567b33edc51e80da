// SPDX-License-Identifier: BSD-3-Clause
/// One training step by several workers, with the same bits for any number of them.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/checksum.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/index.hpp>
#include <ctnn/core/memory.hpp>
#include <ctnn/kernel/tree_sum.hpp>
#include <ctnn/model/summary.hpp>
#include <ctnn/model/train.hpp>
#include <ctnn/parallel/exchange.hpp>
#include <ctnn/parallel/kept.hpp>
#include <ctnn/parallel/synchronised.hpp>
#include <ctnn/parallel/team.hpp>

namespace ctnn::inline CTNN_ARCH {

/// How many parts a step's samples are divided into, whoever works on them: 1, 2, 4, ... 128.
template <std::size_t S>
struct Shards {
    static constexpr std::size_t count = S;
};

namespace detail {

// Shown by a compile error; never true.
template <class S>
inline constexpr bool can_be_shared = false;
template <class O>
inline constexpr bool can_be_shared_out = false;
template <class M>
inline constexpr bool steps_alone = false;

template <class S>
inline constexpr std::size_t shard_count = 0;
template <std::size_t S>
inline constexpr std::size_t shard_count<Shards<S>> = S <= 128 && std::has_single_bit(S) ? S : 0;

/// Whether each worker has weights of its own: up to here the whole update costs less than to wait for each
/// other once more and to read what the others have made.
template <class Net, class T>
inline constexpr bool copies_weights = slots<Net, T>::value.elements * sizeof(T) <= 512 * 1024;

/// A tuple of sources for a tensor of samples, or for a tuple of them.
template <class X>
auto sources_of(const X& x)
{
    if constexpr (requires { std::tuple_size<X>::value; })
        return std::apply(
            [](const auto&... each) {
                return std::tuple<sample_source<std::remove_cvref_t<decltype(each)>>...>(each...);
            },
            x);
    else return std::tuple<sample_source<X>>(x);
}

/// Allocates nothing where the criterion that is there has room already.
template <class C>
void put_criterion(std::optional<C>& to, const C& criterion)
{
    if constexpr (std::is_copy_assignable_v<C>) to = criterion;
    else to.emplace(criterion);
}

/// An optimizer whose step can be shared out.
template <class O, class T>
concept shares_step = requires(O& o, const O& c, T* w, const T* g, std::size_t n) {
    c.apply(w, o.state(), g, n, n);
    o.end_step();
    o.steps();
};

} // namespace detail

/// Complains of what cannot be divided into shards; see below.
template <class Net, Mode M, class S, Scalar T = float>
class DataParallel : public Model<Net, M, T> {
public:
    explicit DataParallel(const auto&... arguments) : Model<Net, M, T>(arguments...)
    {
        static_assert(!detail::is_sound<Net, M> || detail::can_be_shared<S>,
                      "[ctnn.parallel] a DataParallel model is of a Train<B> and Shards<1>, <2>, <4>, ... "
                      "<128>: a power of two, because shards are added as a balanced tree");
    }
    T step(const auto&...) { return {}; }
    T forward_backward(const auto&...) { return {}; }
};

/// A network in training on S shards of B samples a step. What it learns follows from this type alone, bit
/// for bit: workers, threads or processes, are a number at run time.
///
/// ```cpp
/// DataParallel<Net, Train<32>, Shards<4>> model{generator};
/// Sgd sgd{model, {.learning_rate = 0.4F}};
/// Minibatches<model.batch> batches{samples};                        // 128
/// Workers workers;                                                  // or mpi::Ranks
/// for (int step = 0; step < 50'000; ++step) {
///     const auto [contexts, targets] = batches.next(generator);
///     const float loss = model.step(workers, contexts, targets, CrossEntropy{}, sgd);
/// }
/// ```
///
///   step       : each worker takes S / W shards forward and backward; gradients and losses are added as a
///                balanced binary tree of shards and divided by S; all take the optimizer's step. Shards<1>
///                is as Model<Net, Train<B>>
///   x, targets : (S B, ...); a std::tuple of tensors for several inputs
///   criterion  : called for each shard with its output and targets; copied for each
///   batch norm : of each shard by itself, with at least 2 rows (32 are better); the running pair is the mean
///                over shards. SyncBatchNorm is of all
///   Dropout    : each shard draws from a generator of its own, seeded when the model is made; a Checkpoint
///                keeps them
///   weights    : a view of them that was taken before a step must not be written after it; take it again
///   errors     : [ctnn.shape] other extents; [ctnn.parallel] workers that do not divide the shards; those of
///                network and criterion. The parameters are as they were then
///   cost       : no allocation after the first step with a team. The workers meet once a step, with weights
///                of more than 512 KB twice. Memory: a workspace a shard; up to 512 KB weights and optimizer
///                state a worker
template <class Net, std::size_t B, class Keep, std::size_t S, Scalar T>
    requires(detail::is_sound<Net, Train<B, Keep>> && detail::shard_count<Shards<S>> != 0)
class DataParallel<Net, Train<B, Keep>, Shards<S>, T> : public Model<Net, Train<B, Keep>, T> {
    using base = Model<Net, Train<B, Keep>, T>;
    using workspace_type = Workspace<Net, Train<B, Keep>, T>;
    using table = detail::slots<Net, T>;
    static constexpr std::size_t learning = table::value.learning, elements = table::value.elements;
    /// The block of weights ends with the buffers.
    static constexpr std::size_t first_buffer = [] {
        std::size_t first = elements;
        for (const detail::slot& s : table::value.slot_at)
            if (s.is_buffer) first = std::min(first, s.offset);
        return first;
    }();
    static constexpr std::size_t buffers = elements - first_buffer;
    /// What a worker tells the others before its gradients, in a cache line: the sum of its losses, and
    /// whether it has failed.
    static constexpr std::size_t head = 64 / sizeof(T), message = head + learning + buffers;
    static constexpr bool waits = detail::layers_that_wait<Net>::count > 0;
    static constexpr bool draws = detail::first_that_draws<Net>() < base::layers;
    /// Whether workers share the memory of this process, and then whether each has weights of its own there.
    template <class Workers>
    static constexpr bool shares_memory = requires { Workers::shares_memory; };
    template <class Workers>
    static constexpr bool copies_for = shares_memory<Workers> && detail::copies_weights<Net, T>;
    /// Numbers that are added and then used before they leave the cache.
    static constexpr std::size_t piece = 2048;

public:
    static constexpr std::size_t shards = S, shard_batch = B, batch = S * B;

    /// Every parameter at its layer's constant initial value.
    DataParallel() : DataParallel(base()) {}
    /// Every layer draws its initial values, in order, and then each shard its seed, if layers draw in
    /// training.
    explicit DataParallel(Generator& generator) : DataParallel(base(generator))
    {
        for (Generator& own : generators_)
            own = Generator{static_cast<std::uint64_t>(
                generator.randint(0, std::numeric_limits<std::int64_t>::max(), 1)(0))};
    }
    /// Parameters and buffers of another model of the same network.
    template <Mode M>
    explicit DataParallel(const Model<Net, M, T>& other) : DataParallel(base(other))
    {}
    DataParallel(const DataParallel&) = delete;
    DataParallel& operator=(const DataParallel&) = delete;

    /// One step of the optimizer; the mean of the shards' losses.
    template <Team Workers, class X, class Y, class C, class O>
    T step(Workers& team, const X& x, const Y& targets, const C& criterion, O& optimizer)
    {
        static_assert(detail::shares_step<O, T> || detail::can_be_shared_out<O>,
                      "[ctnn.parallel] workers share an optimizer's step by its apply(w, state, g, first, "
                      "count), state(), end_step() and steps(); without them write "
                      "model.forward_backward(team, x, targets, criterion) and optimizer.step(model)");
        T loss{};
        if constexpr (detail::shares_step<O, T>) {
            const std::size_t used = workers_of(team);
            if constexpr (copies_for<Workers>) bring_up_to_date(used, optimizer);
            loss = run(team, used, x, targets, criterion,
                       [&](std::size_t worker, std::span<const T* const> gradients) {
                           update<Workers>(worker, used, gradients, optimizer);
                       });
            optimizer.end_step();
            if constexpr (copies_for<Workers>) updated_by_ = {&optimizer, optimizer.steps()};
        }
        return loss;
    }
    /// The gradients of all parameters, `gradient_block()` and so on, for an optimizer that does the rest as
    /// with any model: `clip_gradient_norm(model, 1.0); sgd.step(model)`. The mean of the shards' losses.
    template <Team Workers, class X, class Y, class C>
    T forward_backward(Workers& team, const X& x, const Y& targets, const C& criterion)
    {
        const std::size_t used = workers_of(team);
        if constexpr (copies_for<Workers>) bring_weights_up_to_date(used);
        T* const to = base::gradient_block();
        total_.resize(learning);
        const T loss = run(
            team, used, x, targets, criterion, [&](std::size_t worker, std::span<const T* const> gradients) {
                if (worker == first_here(team))
                    kernel::tree_sum(total_.data(), gradients.data(), gradients.size(), learning, T{1} / S);
            });
        std::memcpy(to, total_.data(), learning * sizeof(T));
        return loss;
    }

    /// Does not compile: a shard has no step of its own.
    void forward(const auto&...) { complain(); }
    void backward(const auto&...) { complain(); }
    void backward_and_step(const auto&...) { complain(); }

    /// As those of a Model. Whoever takes them may write: the workers copy the weights before the next step.
    template <fixed_string Name>
    auto parameter()
    {
        return weights().template parameter<Name>();
    }
    template <fixed_string Name>
    auto parameter() const
    {
        return base::template parameter<Name>();
    }
    template <class F>
    void for_each_parameter(F&& f)
    {
        is_written_ = true;
        base::for_each_parameter(f);
    }
    template <class F>
    void for_each_parameter(F&& f) const
    {
        base::for_each_parameter(f);
    }
    template <class F>
    void for_each_buffer(F&& f)
    {
        weights().for_each_buffer(f);
    }
    template <class F>
    void for_each_buffer(F&& f) const
    {
        base::for_each_buffer(f);
    }
    [[nodiscard]] Weights<Net, T>& weights()
    {
        is_written_ = true;
        return base::weights();
    }
    [[nodiscard]] const Weights<Net, T>& weights() const { return base::weights(); }
    [[nodiscard]] T* parameter_block() { return weights().data(); }
    [[nodiscard]] const T* parameter_block() const { return base::parameter_block(); }

    /// Those of the shards, if layers draw random numbers in training.
    [[nodiscard]] std::span<Generator> generators() { return generators_; }

private:
    struct shard {
        std::optional<workspace_type> workspace; ///< the first shard has that of the base
        std::vector<T> buffers_after = std::vector<T>(buffers);
        T loss{};
    };
    /// What a worker has beside its shards; the first has the weights of the base, and the optimizer's state.
    struct alignas(64) worker_memory {
        std::optional<Weights<Net, T>> weights;
        std::vector<detail::memory_block> state;
        std::vector<T> buffers_before = std::vector<T>(buffers);
        std::optional<detail::synchronised_passes<Net, S, workspace_type, T>> passes;
        std::exception_ptr error;
        bool has_failed = false;
        alignas(64) std::array<T, piece> total{}, stepped{};
    };
    std::vector<shard> shards_ = std::vector<shard>(S);
    std::vector<std::unique_ptr<worker_memory>> workers_;
    std::vector<Generator> generators_;
    std::vector<T> total_;
    detail::kept_object exchange_, exchange_of_waiting_, criteria_;
    std::size_t team_ = 0, team_workers_ = 0, steps_with_team_ = 0; ///< whom the exchange is for
    bool is_written_ = true; ///< the weights of the base, since the workers copied them
    std::pair<const void*, std::int64_t> updated_by_{nullptr, -1};

    explicit DataParallel(base&& first) : base(std::move(first))
    {
        for (std::size_t s = 1; s < S; ++s) shards_[s].workspace.emplace();
        for (std::size_t s = 0; draws && s < S; ++s) generators_.emplace_back(s);
    }

    template <class M = DataParallel>
    static void complain()
    {
        static_assert(detail::steps_alone<M>, "[ctnn.parallel] a DataParallel model takes a step as a whole: "
                                              "model.step(team, x, targets, criterion, optimizer)");
    }

    /// How many of a team work: each has as many shards as the others.
    ///   errors : [ctnn.parallel] they do not divide the shards
    template <class Workers>
    static std::size_t workers_of(const Workers& team)
    {
        const std::size_t n = team.size();
        if (team.is_default()) return std::bit_floor(std::min(n, S));
        if (n > S || S % n != 0)
            throw Error("ctnn.parallel", std::to_string(n) + " workers cannot share " + std::to_string(S) +
                                             " shards alike, expected 1, 2, 4, ... up to " +
                                             std::to_string(S));
        return n;
    }
    /// The first of the workers that are in this process: it has the model's own weights.
    template <class Workers>
    static std::size_t first_here(const Workers& team)
    {
        if constexpr (requires { team.rank(); }) return team.rank();
        else return 0;
    }
    worker_memory& memory_of(std::size_t worker)
    {
        if (workers_.size() <= worker) workers_.resize(worker + 1);
        if (!workers_[worker]) workers_[worker] = std::make_unique<worker_memory>();
        return *workers_[worker];
    }
    Weights<Net, T>& weights_of(std::size_t worker)
    {
        auto& own = workers_[worker]->weights;
        return own ? *own : base::weights();
    }
    workspace_type& workspace_of(std::size_t s) { return s == 0 ? base::workspace() : *shards_[s].workspace; }

    /// The weights of all workers as those of the base.
    void bring_weights_up_to_date(std::size_t used)
    {
        for (std::size_t worker = 1; worker < used; ++worker) {
            auto& own = memory_of(worker).weights;
            if (!own) own.emplace(base::weights());
            else if (is_written_)
                std::memcpy(own->data(), std::as_const(*this).weights().data(), Weights<Net, T>::bytes);
        }
        is_written_ = false;
    }
    /// The optimizer's state of all workers as it is itself.
    template <class O>
    void bring_up_to_date(std::size_t used, O& optimizer)
    {
        const bool is_same = !is_written_ && updated_by_ == std::pair<const void*, std::int64_t>{
                                                                &optimizer, optimizer.steps()};
        const bool has_all = workers_.size() >= used;
        if (!is_same || !has_all) is_written_ = true;
        bring_weights_up_to_date(used);
        if (is_same && has_all) return;
        const auto state = optimizer.state();
        for (std::size_t worker = 1; worker < used; ++worker) {
            auto& own = memory_of(worker).state;
            own.resize(state.size());
            for (std::size_t k = 0; k < state.size(); ++k)
                if (state[k] != nullptr) {
                    own[k] = detail::memory_block(learning * sizeof(T));
                    std::memcpy(own[k].template at<T>(0), state[k], learning * sizeof(T));
                }
        }
    }

    template <class Workers>
    auto& exchange_of(Workers& team, std::size_t used)
    {
        using exchange = detail::exchange<Workers, T>;
        exchange* found = exchange_.template find<exchange>();
        if (found == nullptr || team_ != team.id() || team_workers_ != used) {
            team_ = 0; // in case the next line throws
            found = &exchange_.template make<exchange>(team, used, message);
            if constexpr (waits)
                (void)exchange_of_waiting_.template make<exchange>(
                    team, used, detail::synchronised_passes<Net, S, workspace_type, T>::message);
            if constexpr (requires { team.require_same_program(std::string()); })
                team.require_same_program(std::to_string(S) + " shards of " + std::to_string(B) + ", " +
                                          signature<Net>());
            steps_with_team_ = 0;
            team_ = team.id();
            team_workers_ = used;
        }
        return *found;
    }

    /// Forward and backward of all shards; then use(worker, gradients), the arrays whose tree sum is S times
    /// the gradient, by each worker, and the mean of what the buffers have become.
    template <class Workers, class X, class Y, class C, class Use>
    T run(Workers& team, std::size_t used, const X& x, const Y& targets, const C& criterion, Use use)
    {
        const auto sources = detail::sources_of(x);
        const detail::sample_source<Y> expected(targets);
        static_assert(std::tuple_size_v<decltype(sources)> == base::inputs ||
                          detail::takes_inputs<Net, std::tuple_size_v<decltype(sources)>>,
                      "[ctnn.shape] step takes one tensor for each input of the network, several as a tuple");
        const auto require_batch = [](const char* what, std::size_t n) {
            if (n != batch)
                throw Error("ctnn.shape", std::string(what) + " has " + std::to_string(n) +
                                              " samples, expected " + std::to_string(batch) + ": " +
                                              std::to_string(S) + " shards of " + std::to_string(B));
        };
        std::apply([&](const auto&... each) { (require_batch("the input", each.size()), ...); }, sources);
        require_batch("the tensor of targets", expected.size());
        auto* criteria = criteria_.template find<std::vector<std::optional<C>>>();
        if (criteria == nullptr) criteria = &criteria_.template make<std::vector<std::optional<C>>>(S);
        for (std::size_t worker = 0; worker < used; ++worker)
            if (shares_memory<Workers> || worker == first_here(team)) (void)memory_of(worker);

        const auto run_shards = [&](std::size_t worker) {
            worker_memory& own = *workers_[worker];
            own.error = nullptr;
            own.has_failed = false;
            Weights<Net, T>& weights = weights_of(worker);
            T* const running = weights.data() + first_buffer;
            std::copy_n(running, buffers, own.buffers_before.begin());
            if constexpr (waits) {
                run_waiting_shards<Workers>(worker, used, weights, sources, expected, criterion, *criteria);
            } else {
                try {
                    for (std::size_t s = worker * S / used; s < (worker + 1) * S / used; ++s) {
                        std::copy_n(own.buffers_before.begin(), buffers, running);
                        detail::put_criterion((*criteria)[s], criterion);
                        run_shard(s, weights, sources, expected, *(*criteria)[s]);
                        std::copy_n(running, buffers, shards_[s].buffers_after.begin());
                    }
                } catch (...) {
                    own.error = std::current_exception();
                }
            }
            own.has_failed = static_cast<bool>(own.error);
            if (own.has_failed) std::copy_n(own.buffers_before.begin(), buffers, running);
        };
        T loss{};
        if (used == 1) {
            team.run([&](std::size_t worker) {
                if (worker > 0) return;
                run_shards(0);
                if (workers_[0]->error) return;
                std::array<const T*, S> gradients, running, losses;
                for (std::size_t s = 0; s < S; ++s) {
                    gradients[s] = std::as_const(workspace_of(s)).gradients().data();
                    running[s] = shards_[s].buffers_after.data();
                    losses[s] = &shards_[s].loss;
                }
                kernel::tree_sum(&loss, losses.data(), S, 1, T{1} / S);
                use(0, gradients);
                kernel::tree_sum(weights_of(0).data() + first_buffer, running.data(), S, buffers, T{1} / S);
            });
        } else {
            auto& exchange = exchange_of(team, used);
            if constexpr (!shares_memory<Workers>) compare_processes(team, exchange, sources, expected);
            team.run([&](std::size_t worker) {
                if (worker >= used) { // as often as those who work
                    constexpr std::size_t times = 1 + 2 * detail::layers_that_wait<Net>::count;
                    for (std::size_t time = 0; time < times; ++time) team.meet();
                    return;
                }
                run_shards(worker);
                tell(exchange, worker, used);
                exchange.trade(worker, detail::add_up{message});
                const std::span<const T* const> all = exchange.all(worker);
                bool all_well = true;
                for (const T* const one : all) all_well = all_well && one[1] == 0;
                worker_memory& own = *workers_[worker];
                T* const running = weights_of(worker).data() + first_buffer;
                if (!all_well) {
                    std::copy_n(own.buffers_before.begin(), buffers, running);
                    own.has_failed = true;
                    exchange.turn(worker);
                    return;
                }
                std::array<const T*, S> part;
                const auto from = [&](std::size_t first) {
                    for (std::size_t k = 0; k < all.size(); ++k) part[k] = all[k] + first;
                    return std::span<const T* const>(part.data(), all.size());
                };
                if (worker == first_here(team)) kernel::tree_sum(&loss, all.data(), all.size(), 1, T{1} / S);
                use(worker, from(head));
                kernel::tree_sum(running, from(head + learning).data(), all.size(), buffers, T{1} / S);
                exchange.turn(worker);
            });
        }
        for (const auto& worker : workers_)
            if (worker && worker->error) std::rethrow_exception(std::exchange(worker->error, {}));
        for (const auto& worker : workers_)
            if (worker && worker->has_failed)
                throw Error("ctnn.parallel",
                            "another process has failed in this step; its own text says why");
        return loss;
    }

    /// What must be the same in all processes: the data, and then now and again the weights.
    template <class Workers, class Exchange, class Sources, class Expected>
    void compare_processes(Workers& team, Exchange& exchange, const Sources& sources,
                           const Expected& expected)
    {
        const std::size_t every = team.options().check_every;
        detail::checksum sum;
        if (steps_with_team_ == 0) {
            const auto add = [&](const auto& x) {
                const auto rows = x.rows(0, batch);
                sum.add(rows.data(), rows.size() * sizeof *rows.data());
            };
            std::apply([&](const auto&... each) { (add(each), ...); }, sources);
            add(expected);
            team.require_same("the checksum of the first batch", sum.text());
        } else if (every != 0 && steps_with_team_ % every == 0) {
            sum.add(base::weights().data(), Weights<Net, T>::bytes);
            exchange.compare(sum.value());
        }
        ++steps_with_team_;
    }

    template <class Sources, class Expected, class C>
    void run_shard(std::size_t s, Weights<Net, T>& weights, const Sources& sources, const Expected& expected,
                   C& criterion)
    {
        workspace_type& workspace = workspace_of(s);
        Generator* const generator = draws ? &generators_[s] : nullptr;
        const auto y = std::apply(
            [&](const auto&... each) {
                return workspace.forward(weights, generator, each.rows(s * B, B)...);
            },
            sources);
        const auto result = criterion(y, expected.rows(s * B, B));
        const auto& dy = std::get<1>(result);
        if constexpr (requires { std::tuple_size<std::remove_cvref_t<decltype(dy)>>::value; })
            std::apply([&](const auto&... each) { workspace.template backward<false>(weights, each...); },
                       dy);
        else workspace.template backward<false>(weights, dy);
        shards_[s].loss = static_cast<T>(std::get<0>(result));
    }

    /// The same for a network of which some layers wait for all shards: layer by layer for all of a worker's.
    template <class Workers, class Sources, class Expected, class C>
    void run_waiting_shards(std::size_t worker, std::size_t used, Weights<Net, T>& weights,
                            const Sources& sources, const Expected& expected, const C& criterion,
                            std::vector<std::optional<C>>& criteria)
    {
        worker_memory& own = *workers_[worker];
        if (!own.passes) own.passes.emplace();
        T* const running = weights.data() + first_buffer;
        for (std::size_t s = worker * S / used; s < (worker + 1) * S / used; ++s)
            shards_[s].buffers_after = own.buffers_before;
        auto* const exchange = exchange_of_waiting_.template find<detail::exchange<Workers, T>>();
        own.passes->forward(
            exchange, worker, used, own.error,
            [&](std::size_t s, typename workspace_type::memory_pieces& memory) {
                return std::apply(
                    [&](const auto&... each) {
                        return workspace_of(s).start(weights, draws ? &generators_[s] : nullptr, memory,
                                                     each.rows(s * B, B)...);
                    },
                    sources);
            },
            [&](std::size_t s) { std::copy_n(shards_[s].buffers_after.begin(), buffers, running); },
            [&](std::size_t s) { std::copy_n(running, buffers, shards_[s].buffers_after.begin()); });
        own.passes->backward(
            exchange, worker, used, own.error,
            [&](std::size_t s, typename workspace_type::memory_pieces& memory) {
                detail::put_criterion(criteria[s], criterion);
                const auto result =
                    (*criteria[s])(workspace_of(s).views_of_outputs(), expected.rows(s * B, B));
                shards_[s].loss = static_cast<T>(std::get<0>(result));
                const auto& dy = std::get<1>(result);
                if constexpr (requires { std::tuple_size<std::remove_cvref_t<decltype(dy)>>::value; })
                    return std::apply(
                        [&](const auto&... each) {
                            return workspace_of(s).start_backward(weights, memory, each...);
                        },
                        dy);
                else return workspace_of(s).start_backward(weights, memory, dy);
            });
    }

    /// The sums of a worker's shards where the others read them.
    template <class Exchange>
    void tell(Exchange& exchange, std::size_t worker, std::size_t used)
    {
        const std::size_t n = S / used, first = worker * n;
        std::array<const T*, S> gradients, running, losses;
        for (std::size_t k = 0; k < n; ++k) {
            gradients[k] = std::as_const(workspace_of(first + k)).gradients().data();
            running[k] = shards_[first + k].buffers_after.data();
            losses[k] = &shards_[first + k].loss;
        }
        std::array<T, head> first_numbers{};
        if (workers_[worker]->error) first_numbers[1] = 1;
        else kernel::tree_sum(first_numbers.data(), losses.data(), n, 1);
        exchange.put_head(worker, first_numbers.data(), head);
        if (workers_[worker]->error) return;
        exchange.put(worker, head, gradients.data(), n, learning);
        exchange.put(worker, head + learning, running.data(), n, buffers);
    }

    /// A worker's part of the optimizer's step: all of it on its own weights, or its slice of those of all.
    template <class Workers, class O>
    void update(std::size_t worker, std::size_t used, std::span<const T* const> gradients, O& optimizer)
    {
        worker_memory& own = *workers_[worker];
        T* const w = weights_of(worker).data();
        auto state = optimizer.state();
        if (own.weights)
            for (std::size_t k = 0; k < state.size(); ++k)
                if (state[k] != nullptr) state[k] = own.state[k].template at<T>(0);
        constexpr std::size_t line = 64 / sizeof(T), lines = learning / line;
        const bool slices = shares_memory<Workers> && !copies_for<Workers> && used > 1;
        const std::size_t begin = slices ? worker * lines / used * line : 0,
                          end = slices ? (worker + 1) * lines / used * line : learning;
        for (std::size_t first = begin; first < end; first += piece) {
            const std::size_t n = std::min(piece, end - first);
            std::array<const T*, S> from;
            for (std::size_t k = 0; k < gradients.size(); ++k) from[k] = gradients[k] + first;
            kernel::tree_sum(own.total.data(), from.data(), gradients.size(), n, T{1} / S);
            auto part = state;
            for (T*& array : part)
                if (array != nullptr) array += first;
            if (!slices) {
                optimizer.apply(w + first, part, own.total.data(), first, n);
                continue;
            }
            std::memcpy(own.stepped.data(), w + first, n * sizeof(T));
            optimizer.apply(own.stepped.data(), part, own.total.data(), first, n);
            const T* const stepped = own.stepped.data();
            kernel::tree_sum_to_others(w + first, &stepped, 1, n);
        }
        if (slices) simd::finish_streams();
    }
};

} // namespace ctnn::inline CTNN_ARCH
