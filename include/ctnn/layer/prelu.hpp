// SPDX-License-Identifier: BSD-3-Clause
/// The rectified linear unit with a slope that is learnt.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/prelu.hpp>

namespace ctnn::inline CTNN_ARCH {

/// y = x where x > 0, else weight x: `PReLU<>` with one weight for all numbers, `PReLU<C>` with one for each
/// of the C features of the last axis.
///
///   x, y     : any shape, the same; for N > 1 of last extent N        weight : (N), at first 0.25
///   backward : dx = dy where x > 0, else weight dy, is overwritten; dweight, the sum of x dy where x <= 0,
///              is set or added to
///   errors   : [ctnn.shape] the last extent of x is not N
///   source   : He et al. 2015 (arXiv:1502.01852); in PyTorch the features are axis 1
template <std::size_t N = 1>
struct PReLU {
    static constexpr std::array parameters{Parameter{"weight", {N}, 0.25}};

    static constexpr extents output(const extents& x)
    {
        const bool fits = N == 1 || (x.rank > 0 && x.last() == N);
        return N > 0 && fits ? x : extents::none();
    }
    static void forward(const auto& pass)
    {
        kernel::prelu<N>(pass.y().data(), pass.x().data(), pass.parameters()[0].data(), pass.x().size());
    }
    template <class P>
    static void backward(const P& pass)
    {
        if constexpr (P::weight_gradient != write_mode::skip)
            kernel::prelu_backward_weight<N, P::weight_gradient>(pass.gradients()[0].data(), pass.dy().data(),
                                                                 pass.x().data(), pass.x().size());
        kernel::prelu_backward<N>(pass.dx().data(), pass.dy().data(), pass.x().data(),
                                  pass.parameters()[0].data(), pass.x().size());
    }

    using self = PReLU;
    static constexpr uses derivative_uses = uses::input;
    static constexpr bool overwrites_gradients = true, adds_gradients = true;
    static constexpr bool in_place = true;
};

template <std::size_t N>
struct stream_rule<PReLU<N>> : steps_as<PReLU<N>> {};
template <std::size_t N>
struct export_rule<PReLU<N>> {
    static std::string type(const extents& x) { return detail::embedded_type("prelu", {x.size() / N, N}); }
};

} // namespace ctnn::inline CTNN_ARCH
