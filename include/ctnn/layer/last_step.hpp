// SPDX-License-Identifier: BSD-3-Clause
/// From many positions to one: the last, or the mean.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/layer/flatten.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The last position of a sequence: x[:, -1, :].
///
///   x        : (T, C)          y : (C)
///   backward : dx is overwritten, with 0 at every position but the last
///   errors   : [ctnn.shape] x does not have two axes
struct LastStep {
    static constexpr extents output(const extents& x)
    {
        return x.rank == 2 && x[0] > 0 ? extents{x[1]} : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        constexpr std::size_t T = P::input::value[0], C = P::input::value[1];
        for (std::size_t r = 0; r < pass.y().size() / C; ++r)
            std::copy_n(pass.x().data() + (r * T + T - 1) * C, C, pass.y().data() + r * C);
    }
    template <class P>
    static void backward(const P& pass)
    {
        constexpr std::size_t T = P::input::value[0], C = P::input::value[1];
        std::fill(pass.dx().begin(), pass.dx().end(), typename P::scalar{0});
        for (std::size_t r = 0; r < pass.dy().size() / C; ++r)
            std::copy_n(pass.dy().data() + r * C, C, pass.dx().data() + (r * T + T - 1) * C);
    }

    static constexpr uses derivative_uses = uses::nothing;
};

/// The mean over the positions of a sequence, x.mean(1), or over the pixels of a picture.
///
///   x        : (T, C) or (H, W, C)          y : (C)
///   backward : dx = dy / T at every position, T being their number, is overwritten
///   errors   : [ctnn.shape] x does not have two or three axes
struct GlobalMean {
    static constexpr extents output(const extents& x)
    {
        return (x.rank == 2 || x.rank == 3) && x.size() > 0 ? extents{x.last()} : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        using S = typename P::scalar;
        constexpr std::size_t C = P::input::value.last(), T = P::input::value.size() / C;
        const S* x = pass.x().data();
        S* y = pass.y().data();
        for (std::size_t r = 0; r < pass.y().size() / C; ++r, y += C) {
            std::copy_n(x, C, y);
            for (std::size_t t = 1; t < T; ++t)
                for (std::size_t c = 0; c < C; ++c) y[c] += x[t * C + c];
            for (std::size_t c = 0; c < C; ++c) y[c] /= static_cast<S>(T);
            x += T * C;
        }
    }
    template <class P>
    static void backward(const P& pass)
    {
        using S = typename P::scalar;
        constexpr std::size_t C = P::input::value.last(), T = P::input::value.size() / C;
        const S* dy = pass.dy().data();
        S* dx = pass.dx().data();
        for (std::size_t r = 0; r < pass.dy().size() / C; ++r, dy += C)
            for (std::size_t t = 0; t < T; ++t, dx += C)
                for (std::size_t c = 0; c < C; ++c) dx[c] = dy[c] / static_cast<S>(T);
    }

    static constexpr uses derivative_uses = uses::nothing;
};
/// Its name among the pools.
using GlobalAveragePool = GlobalMean;

namespace detail {

/// One step of a GlobalMean: the mean of those so far, in which, after each million, older ones count half.
/// The state is their sum, and how many they are.
template <std::size_t C>
struct mean_step {
    static constexpr std::size_t state = C + 1;
    static constexpr extents output(const extents& x) { return x == extents{C} ? x : extents::none(); }
    template <class P>
    static void forward(const P& pass)
    {
        auto* const sum = pass.state();
        // A float counts to 2^24: long before, what is old begins to count half.
        if (sum[C] >= 1 << 20)
            for (std::size_t c = 0; c <= C; ++c) sum[c] /= 2;
        sum[C] += 1;
        for (std::size_t c = 0; c < C; ++c) {
            sum[c] += pass.x()[c];
            pass.y()[c] = sum[c] / sum[C];
        }
    }
};

} // namespace detail

/// Of a stream the last step so far.
template <>
struct stream_rule<LastStep> : steps_as<Identity> {
    static constexpr bool ends_time = true;
};
template <>
struct stream_rule<GlobalMean> {
    template <class X>
    using step = detail::mean_step<X::value[1]>;
    static constexpr bool ends_time = true;
};
template <std::size_t C>
struct export_rule<detail::mean_step<C>> {
    static std::string type(const extents&) { return detail::embedded_type("mean_step", {C}); }
};

template <>
struct expected_spread<LastStep> {
    static Spread of(const Spread& x, const auto&) { return x; }
};
template <>
struct export_rule<LastStep> {
    static std::string type(const extents& x) { return detail::embedded_type("last_step", {x[0], x[1]}); }
};
template <>
struct export_rule<GlobalMean> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("global_mean", {x.size() / x.last(), x.last()});
    }
};

} // namespace ctnn::inline CTNN_ARCH
