// SPDX-License-Identifier: BSD-3-Clause
/// Axes turned.
#pragma once

#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// y(..., B, A) from x(..., A, B).
template <std::size_t A, std::size_t B>
void turn(auto y, auto x)
{
    for (std::size_t first = 0; first < x.size(); first += A * B)
        for (std::size_t b = 0; b < B; ++b)
            for (std::size_t a = 0; a < A; ++a) y[first + b * A + a] = x[first + a * B + b];
}

} // namespace detail

/// The two axes of a sample turned: x.transpose(1, 2).
///
///   x        : (A, B)          y : (B, A)
///   backward : dx is overwritten
///   errors   : [ctnn.shape] x does not have two axes
struct Transpose {
    static constexpr extents output(const extents& x)
    {
        return x.rank == 2 ? extents{x[1], x[0]} : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        detail::turn<P::input::value[0], P::input::value[1]>(pass.y(), pass.x());
    }
    template <class P>
    static void backward(const P& pass)
    {
        detail::turn<P::input::value[1], P::input::value[0]>(pass.dx(), pass.dy());
    }

    static constexpr uses derivative_uses = uses::nothing;
};

/// From PyTorch's axes of signals and pictures to ours, where the channels of a pixel stand together:
/// (C, T) to (T, C), (C, H, W) to (H, W, C). It stands in front of the first convolution; see Image.
///
///   x        : (C, T) or (C, H, W)        y : (T, C) or (H, W, C)
///   backward : dx is overwritten
///   errors   : [ctnn.shape] x has no such axes
struct ChannelsLast {
    static constexpr extents output(const extents& x)
    {
        return x.rank == 2 ? extents{x[1], x[0]} : x.rank == 3 ? extents{x[1], x[2], x[0]} : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        constexpr extents x = P::input::value;
        detail::turn<x[0], x.size() / x[0]>(pass.y(), pass.x());
    }
    template <class P>
    static void backward(const P& pass)
    {
        constexpr extents x = P::input::value;
        detail::turn<x.size() / x[0], x[0]>(pass.dx(), pass.dy());
    }

    static constexpr uses derivative_uses = uses::nothing;
};

/// The way back: after the last picture, or before a Linear whose weights come from a network of
/// PyTorch's, which flattens (C, H, W).
///
///   x        : (T, C) or (H, W, C)        y : (C, T) or (C, H, W)
///   backward : dx is overwritten
///   errors   : [ctnn.shape] x has no such axes
struct ChannelsFirst {
    static constexpr extents output(const extents& x)
    {
        return x.rank == 2 ? extents{x[1], x[0]} : x.rank == 3 ? extents{x[2], x[0], x[1]} : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        constexpr extents x = P::input::value;
        detail::turn<x.size() / x.last(), x.last()>(pass.y(), pass.x());
    }
    template <class P>
    static void backward(const P& pass)
    {
        constexpr extents x = P::input::value;
        detail::turn<x.last(), x.size() / x.last()>(pass.dx(), pass.dy());
    }

    static constexpr uses derivative_uses = uses::nothing;
};

/// What a network of pictures begins with: xtensors go in with PyTorch's axes, (B, C, H, W), and on as
/// ChannelsLast turns them. `Sequential<Image<3, 32, 32>, Conv2d<3, 16, 3>, ...>`
///
///   errors   : [ctnn.shape] anywhere else, when the shape offered is another one
template <std::size_t C, std::size_t H, std::size_t W>
struct Image : ChannelsLast {
    static constexpr extents output(const extents& x)
    {
        return x == extents{C, H, W} ? ChannelsLast::output(x) : extents::none();
    }
    static constexpr extents input(std::size_t) { return {C, H, W}; }
};

template <>
struct expected_spread<Transpose> {
    static Spread of(const Spread& x, const auto&) { return x; }
};
template <>
struct expected_spread<ChannelsLast> : expected_spread<Transpose> {};
template <>
struct expected_spread<ChannelsFirst> : expected_spread<Transpose> {};
template <std::size_t C, std::size_t H, std::size_t W>
struct expected_spread<Image<C, H, W>> : expected_spread<Transpose> {};
template <>
struct export_rule<ChannelsLast> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("transpose", {x[0], x.size() / x[0]});
    }
};
template <std::size_t C, std::size_t H, std::size_t W>
struct export_rule<Image<C, H, W>> : export_rule<ChannelsLast> {};
template <>
struct export_rule<ChannelsFirst> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("transpose", {x.size() / x.last(), x.last()});
    }
};
template <>
struct export_rule<Transpose> {
    static std::string type(const extents& x) { return detail::embedded_type("transpose", {x[0], x[1]}); }
};

} // namespace ctnn::inline CTNN_ARCH
