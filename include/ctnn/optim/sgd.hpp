// SPDX-License-Identifier: BSD-3-Clause
/// Stochastic gradient descent.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/kernel/update.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/optim/parameter_groups.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class M>
inline constexpr bool can_be_trained = false;
template <class Optimizer, class M>
inline constexpr bool is_made_for = false;

} // namespace detail

/// The names and meanings of torch.optim.SGD.
struct SgdOptions {
    float learning_rate = 0.1F;
    float momentum = 0;
    float dampening = 0;
    float weight_decay = 0;
    bool nesterov = false;
    friend bool operator==(const SgdOptions&, const SgdOptions&) = default;
};

/// What parameters with such a name, '*' for any characters, have otherwise: `{"*.bias", {.weight_decay =
/// 0}}`. What is left out is as for all.
struct SgdGroup {
    std::string_view names;
    struct Changes {
        detail::change<float> learning_rate = {}, momentum = {}, dampening = {}, weight_decay = {};
        detail::change<bool> nesterov = {};
    } changes;

    void apply(SgdOptions& o) const
    {
        changes.learning_rate.apply(o.learning_rate);
        changes.momentum.apply(o.momentum);
        changes.dampening.apply(o.dampening);
        changes.weight_decay.apply(o.weight_decay);
        changes.nesterov.apply(o.nesterov);
    }
};

/// w -= learning_rate * g, with momentum, Nesterov and weight decay as in PyTorch.
///
/// ```cpp
/// Sgd sgd{model, {.learning_rate = 0.1F, .momentum = 0.9F, .weight_decay = 1e-4F}};
/// Sgd other{model,
///           {.weight_decay = 1e-4F},
///           {{"*.bias", {.weight_decay = 0}}, {"0.*", {.learning_rate = 0.01F}}}};
/// ```
///
///   groups : names of parameters, '*' for any characters; where several fit, the last that states an option
///            counts. A group's own learning rate keeps its proportion when `set_learning_rate` changes that
///            of all
///   fixed  : parameters of Fixed layers are not there
///   errors : [ctnn.option] learning rate or weight decay negative or not finite; momentum outside 0..1 (1
///            excluded); Nesterov without momentum or with dampening; a group that no parameter is in
///   cost   : one pass over the parameters; allocations at construction only
template <class Net, Scalar T = float>
class Sgd {
    using table = detail::slots<Net, T>;

public:
    template <Mode M>
    explicit Sgd(const Model<Net, M, T>& model, const SgdOptions& options = {},
                 std::initializer_list<SgdGroup> groups = {})
        : Sgd(model, options, groups.begin(), groups.end())
    {}
    /// The same for groups that stand elsewhere.
    template <Mode M>
    Sgd(const Model<Net, M, T>&, const SgdOptions& options, const SgdGroup* first, const SgdGroup* last)
        : rate_(options.learning_rate)
    {
        if constexpr (!is_train<M>) {
            static_assert(
                detail::can_be_trained<Model<Net, M, T>>,
                "[ctnn.mode] an optimizer changes a Model<Net, Train<B>>; an eval model has no gradients");
        } else if constexpr (detail::fault_of<Net> == detail::fault::none) { // else the model has complained
            check(options);
            groups_ = {options, first, last};
            bool has_momentum = false;
            for (const auto& group : groups_) {
                check(group.options);
                has_momentum = has_momentum || group.options.momentum != 0;
            }
            if (has_momentum) velocity_.resize(table::value.learning);
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
        static_assert(fits || detail::is_made_for<Sgd, M>,
                      "[ctnn.mode] the optimizer was made for a model of another network");
        if constexpr (fits && is_train<typename M::mode>) // else the constructor has complained
            update(model.parameter_block(), model.gradient_block());
    }

    [[nodiscard]] float learning_rate() const { return rate_; }
    /// errors : [ctnn.option] negative or not finite; the old one stays
    void set_learning_rate(float rate)
    {
        check("learning rate", rate, 0, 3.4e38F);
        rate_ = rate;
    }

    /// f(name, numbers) for all that decides the steps to come, as a checkpoint keeps it: what belongs to a
    /// parameter by its name.
    template <class F>
    void for_each_state(F&& f)
    {
        f("learning_rate", std::span<float>(&rate_, 1));
        if (!velocity_.empty())
            for (const detail::slot& s : table::value.slot_at)
                if (!s.is_buffer && !s.is_fixed)
                    f(("velocity." + std::string(s.name)).c_str(),
                      std::span<T>(velocity_.data() + s.offset, s.shape.size()));
        f("steps", std::span<std::int64_t>(&steps_, 1));
    }
    /// What does not change: two that say the same, with the same state, take the same steps.
    [[nodiscard]] std::string settings() const
    {
        std::string all;
        for (const auto& [first, count, o] : groups_) {
            all += all.empty() ? "SGD with" : "; from " + std::string(groups_.name_at(first)) + " with";
            if (o.learning_rate != first_rate_)
                all += " rate " + text(o.learning_rate) + " for " + text(first_rate_) + ",";
            all += std::string(o.nesterov ? " Nesterov" : "") + " momentum " + text(o.momentum) +
                   ", dampening " + text(o.dampening) + ", weight decay " + text(o.weight_decay);
        }
        return all;
    }

private:
    detail::parameter_groups<Net, T, SgdOptions> groups_;
    std::vector<T> velocity_;
    float rate_, first_rate_ = 0;
    std::int64_t steps_ = 0;

    [[gnu::noinline]] void update(T* w, const T* g) // the same code, whoever calls it
    {
        for (const auto& [first, count, o] : groups_) {
            const float own = o.learning_rate == first_rate_ ? rate_
                              : first_rate_ > 0              ? rate_ * (o.learning_rate / first_rate_)
                                                             : o.learning_rate;
            const auto rate = static_cast<T>(own), decay = static_cast<T>(o.weight_decay);
            const T share = steps_ == 0 ? T{1} : T{1} - static_cast<T>(o.dampening);
            if (o.momentum == 0) kernel::sgd(w + first, g + first, rate, decay, count);
            else
                kernel::sgd_momentum(w + first, velocity_.data() + first, g + first,
                                     {rate, decay, static_cast<T>(o.momentum), share, o.nesterov}, count);
        }
        ++steps_;
    }

    static void check(const SgdOptions& options)
    {
        check("learning rate", options.learning_rate, 0, 3.4e38F);
        check("weight decay", options.weight_decay, 0, 3.4e38F);
        check("dampening", options.dampening, 0, 3.4e38F);
        check("momentum", options.momentum, 0, 0.99999994F);
        if (options.nesterov && (options.momentum == 0 || options.dampening != 0))
            throw Error("ctnn.option",
                        "Nesterov momentum needs a momentum above 0 and no dampening, found momentum " +
                            std::to_string(options.momentum) + " and dampening " +
                            std::to_string(options.dampening));
    }
    static void check(const char* what, float value, float low, float high)
    {
        if (!(value >= low && value <= high))
            throw Error("ctnn.option", std::string(what) + " is " + std::to_string(value) +
                                           ", expected a number from 0 to " +
                                           (high < 1 ? "below 1" : "the largest float"));
    }
    static std::string text(float x)
    {
        char digits[32] = "0";
        // as few as tell it from every other float
        for (int n = 6; n <= 9 && std::strtof(digits, nullptr) != x; ++n)
            std::snprintf(digits, sizeof digits, "%.*g", n, static_cast<double>(x));
        for (char& c : digits) c = c == ',' ? '.' : c; // in a locale that writes 0,9
        return digits;
    }
};

} // namespace ctnn::inline CTNN_ARCH
