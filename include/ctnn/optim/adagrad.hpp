// SPDX-License-Identifier: BSD-3-Clause
/// Adagrad.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <ctnn/kernel/update.hpp>
#include <ctnn/optim/optimizer.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The names and meanings of torch.optim.Adagrad, in double as there: they are rounded where they meet T.
struct AdagradOptions {
    double learning_rate = 0.01;
    double learning_rate_decay = 0;
    double weight_decay = 0;
    double initial_accumulator_value = 0;
    double epsilon = 1e-10;
    friend bool operator==(const AdagradOptions&, const AdagradOptions&) = default;
};
/// Those that a group of parameters has otherwise.
struct AdagradChanges {
    detail::change<double> learning_rate = {}, learning_rate_decay = {}, weight_decay = {},
                           initial_accumulator_value = {}, epsilon = {};

    void apply(AdagradOptions& o) const
    {
        learning_rate.apply(o.learning_rate);
        learning_rate_decay.apply(o.learning_rate_decay);
        weight_decay.apply(o.weight_decay);
        initial_accumulator_value.apply(o.initial_accumulator_value);
        epsilon.apply(o.epsilon);
    }
};
/// The parameters with certain names, and what is otherwise for them.
using AdagradGroup = OptionsGroup<AdagradChanges>;

namespace detail {

struct adagrad_rule {
    using options = AdagradOptions;
    using changes = AdagradChanges;
    static constexpr std::string_view title = "Adagrad";
    static constexpr std::array<std::string_view, 1> state{"sum"};
    static bool needs(const AdagradOptions&, std::size_t) { return true; }
    static double initial(const AdagradOptions& o) { return o.initial_accumulator_value; }

    /// g = g + decay w, s = s + g^2, w -= rate / (1 + (t - 1) rate_decay) g / (sqrt(s) + epsilon). Where
    /// there is an fma, every rounding is PyTorch's.
    template <class T>
    static void update(T* w, const T* g, const std::array<T*, 1>& sum, const AdagradOptions& o,
                       std::int64_t step, std::size_t n)
    {
        using V = simd::vec<T>;
        const double rate = o.learning_rate / (1 + static_cast<double>(step - 1) * o.learning_rate_decay);
        const V minus_rate(static_cast<T>(-rate)), decay(static_cast<T>(o.weight_decay)),
            epsilon(static_cast<T>(o.epsilon));
        kernel::update(w, g, sum, n, [&](V& x, V dx, V* s) CTNN_INLINE_LAMBDA {
            const V d = simd::fma(decay, x, dx);
            *s = simd::fma(d, d, *s);
            x = x + minus_rate * d / (simd::sqrt(*s) + epsilon);
        });
    }

    static void check(const AdagradOptions& o)
    {
        require_option("learning rate", o.learning_rate, 0, largest_option);
        require_option("learning rate decay", o.learning_rate_decay, 0, largest_option);
        require_option("weight decay", o.weight_decay, 0, largest_option);
        require_option("the initial accumulator value", o.initial_accumulator_value, 0, largest_option);
        require_option("epsilon", o.epsilon, above_zero, largest_option);
    }
    static std::string text(const AdagradOptions& o)
    {
        return " learning rate decay " + option_text(o.learning_rate_decay) + ", weight decay " +
               option_text(o.weight_decay) + ", initial accumulator value " +
               option_text(o.initial_accumulator_value) + ", epsilon " + option_text(o.epsilon);
    }
};

} // namespace detail

/// w -= learning_rate * g / (sqrt(s) + epsilon) with the sum s of all g^2 so far, as torch.optim.Adagrad.
///
/// ```cpp
/// Adagrad adagrad{model, {.learning_rate = 0.1, .learning_rate_decay = 1e-4}};
/// ```
///
///   groups : as for Sgd
///   errors : [ctnn.option] an option that is negative or not finite; epsilon below 1e-37; a group that no
///            parameter is in
///   cost   : one pass over the parameters and an array as long; allocations at construction only
///   source : Duchi, Hazan & Singer 2011 (jmlr.org/papers/v12/duchi11a.html)
template <class Net, Scalar T = float>
class Adagrad : public detail::optimizer<detail::adagrad_rule, Net, T> {
public:
    using detail::optimizer<detail::adagrad_rule, Net, T>::optimizer;
};
template <class Net, Mode M, class T>
Adagrad(const Model<Net, M, T>&, const AdagradOptions& = {}, std::initializer_list<AdagradGroup> = {})
    -> Adagrad<Net, T>;
template <class Net, Mode M, class T>
Adagrad(const Model<Net, M, T>&, const AdagradOptions&, const AdagradGroup*, const AdagradGroup*)
    -> Adagrad<Net, T>;

} // namespace ctnn::inline CTNN_ARCH
