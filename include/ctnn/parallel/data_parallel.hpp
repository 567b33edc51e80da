// SPDX-License-Identifier: BSD-3-Clause
/// One training step by several workers, with the same bits for any number of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/memory.hpp>
#include <ctnn/kernel/tree_sum.hpp>
#include <ctnn/model/train.hpp>
#include <ctnn/parallel/lookups.hpp>
#include <ctnn/parallel/sharded_pass.hpp>
#include <ctnn/parallel/team.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class S>
inline constexpr bool can_be_shared = false;
template <class O>
inline constexpr bool can_be_shared_out = false;
template <class M>
inline constexpr bool steps_alone = false;

/// Whether each worker has weights of its own: up to here the whole update costs less than to wait for each
/// other once more and to read what the others have made. And where there are running statistics, which each
/// shard moves by itself.
template <class Net, class T>
inline constexpr bool copies_weights =
    slots<Net, T>::value.elements * sizeof(T) <= 512 * 1024 || slots<Net, T>::counts.buffers > 0;

template <class C, class F, class G>
void of_one_class(F C::*, G C::*);

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
    explicit DataParallel(auto&... arguments) : Model<Net, M, T>(arguments...)
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
///   Dropout    : each shard draws from generators of its own, one a step, by a seed that it has when the
///                model is made; a Checkpoint keeps the seeds
///   weights    : a view of them that was taken before a step must not be written after it; take it again
///   errors     : [ctnn.shape] other extents; [ctnn.parallel] workers that do not divide the shards; those of
///                network and criterion. Parameters, statistics and what is drawn are as they were then
///   Embedding  : of a table with more than 4 times the rows that a step looks up, workers exchange only
///                those that were looked up, and plain SGD touches no other
///   gradients  : after forward_backward; step leaves any content there
///   cost       : no allocation after the first step with a team, but for a criterion that can only be copied
///                (a lambda with captures) and for input with gaps. Memory: a workspace a worker, or with
///                SyncBatchNorm a shard, the gradients of each shard, and of such a table 4 bytes a row for
///                each worker and addresses for its gradient a shard. Each thread has its own weights and
///                optimizer state, and they meet once a step; of a network of more than 512 KB without
///                running statistics they share both, and take a slice of the step each
template <class Net, std::size_t B, class Keep, std::size_t S, Scalar T>
    requires(detail::is_sound<Net, Train<B, Keep>> && detail::shard_count<Shards<S>> != 0)
class DataParallel<Net, Train<B, Keep>, Shards<S>, T> : public Model<Net, Train<B, Keep>, T> {
    using base = Model<Net, Train<B, Keep>, T>;
    using table = detail::slots<Net, T>;
    static constexpr std::size_t learning = table::value.learning;
    using passes = detail::sharded_pass<Net, Train<B, Keep>, S, T>;
    using tables = detail::lookups<Net, Train<B, Keep>, S, T>;
    using found = detail::shard_gradients<T, S>;
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
        passes_.draw_seeds(generator);
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
            const std::size_t used = detail::workers_of<S>(team);
            make_memory(team, used);
            if constexpr (copies_for<Workers>) copy_state(used, optimizer);
            try {
                loss = passes_.run(team, used, *this, x, targets, criterion,
                                   [&](std::size_t worker, const found& gradients) {
                                       update<Workers>(worker, used, gradients, optimizer);
                                   });
            } catch (...) { // if by an optimizer, workers may have come to different weights
                is_written();
                throw;
            }
            optimizer.end_step();
            has_moved(copies_for<Workers> ? used : 0, true);
            state_is_of_ = {&optimizer, optimizer.steps()};
        }
        return loss;
    }
    /// The gradients of all parameters, `gradient_block()` and so on, for an optimizer that does the rest as
    /// with any model: `clip_gradient_norm(model, 1.0); sgd.step(model)`. The mean of the shards' losses.
    template <Team Workers, class X, class Y, class C>
    T forward_backward(Workers& team, const X& x, const Y& targets, const C& criterion)
    {
        const std::size_t used = detail::workers_of<S>(team);
        make_memory(team, used);
        const T loss = passes_.run(team, used, *this, x, targets, criterion,
                                   [&](std::size_t worker, const found& gradients) {
                                       if (worker == detail::first_here(team))
                                           put_gradients(gradients, *workers_[worker]);
                                   });
        has_moved(copies_for<Workers> ? used : 0, false); // the running statistics
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
        is_written();
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
        is_written();
        return base::weights();
    }
    [[nodiscard]] const Weights<Net, T>& weights() const { return base::weights(); }
    [[nodiscard]] T* parameter_block() { return weights().data(); }
    [[nodiscard]] const T* parameter_block() const { return base::parameter_block(); }

    /// The weights that a worker has; of the first in this process those of the model.
    Weights<Net, T>& weights_of(std::size_t worker)
    {
        auto& own = workers_[worker]->weights;
        return own && worker != first_worker_ ? *own : base::weights();
    }

    /// What the layers of a shard that draw random numbers draw from in the next step.
    [[nodiscard]] Generator generator_of(std::size_t shard) const { return passes_.generator_of(shard); }
    /// f(name, numbers) for what a checkpoint keeps beside the weights: seeds, if layers draw.
    template <class F>
    void for_each_shard_state(F&& f)
    {
        passes_.for_each_state(f);
    }

private:
    /// What a worker has beside its shards; the first has the weights of the base, and the optimizer's state.
    struct alignas(64) worker_memory {
        std::optional<Weights<Net, T>> weights;
        std::vector<std::vector<T>> state;
        std::uint64_t weights_at = 0, state_at = 0; ///< the version that they are
        std::array<detail::lookups_by_row<T>, tables::count> looked_up;
        alignas(64) std::array<T, std::max(piece, tables::value.longest_row)> total{};
        alignas(64) std::array<T, piece> stepped{};
    };
    passes passes_;
    std::vector<std::unique_ptr<worker_memory>> workers_;
    /// Of the weights of the model and of the optimizer's state: who has another version copies.
    std::uint64_t weights_version_ = 1, state_version_ = 1;
    std::pair<const void*, std::int64_t> state_is_of_{nullptr, -1}; ///< an optimizer, and its steps
    std::size_t first_worker_ = 0;

    explicit DataParallel(base&& first) : base(std::move(first)) {}

    template <class M = DataParallel>
    static void complain()
    {
        static_assert(detail::steps_alone<M>, "[ctnn.parallel] a DataParallel model takes a step as a whole: "
                                              "model.step(team, x, targets, criterion, optimizer)");
    }

    worker_memory& memory_of(std::size_t worker)
    {
        if (workers_.size() <= worker) workers_.resize(worker + 1);
        if (!workers_[worker]) workers_[worker] = std::make_unique<worker_memory>();
        return *workers_[worker];
    }
    /// Whoever writes to the weights, as a checkpoint that is loaded, may have written to the optimizer too.
    void is_written()
    {
        ++weights_version_;
        ++state_version_;
    }
    /// What the workers of this process have: the weights as those of the model.
    template <class Workers>
    void make_memory(const Workers& team, std::size_t used)
    {
        first_worker_ = detail::first_here(team);
        for (std::size_t worker = 0; worker < used; ++worker) {
            if (!shares_memory<Workers> && worker != first_worker_) continue;
            worker_memory& memory = memory_of(worker);
            if (!copies_for<Workers> || worker == first_worker_ || memory.weights_at == weights_version_)
                continue;
            if (!memory.weights) memory.weights.emplace(base::weights());
            else std::memcpy(memory.weights->data(), base::weights().data(), Weights<Net, T>::bytes);
            memory.weights_at = weights_version_;
        }
    }
    /// The optimizer's state of all workers as it is itself.
    template <class O>
    void copy_state(std::size_t used, O& optimizer)
    {
        const std::pair<const void*, std::int64_t> now{&optimizer, optimizer.steps()};
        if (state_is_of_ != now) ++state_version_;
        state_is_of_ = now;
        const auto state = optimizer.state();
        for (std::size_t worker = 1; worker < used; ++worker) {
            worker_memory& memory = *workers_[worker];
            if (memory.state_at == state_version_) continue;
            memory.state.resize(state.size());
            for (std::size_t k = 0; k < state.size(); ++k)
                if (state[k] != nullptr) memory.state[k].assign(state[k], state[k] + learning);
            memory.state_at = state_version_;
        }
    }
    /// After a run: those who took part have moved on together.
    void has_moved(std::size_t used, bool with_state)
    {
        ++weights_version_;
        if (with_state) ++state_version_;
        for (std::size_t worker = 0; worker < std::min(used, workers_.size()); ++worker)
            if (workers_[worker]) {
                workers_[worker]->weights_at = weights_version_;
                if (with_state) workers_[worker]->state_at = state_version_;
            }
    }

    /// A worker's part of the optimizer's step: all of it on its own weights, or its slice of those of all.
    template <class Workers, class O>
    void update(std::size_t worker, std::size_t used, const found& gradients, O& optimizer)
    {
        worker_memory& own = *workers_[worker];
        T* const w = weights_of(worker).data();
        auto state = optimizer.state();
        if (copies_for<Workers> && worker != first_worker_)
            for (std::size_t k = 0; k < state.size(); ++k)
                if (state[k] != nullptr) state[k] = own.state[k].data();
        const bool slices = shares_memory<Workers> && !copies_for<Workers> && used > 1;
        const std::size_t part = slices ? worker : 0, parts = slices ? used : 1;
        const auto apply = [&](T* to, const T* g, std::size_t first, std::size_t n) {
            auto of_first = state;
            for (T*& array : of_first)
                if (array != nullptr) array += first;
            optimizer.apply(to, of_first, g, first, n);
        };
        for (const detail::dense_stretch& stretch : tables::stretches) {
            constexpr std::size_t line = 64 / sizeof(T);
            const std::size_t lines = (stretch.end - stretch.begin) / line,
                              end = stretch.begin + (part + 1) * lines / parts * line;
            for (std::size_t first = stretch.begin + part * lines / parts * line; first < end;
                 first += piece) {
                const std::size_t n = std::min(piece, end - first);
                gradients.sum(own.total.data(), stretch, first, n);
                if (!slices) {
                    apply(w + first, own.total.data(), first, n);
                    continue;
                }
                std::memcpy(own.stepped.data(), w + first, n * sizeof(T));
                apply(own.stepped.data(), own.total.data(), first, n);
                const T* const stepped = own.stepped.data();
                kernel::tree_sum_to_others(w + first, &stepped, 1, n);
            }
        }
        for (std::size_t k = 0; k < tables::count; ++k)
            own.looked_up[k].step(
                tables::tables[k], gradients, is_plain(optimizer), part, parts, own.total,
                [&](const T* g, std::size_t first, std::size_t n) { apply(w + first, g, first, n); });
        if (slices) simd::finish_streams();
    }
    /// Whether a gradient of 0 leaves a parameter, and the optimizer's state, as they are: if it says so, and
    /// nobody has put an `apply` over that of the class that says it.
    template <class O>
    static bool is_plain(const O& optimizer)
    {
        if constexpr (requires { detail::of_one_class(&O::apply, &O::is_plain); })
            return optimizer.is_plain();
        else return false;
    }
    /// The gradients where those of a model are.
    void put_gradients(const found& gradients, worker_memory& own)
    {
        T* const to = base::gradient_block();
        for (const detail::dense_stretch& part : tables::stretches)
            gradients.sum(to + part.begin, part, part.begin, part.end - part.begin);
        for (std::size_t k = 0; k < tables::count; ++k)
            own.looked_up[k].put_gradients(tables::tables[k], gradients, to + tables::tables[k].offset);
    }
};

} // namespace ctnn::inline CTNN_ARCH
