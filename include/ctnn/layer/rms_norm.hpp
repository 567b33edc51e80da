// SPDX-License-Identifier: BSD-3-Clause
/// Normalisation by the root mean square.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/rms_norm.hpp>
#include <ctnn/layer/normalisation.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Each sample, at each position, divided by the root mean square of its C features; their mean stays. The
/// batch plays no part: training and eval are the same.
///
///   x, y     : (..., C)        weight (gain) : (C)
///   Digits   : 10^-Digits is added to the mean square, 5 or 6 as LLaMA does; with 0 the epsilon of T, as
///              torch.nn.RMSNorm(C) of PyTorch 2.4 does
///   backward : dx and dweight are overwritten
///   errors   : [ctnn.shape] last extent of x is not C
///   cost     : 2 passes over x forward, 2 backward; no allocation
///   source   : Zhang & Sennrich 2019 (arXiv:1910.07467)
template <std::size_t C, std::size_t Digits = 0>
struct RmsNorm : detail::normalises_samples<C> {
    static constexpr std::array parameters{Parameter{"weight", {C}, 1}};

    template <class P>
    static void forward(const P& pass)
    {
        using T = typename P::scalar;
        T* inverse_rms = nullptr;
        if constexpr (P::training) inverse_rms = pass.saved();
        kernel::rms_norm<C, typename P::activation>(pass.y().data(), pass.x().data(),
                                                    pass.parameters()[0].data(), inverse_rms, epsilon<T>,
                                                    pass.x().size() / C);
    }
    template <class P>
    static void backward(const P& pass)
    {
        kernel::rms_norm_backward<C, typename P::activation, P::template input_gradient<>>(
            pass.dx().data(), pass.gradients()[0].data(), pass.dy().data(), pass.y().data(), pass.x().data(),
            pass.parameters()[0].data(), pass.saved(), pass.x().size() / C);
    }

    template <class T>
    static constexpr T epsilon = [] {
        double power = 1;
        for (std::size_t i = 0; i < Digits; ++i) power *= 10;
        return Digits == 0 ? std::numeric_limits<T>::epsilon() : static_cast<T>(1 / power);
    }();

    using self = RmsNorm;
    static constexpr std::size_t saved(const extents& x, std::size_t rows) { return rows * x.size() / C; }
};

template <std::size_t C, std::size_t Digits>
struct expected_spread<RmsNorm<C, Digits>> {
    static Spread of(const Spread& x, const std::array<Spread, 1>& gain)
    {
        const double mean = x.mean / std::sqrt(x.square()) * gain[0].mean;
        return {mean, std::sqrt(gain[0].square() - mean * mean)};
    }
};
template <std::size_t C, std::size_t Digits>
struct stream_rule<RmsNorm<C, Digits>> : steps_as<RmsNorm<C, Digits>> {};
template <std::size_t C, std::size_t Digits>
struct export_rule<RmsNorm<C, Digits>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("rms_norm", {x.size() / C, C, Digits});
    }
};

} // namespace ctnn::inline CTNN_ARCH
