// SPDX-License-Identifier: BSD-3-Clause
/// What a network learns of where in a sequence a position is.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A learnt vector for each of T positions, added to what stands there: the `wpe` of GPT-2 and makemore.
///
///   x, y     : (T, C)          weight : (T, C)
///   backward : dx is dy; dweight is set or added to, the sum over the batch
///   reset    : standard normal, as torch.nn.Embedding
///   errors   : [ctnn.shape] x is not (T, C)
template <std::size_t T, std::size_t C>
struct Position {
    static constexpr std::array parameters{Parameter{"weight", {T, C}}};

    static constexpr extents output(const extents& x)
    {
        return T != 0 && C != 0 && x == extents{T, C} ? x : extents::none();
    }
    static void forward(const auto& pass)
    {
        const auto [weight] = pass.parameters();
        for (std::size_t i = 0; i < pass.x().size(); i += T * C)
            kernel::add(pass.y().data() + i, pass.x().data() + i, weight.data(), T * C);
    }
    template <class P>
    static void backward(const P& pass)
    {
        const auto [dweight] = pass.gradients();
        if constexpr (P::weight_gradient != write_mode::skip)
            kernel::sum_rows<T * C, P::weight_gradient>(dweight.data(), pass.dy().data(), pass.rows);
        if constexpr (P::template input_gradient<> == write_mode::set)
            if (pass.dx().data() != pass.dy().data())
                kernel::copy(pass.dx().data(), pass.dy().data(), pass.dx().size());
        if constexpr (P::template input_gradient<> == write_mode::add)
            kernel::add(pass.dx().data(), pass.dx().data(), pass.dy().data(), pass.dx().size());
    }
    template <class S>
    static void reset(const std::array<std::span<S>, 1>& p, Generator& generator)
    {
        generator.fill_randn(p[0]);
    }

    using self = Position;
    static constexpr uses derivative_uses = uses::nothing;
    static constexpr bool in_place = true;
    static constexpr bool overwrites_gradients = true;
    static constexpr bool adds_gradients = true;
    static constexpr bool adds_input_gradients = true;
    static constexpr extents input(std::size_t) { return {T, C}; }
};

template <std::size_t T, std::size_t C>
struct expected_spread<Position<T, C>> {
    static Spread of(const Spread& x, const std::array<Spread, 1>& p)
    {
        return {x.mean + p[0].mean, std::sqrt(x.std * x.std + p[0].std * p[0].std)};
    }
};
namespace detail {

/// One step of a Position; the state is how many there were. After T of them the last vector stays.
template <std::size_t T, std::size_t C>
struct position_step {
    static constexpr auto parameters = Position<T, C>::parameters;
    static constexpr std::size_t state = 1;
    static constexpr extents output(const extents& x) { return x == extents{C} ? x : extents::none(); }
    template <class P>
    static void forward(const P& pass)
    {
        auto& steps = *pass.state();
        const auto [weight] = pass.parameters();
        const bool is_count = steps >= 0 && steps < static_cast<typename P::scalar>(T); // it can be set
        const std::size_t at = is_count ? static_cast<std::size_t>(steps) : T - 1;
        kernel::add(pass.y().data(), pass.x().data(), weight.data() + at * C, C);
        if (steps < static_cast<typename P::scalar>(T - 1)) steps += 1;
    }
};

} // namespace detail

template <std::size_t T, std::size_t C>
struct stream_rule<Position<T, C>> : steps_as<detail::position_step<T, C>> {};
template <std::size_t T, std::size_t C>
struct export_rule<detail::position_step<T, C>> {
    static std::string type(const extents&) { return detail::embedded_type("position_step", {T, C}); }
};
template <std::size_t T, std::size_t C>
struct export_rule<Position<T, C>> {
    static std::string type(const extents&) { return detail::embedded_type("position", {T * C}); }
};

} // namespace ctnn::inline CTNN_ARCH
