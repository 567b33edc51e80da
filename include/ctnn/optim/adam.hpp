// SPDX-License-Identifier: BSD-3-Clause
/// Adam, and the rule that it shares with AdamW.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <ctnn/kernel/update.hpp>
#include <ctnn/optim/optimizer.hpp>

namespace ctnn::inline CTNN_ARCH {

/// How much the running means of g and of g^2 keep in a step: `{.betas = {0.9, 0.99}}`.
struct Betas {
    double first = 0.9, second = 0.999;
    friend bool operator==(const Betas&, const Betas&) = default;
};

namespace detail {

/// What weight decay acts on: the gradient, or the weight itself.
enum class decays { gradient, weight };

template <decays On>
struct adam_options {
    double learning_rate = 1e-3;
    Betas betas = {};
    double epsilon = 1e-8;
    double weight_decay = On == decays::weight ? 1e-2 : 0;
    bool amsgrad = false;
    friend bool operator==(const adam_options&, const adam_options&) = default;
};
template <decays On>
struct adam_changes {
    change<double> learning_rate = {};
    change<Betas> betas = {};
    change<double> epsilon = {}, weight_decay = {};
    change<bool> amsgrad = {};

    void apply(adam_options<On>& o) const
    {
        learning_rate.apply(o.learning_rate);
        betas.apply(o.betas);
        epsilon.apply(o.epsilon);
        weight_decay.apply(o.weight_decay);
        amsgrad.apply(o.amsgrad);
    }
};

template <decays On>
struct adam_rule {
    using options = adam_options<On>;
    using changes = adam_changes<On>;
    static constexpr std::string_view title = On == decays::weight ? "AdamW" : "Adam";
    static constexpr std::array<std::string_view, 3> state{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
    static bool needs(const options& o, std::size_t k) { return k < 2 || o.amsgrad; }

    template <class T>
    static void update(T* w, const T* g, const std::array<T*, 3>& arrays, const options& o, std::int64_t step,
                       std::size_t n)
    {
        if (o.amsgrad) update<true, T>(w, g, arrays, o, step, n);
        else update<false, T>(w, g, {arrays[0], arrays[1]}, o, step, n);
    }

    /// m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, d = sqrt(v) / sqrt(1 - b2^t) + epsilon, w -= rate /
    /// (1 - b1^t) m / d; with amsgrad the largest v so far stands in d. Before that AdamW shrinks w, w = (1 -
    /// rate decay) w, and Adam adds to the gradient, g = g + decay w. Where there is an fma, every rounding
    /// is PyTorch's.
    template <bool Amsgrad, class T>
    static void update(T* w, const T* g, const std::array<T*, std::size_t{2} + Amsgrad>& arrays,
                       const options& o, std::int64_t step, std::size_t n)
    {
        using V = simd::vec<T>;
        const auto rounded = [](double x) { return V(static_cast<T>(x)); };
        const auto t = static_cast<double>(step);
        const auto& [beta1, beta2] = o.betas;
        const V keep = rounded(1 - o.learning_rate * o.weight_decay), decay = rounded(o.weight_decay),
                b1 = rounded(beta1), rest1 = rounded(1 - beta1), b2 = rounded(beta2),
                rest2 = rounded(1 - beta2), epsilon = rounded(o.epsilon),
                minus_rate = rounded(-(o.learning_rate / (1 - std::pow(beta1, t)))),
                correction = rounded(std::sqrt(1 - std::pow(beta2, t))), one = kernel::opaque_one<T>();
        kernel::update(w, g, arrays, n, [&](V& x, V d, V* s) CTNN_INLINE_LAMBDA {
            if constexpr (On == decays::weight) x = x * keep;
            else d = simd::fma(decay, x, d);
            s[0] = simd::fma(rest1, d, s[0] * b1);
            s[1] = simd::fma(rest2 * d, d, s[1] * b2);
            if constexpr (Amsgrad) s[2] = simd::max(s[2], s[1]);
            const V spread = simd::sqrt(s[1 + Amsgrad]) / correction + epsilon;
            x = simd::fma(one, minus_rate * s[0] / spread, x);
        });
    }

    static void set_momentum(options& o, double momentum) { o.betas.first = momentum; }
    static void check(const options& o)
    {
        require_option("learning rate", o.learning_rate, 0, largest_option);
        require_option("the first beta", o.betas.first, 0, below_one);
        require_option("the second beta", o.betas.second, 0, below_one);
        require_option("epsilon", o.epsilon, above_zero, largest_option);
        require_option("weight decay", o.weight_decay, 0, largest_option);
    }
    static std::string text(const options& o)
    {
        return std::string(o.amsgrad ? " amsgrad" : "") + " betas " + option_text(o.betas.first) + " and " +
               option_text(o.betas.second) + ", epsilon " + option_text(o.epsilon) + ", weight decay " +
               option_text(o.weight_decay);
    }
};

} // namespace detail

/// The names and meanings of torch.optim.Adam, in double as there: they are rounded where they meet T.
using AdamOptions = detail::adam_options<detail::decays::gradient>;
/// Those that a group of parameters has otherwise.
using AdamChanges = detail::adam_changes<detail::decays::gradient>;
/// The parameters with certain names, and what is otherwise for them.
using AdamGroup = OptionsGroup<AdamChanges>;

/// Steps along the running mean of the gradient over the root of that of its square, as torch.optim.Adam.
///
/// ```cpp
/// Adam adam{model, {.learning_rate = 1e-3, .betas = {0.9, 0.99}}};
/// ```
///
///   groups : as for Sgd
///   errors : [ctnn.option] learning rate or weight decay negative or not finite; a beta outside 0..1 (1
///            excluded); epsilon below 1e-37; a group that no parameter is in
///   cost   : one pass over the parameters and two arrays as long, three with amsgrad; allocations at
///            construction only
///   source : Kingma & Ba 2014 (arXiv:1412.6980); amsgrad: Reddi et al. 2018 (arXiv:1904.09237)
template <class Net, Scalar T = float>
class Adam : public detail::optimizer<detail::adam_rule<detail::decays::gradient>, Net, T> {
public:
    using detail::optimizer<detail::adam_rule<detail::decays::gradient>, Net, T>::optimizer;
};
template <class Net, Mode M, class T>
Adam(const Model<Net, M, T>&, const AdamOptions& = {}, std::initializer_list<AdamGroup> = {}) -> Adam<Net, T>;
template <class Net, Mode M, class T>
Adam(const Model<Net, M, T>&, const AdamOptions&, const AdamGroup*, const AdamGroup*) -> Adam<Net, T>;

} // namespace ctnn::inline CTNN_ARCH
