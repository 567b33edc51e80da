// SPDX-License-Identifier: BSD-3-Clause
/// Group normalisation.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/group_norm.hpp>
#include <ctnn/layer/normalisation.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// The passes that LayerNorm and GroupNorm share: Groups groups in each of (rows * x.size()) / (positions *
/// C) samples.
template <std::size_t C, std::size_t Groups>
struct group_passes {
    static constexpr double epsilon = 1e-5; // torch.nn.GroupNorm's and torch.nn.LayerNorm's

    template <class P>
    static void forward(const P& pass, std::size_t positions)
    {
        using T = typename P::scalar;
        const auto [gain, shift] = pass.parameters();
        const std::size_t rows = pass.x().size() / (positions * C);
        T *mean = nullptr, *inverse_std = nullptr;
        if constexpr (P::training) {
            mean = pass.saved();
            inverse_std = mean + 2 * rows * Groups;
        }
        kernel::group_norm<C, Groups, typename P::activation, T>(pass.y().data(), pass.x().data(),
                                                                 gain.data(), shift.data(), mean, inverse_std,
                                                                 static_cast<T>(epsilon), rows, positions);
    }
    template <class P>
    static void backward(const P& pass, std::size_t positions)
    {
        const auto [dgain, dshift] = pass.gradients();
        const std::size_t rows = pass.x().size() / (positions * C);
        kernel::group_norm_backward<C, Groups, typename P::activation, P::template input_gradient<>>(
            pass.dx().data(), dgain.data(), dshift.data(), pass.dy().data(), pass.y().data(), pass.x().data(),
            pass.parameters()[0].data(), pass.saved(), pass.saved() + 2 * rows * Groups, rows, positions);
    }
};

} // namespace detail

/// Normalisation of each sample by itself, in Groups groups of C / Groups neighbouring features, over all
/// positions of the sample. The batch plays no part: training and eval are the same, a single row will do.
///
///   x, y     : (..., C), as torch.nn.GroupNorm(Groups, C) with the features on its axis 1
///   weight (gain), bias (shift) : (C)
///   method   : biased variance of the group, plus 1e-5
///   backward : dx, dweight and dbias are overwritten
///   errors   : [ctnn.shape] last extent of x is not C, or Groups does not divide C
///   cost     : 3 passes over x forward, 2 backward; no allocation
///   source   : Wu & He 2018 (arXiv:1803.08494)
template <std::size_t Groups, std::size_t C>
struct GroupNorm : detail::normalises_samples<C> {
    static constexpr std::array parameters{Parameter{"weight", {C}, 1}, Parameter{"bias", {C}, 0}};

    static constexpr extents output(const extents& x)
    {
        return C != 0 && Groups != 0 && C % (Groups == 0 ? 1 : Groups) == 0 && x.rank > 0 && x.last() == C
                   ? x
                   : extents::none();
    }

    template <class P>
    static void forward(const P& pass)
    {
        detail::group_passes<C, Groups>::forward(pass, P::template x_extent<> / C);
    }
    template <class P>
    static void backward(const P& pass)
    {
        detail::group_passes<C, Groups>::backward(pass, P::template x_extent<> / C);
    }

    using self = GroupNorm;
    static constexpr std::size_t saved(const extents&, std::size_t rows) { return 3 * Groups * rows; }
};

template <std::size_t Groups, std::size_t C>
struct expected_spread<GroupNorm<Groups, C>> : detail::scaled_and_shifted {};
template <std::size_t Groups, std::size_t C>
struct export_rule<GroupNorm<Groups, C>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("group_norm", {1, x.size() / C, Groups, C});
    }
};

} // namespace ctnn::inline CTNN_ARCH
