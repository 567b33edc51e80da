// SPDX-License-Identifier: BSD-3-Clause
/// RMSprop.
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

/// The names and meanings of torch.optim.RMSprop, in double as there: 1 - alpha is rounded once.
struct RmsPropOptions {
    double learning_rate = 0.01;
    double alpha = 0.99;
    double epsilon = 1e-8;
    double weight_decay = 0;
    double momentum = 0;
    bool centered = false;
    friend bool operator==(const RmsPropOptions&, const RmsPropOptions&) = default;
};
/// Those that a group of parameters has otherwise.
struct RmsPropChanges {
    detail::change<double> learning_rate = {}, alpha = {}, epsilon = {}, weight_decay = {}, momentum = {};
    detail::change<bool> centered = {};

    void apply(RmsPropOptions& o) const
    {
        learning_rate.apply(o.learning_rate);
        alpha.apply(o.alpha);
        epsilon.apply(o.epsilon);
        weight_decay.apply(o.weight_decay);
        momentum.apply(o.momentum);
        centered.apply(o.centered);
    }
};
/// The parameters with certain names, and what is otherwise for them.
using RmsPropGroup = OptionsGroup<RmsPropChanges>;

namespace detail {

struct rms_prop_rule {
    using options = RmsPropOptions;
    using changes = RmsPropChanges;
    static constexpr std::string_view title = "RMSprop";
    static constexpr std::array<std::string_view, 3> state{"square_avg", "grad_avg", "momentum_buffer"};
    static bool needs(const RmsPropOptions& o, std::size_t k)
    {
        return k == 0 || (k == 1 && o.centered) || (k == 2 && o.momentum != 0);
    }

    template <class T>
    static void update(T* w, const T* g, const std::array<T*, 3>& arrays, const RmsPropOptions& o,
                       std::int64_t, std::size_t n)
    {
        if (o.centered && o.momentum != 0) update<true, true, T>(w, g, arrays, o, n);
        else if (o.centered) update<true, false, T>(w, g, {arrays[0], arrays[1]}, o, n);
        else if (o.momentum != 0) update<false, true, T>(w, g, {arrays[0], arrays[2]}, o, n);
        else update<false, false, T>(w, g, {arrays[0]}, o, n);
    }

    /// g = g + decay w, v = alpha v + (1 - alpha) g^2; centered, a = alpha a + (1 - alpha) g and d = sqrt(v -
    /// a^2) + epsilon, else d = sqrt(v) + epsilon; with momentum b = momentum b + g / d and w -= rate b, else
    /// w -= rate g / d. Where there is an fma, every rounding is PyTorch's.
    template <bool Centered, bool Momentum, class T>
    static void update(T* w, const T* g, const std::array<T*, std::size_t{1} + Centered + Momentum>& arrays,
                       const RmsPropOptions& o, std::size_t n)
    {
        using V = simd::vec<T>;
        const auto rounded = [](double x) { return V(static_cast<T>(x)); };
        const V minus_rate = rounded(-o.learning_rate), decay = rounded(o.weight_decay),
                alpha = rounded(o.alpha), rest = rounded(1 - o.alpha), epsilon = rounded(o.epsilon),
                momentum = rounded(o.momentum), one = kernel::opaque_one<T>();
        kernel::update(w, g, arrays, n, [&](V& x, V dx, V* s) CTNN_INLINE_LAMBDA {
            const V d = simd::fma(decay, x, dx);
            s[0] = simd::fma(rest * d, d, s[0] * alpha);
            V square = s[0];
            if constexpr (Centered) {
                s[1] = simd::fma(rest, d, s[1] * alpha);
                square = simd::fnma(s[1], s[1], square);
            }
            const V spread = simd::sqrt(square) + epsilon;
            if constexpr (Momentum) {
                s[1 + Centered] = simd::fma(one, d / spread, s[1 + Centered] * momentum);
                x = simd::fma(minus_rate, s[1 + Centered], x);
            } else {
                x = x + minus_rate * d / spread;
            }
        });
    }

    static void set_momentum(RmsPropOptions& o, double momentum) { o.momentum = momentum; }
    static void check(const RmsPropOptions& o)
    {
        require_option("learning rate", o.learning_rate, 0, largest_option);
        require_option("alpha", o.alpha, 0, below_one);
        require_option("epsilon", o.epsilon, above_zero, largest_option);
        require_option("weight decay", o.weight_decay, 0, largest_option);
        require_option("momentum", o.momentum, 0, below_one);
    }
    static std::string text(const RmsPropOptions& o)
    {
        return std::string(o.centered ? " centered" : "") + " alpha " + option_text(o.alpha) + ", epsilon " +
               option_text(o.epsilon) + ", weight decay " + option_text(o.weight_decay) + ", momentum " +
               option_text(o.momentum);
    }
};

} // namespace detail

/// w -= learning_rate * g / (sqrt(v) + epsilon) with a running mean v of g^2, as torch.optim.RMSprop.
///
/// ```cpp
/// RmsProp rms_prop{model, {.learning_rate = 1e-3, .momentum = 0.9, .centered = true}};
/// ```
///
///   groups : names of parameters, '*' for any characters; where several fit, the last that states an option
///            counts. A group's own learning rate keeps its proportion when `set_learning_rate` changes that
///            of all, unless that began at 0
///   errors : [ctnn.option] learning rate or weight decay negative or not finite; alpha or momentum outside
///            0..1 (1 excluded); epsilon below 1e-37; a group that no parameter is in
///   cost   : one pass over the parameters and one to three arrays as long; allocations at construction only
///   source : Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013 (arXiv:1308.0850)
template <class Net, Scalar T = float>
class RmsProp : public detail::optimizer<detail::rms_prop_rule, Net, T> {
public:
    using detail::optimizer<detail::rms_prop_rule, Net, T>::optimizer;
};
template <class Net, Mode M, class T>
RmsProp(const Model<Net, M, T>&, const RmsPropOptions& = {}, std::initializer_list<RmsPropGroup> = {})
    -> RmsProp<Net, T>;
template <class Net, Mode M, class T>
RmsProp(const Model<Net, M, T>&, const RmsPropOptions&, const RmsPropGroup*, const RmsPropGroup*)
    -> RmsProp<Net, T>;

} // namespace ctnn::inline CTNN_ARCH
