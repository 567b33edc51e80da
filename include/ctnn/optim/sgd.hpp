// SPDX-License-Identifier: BSD-3-Clause
/// Stochastic gradient descent.
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

/// The names and meanings of torch.optim.SGD.
struct SgdOptions {
    float learning_rate = 0.1F;
    float momentum = 0;
    double dampening = 0; ///< in double, because 1 - dampening is rounded once
    float weight_decay = 0;
    bool nesterov = false;
    friend bool operator==(const SgdOptions&, const SgdOptions&) = default;
};
/// Those that a group of parameters has otherwise.
struct SgdChanges {
    detail::change<float> learning_rate = {}, momentum = {};
    detail::change<double> dampening = {};
    detail::change<float> weight_decay = {};
    detail::change<bool> nesterov = {};

    void apply(SgdOptions& o) const
    {
        learning_rate.apply(o.learning_rate);
        momentum.apply(o.momentum);
        dampening.apply(o.dampening);
        weight_decay.apply(o.weight_decay);
        nesterov.apply(o.nesterov);
    }
};
/// The parameters with certain names, and what is otherwise for them.
using SgdGroup = OptionsGroup<SgdChanges>;

namespace detail {

struct sgd_rule {
    using options = SgdOptions;
    using changes = SgdChanges;
    static constexpr std::string_view title = "SGD";
    static constexpr std::array<std::string_view, 1> state{"velocity"};
    static bool needs(const SgdOptions& o, std::size_t) { return o.momentum != 0; }

    /// g = g + decay w, v = momentum v + (1 - dampening) g, then w -= rate v, or with Nesterov w -= rate (g +
    /// momentum v). In the first step v = g. Where there is an fma, every rounding is PyTorch's.
    template <class T>
    static void update(T* w, const T* g, const std::array<T*, 1>& v, const SgdOptions& o, std::int64_t step,
                       std::size_t n)
    {
        using V = simd::vec<T>;
        const V minus_rate(static_cast<T>(-o.learning_rate)), decay(static_cast<T>(o.weight_decay)),
            momentum(static_cast<T>(o.momentum)), share(static_cast<T>(step == 1 ? 1 : 1 - o.dampening));
        if (o.momentum != 0)
            kernel::update(w, g, v, n, [&](V& x, V dx, V* velocity) CTNN_INLINE_LAMBDA {
                const V d = simd::fma(decay, x, dx);
                *velocity = simd::fma(share, d, momentum * *velocity);
                x = simd::fma(minus_rate, o.nesterov ? simd::fma(momentum, *velocity, d) : *velocity, x);
            });
        else if (o.weight_decay != 0)
            kernel::update<T, 0>(w, g, {}, n, [&](V& x, V dx, V*) CTNN_INLINE_LAMBDA {
                x = simd::fma(minus_rate, simd::fma(decay, x, dx), x);
            });
        else kernel::descend(w, g, n, static_cast<T>(o.learning_rate));
    }

    static bool is_plain(const SgdOptions& o) { return o.momentum == 0 && o.weight_decay == 0; }
    static void set_momentum(SgdOptions& o, double momentum) { o.momentum = static_cast<float>(momentum); }
    static void check(const SgdOptions& o)
    {
        const auto number = [](float x) { return static_cast<double>(x); };
        require_option("learning rate", number(o.learning_rate), 0, largest_option);
        require_option("weight decay", number(o.weight_decay), 0, largest_option);
        require_option("dampening", o.dampening, 0, largest_option);
        require_option("momentum", number(o.momentum), 0, below_one);
        if (o.nesterov && (o.momentum == 0 || o.dampening != 0))
            throw Error("ctnn.option",
                        "Nesterov momentum needs a momentum above 0 and no dampening, found momentum " +
                            std::to_string(o.momentum) + " and dampening " + std::to_string(o.dampening));
    }
    static std::string text(const SgdOptions& o)
    {
        return std::string(o.nesterov ? " Nesterov" : "") + " momentum " + option_text(o.momentum) +
               ", dampening " + option_text(static_cast<float>(o.dampening)) + ", weight decay " +
               option_text(o.weight_decay);
    }
};

} // namespace detail

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
///            of all, unless that began at 0
///   fixed  : parameters of Fixed layers are not there
///   errors : [ctnn.option] learning rate or weight decay negative or not finite; momentum outside 0..1 (1
///            excluded); Nesterov without momentum or with dampening; a group that no parameter is in
///   cost   : one pass over the parameters; allocations at construction only
template <class Net, Scalar T = float>
class Sgd : public detail::optimizer<detail::sgd_rule, Net, T> {
public:
    using detail::optimizer<detail::sgd_rule, Net, T>::optimizer;
};
template <class Net, Mode M, class T>
Sgd(const Model<Net, M, T>&, const SgdOptions& = {}, std::initializer_list<SgdGroup> = {}) -> Sgd<Net, T>;
template <class Net, Mode M, class T>
Sgd(const Model<Net, M, T>&, const SgdOptions&, const SgdGroup*, const SgdGroup*) -> Sgd<Net, T>;

} // namespace ctnn::inline CTNN_ARCH
