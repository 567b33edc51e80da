// SPDX-License-Identifier: BSD-3-Clause
/// Two axes turned.
#pragma once

#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>

namespace ctnn::inline CTNN_ARCH {

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
        turn<P::input::value[0], P::input::value[1]>(pass.y(), pass.x());
    }
    template <class P>
    static void backward(const P& pass)
    {
        turn<P::input::value[1], P::input::value[0]>(pass.dx(), pass.dy());
    }

    static constexpr uses derivative_uses = uses::nothing;

private:
    /// y(..., B, A) from x(..., A, B).
    template <std::size_t A, std::size_t B>
    static void turn(auto y, auto x)
    {
        for (std::size_t first = 0; first < x.size(); first += A * B)
            for (std::size_t b = 0; b < B; ++b)
                for (std::size_t a = 0; a < A; ++a) y[first + b * A + a] = x[first + a * B + b];
    }
};

template <>
struct expected_spread<Transpose> {
    static Spread of(const Spread& x, const auto&) { return x; }
};
template <>
struct export_rule<Transpose> {
    static std::string type(const extents& x) { return detail::embedded_type("transpose", {x[0], x[1]}); }
};

} // namespace ctnn::inline CTNN_ARCH
