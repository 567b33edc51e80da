// SPDX-License-Identifier: BSD-3-Clause
/// Numbers as shares of one, over the last axis.
#pragma once

#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/softmax.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = e^x over its sum along the last axis: torch.nn.Softmax(dim=-1). For training a classifier it is not
/// needed: CrossEntropy takes the logits before it.
///
///   x, y     : (..., C), the same
///   backward : dx = y (dy - sum of dy y) is overwritten
///   numbers  : any finite x is well; +inf or NaN makes its row NaN, as a row of -inf alone is
///   errors   : [ctnn.shape] x has no axis
struct Softmax {
    static constexpr extents output(const extents& x) { return x.rank == 0 ? extents::none() : x; }
    template <class P>
    static void forward(const P& pass)
    {
        constexpr std::size_t C = P::input::value.last();
        for (std::size_t i = 0; i < pass.x().size(); i += C)
            kernel::softmax(pass.y().data() + i, pass.x().data() + i, C);
    }
    template <class P>
    static void backward(const P& pass)
    {
        constexpr std::size_t C = P::input::value.last();
        for (std::size_t i = 0; i < pass.y().size(); i += C)
            kernel::softmax_backward(pass.dx().data() + i, pass.dy().data() + i, pass.y().data() + i, C);
    }

    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
};

/// y = x - log of the sum of e^x along the last axis: torch.nn.LogSoftmax(dim=-1), for
/// NegativeLogLikelihood.
///
///   x, y     : (..., C), the same
///   backward : dx = dy - e^y times the sum of dy is overwritten
///   numbers  : any finite x is well; +inf or NaN makes its row NaN
///   errors   : [ctnn.shape] x has no axis
struct LogSoftmax {
    static constexpr extents output(const extents& x) { return x.rank == 0 ? extents::none() : x; }
    template <class P>
    static void forward(const P& pass)
    {
        constexpr std::size_t C = P::input::value.last();
        for (std::size_t i = 0; i < pass.x().size(); i += C)
            kernel::log_softmax(pass.y().data() + i, pass.x().data() + i, C);
    }
    template <class P>
    static void backward(const P& pass)
    {
        constexpr std::size_t C = P::input::value.last();
        for (std::size_t i = 0; i < pass.y().size(); i += C)
            kernel::log_softmax_backward(pass.dx().data() + i, pass.dy().data() + i, pass.y().data() + i, C);
    }

    static constexpr uses derivative_uses = uses::output;
};

template <>
struct stream_rule<Softmax> : steps_as<Softmax> {};
template <>
struct export_rule<Softmax> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("softmax", {x.size() / x.last(), x.last()});
    }
};
template <>
struct stream_rule<LogSoftmax> : steps_as<LogSoftmax> {};
template <>
struct export_rule<LogSoftmax> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("log_softmax", {x.size() / x.last(), x.last()});
    }
};

} // namespace ctnn::inline CTNN_ARCH
