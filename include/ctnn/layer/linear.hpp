// SPDX-License-Identifier: BSD-3-Clause
/// The affine layer.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/affine.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/kernel/update.hpp>
#include <ctnn/layer/fold_rules.hpp>
#include <ctnn/layer/options.hpp>
#include <ctnn/layer/packing_rules.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class Bias>
inline constexpr bool is_bias = false;
/// A class of its own, so that it complains once and not in every pass.
template <class Bias>
struct check_bias {
    static_assert(is_bias<Bias>, "[ctnn.layer] the third argument of Linear is WithBias or NoBias");
};
template <>
struct check_bias<WithBias> {};
template <>
struct check_bias<NoBias> {};

template <std::size_t In, std::size_t Out, class Bias>
struct TransposedLinear;

} // namespace detail

/// y = x w + b: `Linear<30, 200>`, or without b `Linear<30, 200, NoBias>`.
///
///   x        : last extent In (applied at each position), or extents that multiply to In (flattened)
///   y        : the same with last extent Out, or (Out)
///   weight   : (In, Out), the transpose of PyTorch's and of that in files        bias : (Out)
///   backward : dx, dweight and dbias are set or added to
///   reset    : weight and bias uniform in +-1/sqrt(In), drawn in the order of torch.nn.Linear
///   errors   : [ctnn.shape] any other x, or In or Out of 0
///   cost     : 2 In Out operations a row forward, twice that backward; scratch for some columns of the
///              weight, or for x and y of a batch where turning those is cheaper
template <std::size_t In, std::size_t Out, class Bias = WithBias>
struct Linear {
    static constexpr bool has_bias = std::is_same_v<Bias, WithBias>;
    static constexpr auto parameters = [] {
        if constexpr (has_bias)
            return std::array{Parameter{"weight", {In, Out}, 0, layout::transposed},
                              Parameter{"bias", {Out}}};
        else return std::array{Parameter{"weight", {In, Out}, 0, layout::transposed}};
    }();

    static constexpr extents output(const extents& x)
    {
        if (In == 0 || Out == 0 || x.rank == 0) return extents::none();
        if (x.last() == In) return x.with_last(Out);
        return x.size() == In ? extents{Out} : extents::none();
    }
    static constexpr extents input(std::size_t) { return {In}; }

    template <class P>
    static void forward(const P& pass)
    {
        check();
        const auto p = pass.parameters();
        constexpr std::size_t parts = P::training ? 1 : kernel::parts_of_sum<In, Out, typename P::scalar>();
        kernel::affine<In, Out, parts>(pass.y().data(), pass.x().data(), p[0].data(),
                                       has_bias ? p[p.size() - 1].data() : nullptr,
                                       pass.template rows_of<In>(), typename P::activation{});
    }

    template <class P>
    static void backward(const P& pass)
    {
        constexpr write_mode how = P::weight_gradient, how_dx = P::template input_gradient<>;
        const auto dp = pass.gradients();
        const auto rows = pass.template rows_of<In>();
        const auto *const x = pass.x().data(), *const dy = pass.dy().data();
        if constexpr (how_dx != write_mode::skip) // before a step changes the weight
            kernel::affine_backward_input<In, Out, how_dx>(pass.dx().data(), pass.scratch(), dy,
                                                           pass.parameters()[0].data(), rows);
        if constexpr (how == write_mode::set)
            kernel::affine_descend<In, Out>(pass.rate != nullptr ? pass.stepped_data[0] : dp[0].data(), dy, x,
                                            rows, pass.rate);
        else if constexpr (how == write_mode::add)
            kernel::affine_backward_weight<In, Out, how>(dp[0].data(), dy, x, rows);
        if constexpr (has_bias && how != write_mode::skip) {
            kernel::sum_rows<Out, how>(dp[1].data(), dy, rows);
            if (pass.rate != nullptr) kernel::descend(pass.stepped_data[1], dp[1].data(), Out, *pass.rate);
        }
    }

    template <class T, std::size_t N>
    static void reset(const std::array<std::span<T>, N>& p, Generator& generator)
    {
        const T bound = static_cast<T>(1 / std::sqrt(static_cast<double>(In)));
        for (std::size_t o = 0; o < Out; ++o)
            for (std::size_t i = 0; i < In; ++i) p[0][i * Out + o] = generator.uniform(-bound, bound);
        if constexpr (has_bias)
            for (T& b : p[1]) b = generator.uniform(-bound, bound);
    }

    using self = Linear;
    static constexpr std::size_t in_features = In;
    static constexpr uses derivative_uses = uses::input;
    static constexpr bool overwrites_gradients = true;
    /// the same on a weight of (Out, In), for a tied one
    using transposed = detail::TransposedLinear<In, Out, Bias>;
    static constexpr bool adds_gradients = true;
    static constexpr bool takes_steps = true;
    static constexpr bool adds_input_gradients = true;
    static constexpr applies_activation applies = applies_activation::forward;

    static constexpr std::size_t scratch(const extents& x, std::size_t batch)
    {
        return kernel::affine_scratch<In, Out>(batch * x.size() / In);
    }
    static constexpr std::size_t multiply_adds(const extents& x) { return x.size() * Out; }

    static std::string name()
    {
        return "Linear<" + std::to_string(In) + ", " + std::to_string(Out) + (has_bias ? ">" : ", NoBias>");
    }

    /// Complains of a third argument that is not a Bias.
    static constexpr void check() { (void)sizeof(detail::check_bias<Bias>); }
};

/// Sums of In products of independent numbers, and the bias.
template <std::size_t In, std::size_t Out, class Bias>
struct expected_spread<Linear<In, Out, Bias>> {
    template <std::size_t N>
    static Spread of(const Spread& x, const std::array<Spread, N>& p)
    {
        const double mean = static_cast<double>(In) * p[0].mean * x.mean, product = p[0].mean * x.mean;
        const double variance = static_cast<double>(In) * (p[0].square() * x.square() - product * product);
        const Spread bias = Linear<In, Out, Bias>::has_bias ? p[N - 1] : Spread{};
        return {mean + bias.mean, std::sqrt(variance + bias.std * bias.std)};
    }
};
template <std::size_t In, std::size_t Out, class Bias, Scalar T>
struct packing_rule<Linear<In, Out, Bias>, T> : detail::padded_matrix<In, Out, T> {
    template <class P>
    static void forward(const P& pass, const std::byte* packed)
    {
        constexpr std::size_t stride = packing_rule::stride;
        kernel::affine_padded<In, Out, stride, kernel::parts_of_sum<In, Out, T>()>(
            pass.y().data(), pass.x().data(), reinterpret_cast<const T*>(packed), pass.parameter_data[1],
            pass.template rows_of<In>(), typename P::activation{});
    }
};
template <std::size_t In, std::size_t Out, class Bias, SmallNumber N>
struct packing_rule<Linear<In, Out, Bias>, N>
    : detail::packed_matrix<N, In, Out, Linear<In, Out, Bias>::has_bias, detail::as_it_is> {
    template <class P>
    static void forward(const P& pass, const std::byte* packed)
    {
        kernel::small_affine<N, In, Out>(pass.y().data(), pass.x().data(), packed,
                                         pass.template rows_of<In>(), detail::rough_activation_of<P>{});
    }
};
template <std::size_t In, std::size_t Out, class Bias>
struct stream_rule<Linear<In, Out, Bias>> : steps_as<Linear<In, Out, Bias>> {};
template <std::size_t In, std::size_t Out, class Bias>
struct export_rule<Linear<In, Out, Bias>> {
    static std::string type(const extents& x, bool int8 = false)
    {
        return detail::embedded_type("linear", {x.size() / In, In, Out}, int8);
    }
};

namespace detail {

/// Linear with its weight as (Out, In): what a Tied layer becomes on the table of an embedding. It takes no
/// part in fusion.
///
///   eval : with scratch, in which the weight is turned a few columns at a time
template <std::size_t In, std::size_t Out, class Bias>
struct TransposedLinear {
    using plain = Linear<In, Out, Bias>;
    using self = TransposedLinear;
    static constexpr std::size_t in_features = In;
    static constexpr uses derivative_uses = uses::input;
    static constexpr bool adds_gradients = true, adds_input_gradients = true;
    static constexpr auto parameters = [] {
        auto all = plain::parameters;
        all[0] = {"weight", {Out, In}, 0, layout::same};
        return all;
    }();

    static constexpr extents output(const extents& x) { return plain::output(x); }
    static constexpr std::size_t scratch(const extents&, std::size_t)
    {
        return kernel::transposed_scratch<Out>(In);
    }
    static constexpr std::size_t eval_scratch(const extents&) { return kernel::transposed_scratch<Out>(In); }
    static constexpr std::size_t multiply_adds(const extents& x) { return x.size() * Out; }

    template <class T, std::size_t N>
    static void reset(const std::array<std::span<T>, N>& p, Generator& generator)
    {
        plain::reset(p, generator); // the draws count, the weight is another's
    }
    static std::string name() { return plain::name(); }

    template <class P>
    static void forward(const P& pass)
    {
        plain::check();
        const auto p = pass.parameters();
        kernel::affine_transposed<In, Out>(pass.y().data(), pass.scratch(), pass.x().data(), p[0].data(),
                                           plain::has_bias ? p[p.size() - 1].data() : nullptr,
                                           pass.template rows_of<In>());
    }

    template <class P>
    static void backward(const P& pass)
    {
        constexpr write_mode how = P::weight_gradient, how_dx = P::template input_gradient<>;
        const auto dp = pass.gradients();
        const auto rows = pass.template rows_of<In>();
        if constexpr (how != write_mode::skip) {
            kernel::affine_transposed_backward_weight<In, Out, how>(dp[0].data(), pass.dy().data(),
                                                                    pass.x().data(), rows);
            if constexpr (plain::has_bias) kernel::sum_rows<Out, how>(dp[1].data(), pass.dy().data(), rows);
        }
        if constexpr (how_dx != write_mode::skip)
            kernel::affine_transposed_backward_input<In, Out, how_dx>(pass.dx().data(), pass.dy().data(),
                                                                      pass.parameters()[0].data(), rows);
    }
};

} // namespace detail

template <std::size_t In, std::size_t Out, class Bias>
struct stream_rule<detail::TransposedLinear<In, Out, Bias>>
    : steps_as<detail::TransposedLinear<In, Out, Bias>> {};
template <std::size_t In, std::size_t Out, class Bias>
struct expected_spread<detail::TransposedLinear<In, Out, Bias>> : expected_spread<Linear<In, Out, Bias>> {};

} // namespace ctnn::inline CTNN_ARCH
