// SPDX-License-Identifier: BSD-3-Clause
/// Layer normalisation.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <ctnn/layer/group_norm.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Normalisation of each sample, at each position, over its C features. The batch plays no part: training and
/// eval are the same, a single row will do.
///
///   x, y     : (..., C)        weight (gain), bias (shift) : (C)
///   method   : biased variance of the C features, plus 1e-5, as torch.nn.LayerNorm(C)
///   backward : dx, dweight and dbias are overwritten
///   errors   : [ctnn.shape] last extent of x is not C
///   cost     : 3 passes over x forward, 2 backward; no allocation
///   source   : Ba, Kiros & Hinton 2016 (arXiv:1607.06450)
template <std::size_t C>
struct LayerNorm : detail::normalises_samples<C> {
    static constexpr std::array parameters{Parameter{"weight", {C}, 1}, Parameter{"bias", {C}, 0}};

    static void forward(const auto& pass) { detail::group_passes<C, 1>::forward(pass, 1); }
    static void backward(const auto& pass) { detail::group_passes<C, 1>::backward(pass, 1); }

    using self = LayerNorm;
    static constexpr std::size_t saved(const extents& x, std::size_t rows) { return 3 * rows * x.size() / C; }
};

template <std::size_t C>
struct expected_spread<LayerNorm<C>> : detail::scaled_and_shifted {};
template <std::size_t C>
struct stream_rule<LayerNorm<C>> : steps_as<LayerNorm<C>> {};
template <std::size_t C>
struct export_rule<LayerNorm<C>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("group_norm", {x.size() / C, 1, 1, C});
    }
};

} // namespace ctnn::inline CTNN_ARCH
