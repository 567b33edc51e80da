// SPDX-License-Identifier: BSD-3-Clause
/// What all optimizers have in common: options for groups of parameters, state by name, a rate that moves.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/options.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/optim/parameter_groups.hpp>

namespace ctnn::inline CTNN_ARCH {

/// What parameters with such a name, '*' for any characters, have otherwise: `{"*.bias", {.weight_decay =
/// 0}}`. What is left out is as for all.
template <class Changes>
struct OptionsGroup {
    std::string_view names;
    Changes changes;
};

namespace detail {

// Shown by a compile error; never true.
template <class M>
inline constexpr bool can_be_trained = false;
template <class Optimizer, class M>
inline constexpr bool is_made_for = false;

/// An optimizer by its `Rule`, a struct that says
///
///   options, changes : its options with learning_rate, and those of a group with apply(options)
///   title            : its name among the settings
///   state            : the names of arrays as long as the parameters, by which files know them
///   needs            : needs(options, k), whether array k is used at all
///   initial          : initial(options), what the arrays begin with, if that is not 0
///   check            : check(options), which throws [ctnn.option]
///   text             : text(options), all options but the learning rate
///   update           : update(w, g, state, options, step, n), step n parameters; the first step is 1
///   is_plain         : is_plain(options), whether that is w -= rate g, if it can be
///   set_momentum     : set_momentum(options, momentum), if a schedule may move it
///
///   errors : those of check; [ctnn.option] a group that no parameter is in
///   cost   : one pass over the parameters; allocations at construction only
template <class Rule, class Net, Scalar T>
class optimizer {
    using table = slots<Net, T>;
    using Options = typename Rule::options;
    using Group = OptionsGroup<typename Rule::changes>;
    using number = decltype(Options::learning_rate);
    static constexpr std::size_t arrays = Rule::state.size();

public:
    template <Mode M>
    explicit optimizer(const Model<Net, M, T>& model, const Options& options = {},
                       std::initializer_list<Group> groups = {})
        : optimizer(model, options, groups.begin(), groups.end())
    {}
    /// The same for groups that stand elsewhere.
    template <Mode M>
    optimizer(const Model<Net, M, T>&, const Options& options, const Group* first, const Group* last)
        : rate_(options.learning_rate)
    {
        if constexpr (!is_train<M>) {
            static_assert(
                can_be_trained<Model<Net, M, T>>,
                "[ctnn.mode] an optimizer changes a Model<Net, Train<B>>; an eval model has no gradients");
        } else if constexpr (fault_of<Net> == fault::none) { // else the model has complained
            Rule::check(options);
            groups_ = {options, first, last};
            for (const auto& group : groups_) {
                Rule::check(group.options);
                for (std::size_t k = 0; k < arrays; ++k)
                    if (Rule::needs(group.options, k)) state_[k].resize(table::value.learning);
            }
            if constexpr (requires { Rule::initial(options); })
                for (const auto& [start, count, own] : groups_)
                    for (auto& state : state_)
                        std::fill_n(state.begin() + static_cast<std::ptrdiff_t>(start), count,
                                    static_cast<T>(Rule::initial(own)));
            first_rate_ = rate_;
        }
    }

    /// One step along the model's gradients.
    ///   errors : [ctnn.mode] (compile time) the model is of another network or scalar type than the one it
    ///            was made for
    template <class M>
    void step(M& model)
    {
        constexpr bool fits =
            std::is_same_v<typename M::network, Net> && std::is_same_v<typename M::scalar, T>;
        static_assert(fits || is_made_for<optimizer, M>,
                      "[ctnn.mode] the optimizer was made for a model of another network or scalar type");
        if constexpr (fits && is_train<typename M::mode>) // else the constructor has complained
            update(model.parameter_block(), model.gradient_block());
    }

    /// One step along the gradient of the last forward's result: `model.backward(dy)` and `step(model)` in
    /// one, with the same numbers in the end. Plain SGD makes the step while a gradient is in registers, and
    /// of a large Embedding it touches the rows that were looked up; the gradients are not kept then.
    template <class M, class Y>
    void step(M& model, const Y& dy)
    {
        if constexpr (requires(const Options& o) { Rule::is_plain(o); } && can_step<M>()) {
            if (groups_.begin() + 1 == groups_.end() && Rule::is_plain(groups_.begin()->options)) {
                const Options now = options_now(groups_.begin()->options);
                model.backward_and_step(dy, static_cast<T>(now.learning_rate));
                ++steps_;
                for (const slot& s : table::value.slot_at)
                    if (is_learning(s) && !M::takes_step(s.node))
                        Rule::update(model.parameter_block() + s.offset, model.gradient_block() + s.offset,
                                     std::array<T*, arrays>{}, now, steps_, s.shape.size());
                return;
            }
        }
        if constexpr (is_train<typename M::mode>) model.backward(dy);
        step(model);
    }

    /// For workers who share a step (parallel/data_parallel.hpp). `state` gives the arrays of the optimizer's
    /// state, each as long as the block of parameters, null if it is not used. `apply` takes the step of
    /// `count` parameters from number `first` on, which come in any order; w, state and g point to the first
    /// of them. Where the optimizer `is_plain`, rows of a large table that were not looked up are left out.
    /// `end_step` counts the step when all parameters have taken theirs, and `steps` is the number so far.
    using state_arrays = std::array<T*, arrays>;
    [[nodiscard]] state_arrays state()
    {
        state_arrays all{};
        for (std::size_t k = 0; k < arrays; ++k)
            if (!state_[k].empty()) all[k] = state_[k].data();
        return all;
    }
    void apply(T* w, const state_arrays& state, const T* g, std::size_t first, std::size_t count) const
    {
        for (const auto& [start, length, options] : groups_) {
            const std::size_t from = std::max(first, start), to = std::min(first + count, start + length);
            if (from >= to) continue;
            state_arrays own = state;
            for (T*& array : own)
                if (array != nullptr) array += from - first;
            Rule::update(w + (from - first), g + (from - first), own, options_now(options), steps_ + 1,
                         to - from);
        }
    }
    void end_step() { ++steps_; }
    /// Whether a step is w -= rate g for all, so that a gradient of 0 changes nothing.
    [[nodiscard]] bool is_plain() const
    {
        if constexpr (requires(const Options& o) { Rule::is_plain(o); })
            return std::all_of(groups_.begin(), groups_.end(),
                               [](const auto& group) { return Rule::is_plain(group.options); });
        else return false;
    }
    [[nodiscard]] std::int64_t steps() const { return steps_; }

    [[nodiscard]] number learning_rate() const { return rate_; }
    /// errors : [ctnn.option] negative or not finite; the old one stays
    void set_learning_rate(double rate)
    {
        require_option("learning rate", rate, 0, largest_option);
        rate_ = static_cast<number>(rate);
    }
    /// The momentum, or what stands for it (Adam's first beta), of all groups, as a schedule moves it before
    /// each step; a checkpoint does not keep it.
    ///   errors : [ctnn.option] outside 0..1 (1 excluded); the optimizer was made without momentum
    void set_momentum(double momentum)
        requires requires(Options& o) { Rule::set_momentum(o, momentum); }
    {
        require_option("momentum", momentum, 0, below_one);
        for (const auto& group : groups_) {
            Options now = group.options;
            Rule::set_momentum(now, momentum);
            for (std::size_t k = 0; k < arrays; ++k)
                if (Rule::needs(now, k) && !Rule::needs(group.options, k))
                    throw Error("ctnn.option", "an optimizer made without momentum was asked to use " +
                                                   option_text(momentum));
        }
        momentum_ = momentum;
    }

    /// f(name, numbers) for all that decides the steps to come, as a checkpoint keeps it: what belongs to a
    /// parameter by its name.
    template <class F>
    void for_each_state(F&& f)
    {
        f("learning_rate", std::span<number>(&rate_, 1));
        for (std::size_t k = 0; k < arrays; ++k)
            if (!state_[k].empty())
                for (const slot& s : table::value.slot_at)
                    if (is_learning(s))
                        f(std::string(Rule::state[k]).append(".").append(s.name).c_str(),
                          std::span<T>(state_[k].data() + s.offset, s.shape.size()));
        f("steps", std::span<std::int64_t>(&steps_, 1));
    }
    /// What does not change: two that say the same, with the same state, take the same steps.
    [[nodiscard]] std::string settings() const
    {
        std::string all;
        for (const auto& [first, count, o] : groups_) {
            all.append(all.empty() ? std::string(Rule::title)
                                   : "; from " + std::string(groups_.name_at(first)));
            all += " with";
            if (o.learning_rate != first_rate_)
                all += " rate " + option_text(o.learning_rate) + " for " + option_text(first_rate_) + ",";
            all += Rule::text(o);
        }
        return all;
    }

private:
    template <class M>
    static constexpr bool can_step()
    {
        return std::is_same_v<typename M::network, Net> && std::is_same_v<typename M::scalar, T> &&
               is_train<typename M::mode> && fault_of<Net> == fault::none;
    }

    parameter_groups<Net, T, Options> groups_;
    std::array<std::vector<T>, arrays> state_;
    number rate_, first_rate_ = 0;
    std::optional<double> momentum_; // when it is not that of the options
    std::int64_t steps_ = 0;

    /// The options of a group with the rate and the momentum as they are now.
    [[nodiscard]] Options options_now(const Options& options) const
    {
        Options now = options;
        if (options.learning_rate == first_rate_) now.learning_rate = rate_;
        else if (first_rate_ > 0) now.learning_rate = rate_ * (options.learning_rate / first_rate_);
        if constexpr (requires { Rule::set_momentum(now, 0.0); })
            if (momentum_) Rule::set_momentum(now, *momentum_);
        return now;
    }
    [[gnu::noinline]] void update(T* w, const T* g) // the same code, whoever calls it
    {
        ++steps_;
        for (const auto& [first, count, options] : groups_) {
            const Options now = options_now(options);
            std::array<T*, arrays> state{};
            for (std::size_t k = 0; k < arrays; ++k)
                if (!state_[k].empty()) state[k] = state_[k].data() + first;
            Rule::update(w + first, g + first, state, now, steps_, count);
        }
    }
};

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
