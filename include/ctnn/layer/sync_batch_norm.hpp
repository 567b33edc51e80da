// SPDX-License-Identifier: BSD-3-Clause
/// Batch normalisation over all shards of a batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/sync_batch_norm.hpp>
#include <ctnn/layer/batch_norm.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A convention of batch normalisation over all shards of a step.
template <class Convention = PyTorchConvention>
struct Synchronised {
    static constexpr kernel::batch_norm_constants constants = detail::known_convention<Convention>::constants;
    static constexpr std::string_view running_spread = detail::known_convention<Convention>::running_spread;
};

/// Batch normalisation by the mean and variance of the whole batch of a DataParallel model, where BatchNorm
/// goes by those of each shard: torch.nn.SyncBatchNorm. In a Model it is BatchNorm.
///
///   shapes, parameters, errors : those of BatchNorm
///   cost                       : two more meetings of the workers a layer and step, with 3 C numbers forward
///                                and 2 C backward
template <std::size_t C, class Convention = PyTorchConvention>
using SyncBatchNorm = BatchNorm<C, Synchronised<Convention>>;

template <std::size_t C, class Convention>
struct shard_rule<BatchNorm<C, Synchronised<Convention>>> {
    using layer = BatchNorm<C, Synchronised<Convention>>;
    static constexpr std::size_t numbers = 3 * C, backward_numbers = 2 * C;

    template <class P>
    static void tell(const P& pass, typename P::scalar* moments)
    {
        kernel::batch_norm_moments<C>(moments, pass.x().data(), pass.template rows_of<C>());
    }
    template <class P>
    static void merge(typename P::scalar* a, const typename P::scalar* b, std::size_t shards)
    {
        constexpr std::size_t rows = P::mode::batch * P::template x_extent<> / C;
        kernel::merge_moments<C>(a, b, rows * shards);
    }
    template <class P>
    static void forward(const P& pass, const typename P::scalar* all, std::size_t shards)
    {
        const auto [gain, shift] = pass.parameters();
        const auto [running_mean, running_spread] = pass.buffers();
        const std::size_t rows = pass.template rows_of<C>();
        kernel::batch_norm_with<C, typename P::activation, typename P::scalar>(
            pass.y().data(), pass.x().data(), all,
            {gain.data(), shift.data(), pass.saved(), pass.saved() + 2 * C, running_mean.data(),
             running_spread.data()},
            layer::constants, rows, rows * shards);
    }
    template <class P>
    static void tell_backward(const P& pass, typename P::scalar* sums)
    {
        kernel::batch_norm_sums<C, typename P::activation>(sums, pass.dy().data(), pass.y().data(),
                                                           pass.x().data(), pass.saved(),
                                                           pass.saved() + 2 * C, pass.template rows_of<C>());
        static_assert(P::weight_gradient != write_mode::add,
                      "[ctnn.layer] a SyncBatchNorm does not share its parameters with another");
        if constexpr (P::weight_gradient == write_mode::set) {
            const auto [dgain, dshift] = pass.gradients();
            std::copy_n(sums, C, dgain.data());
            std::copy_n(sums + C, C, dshift.data());
        }
    }
    template <class P>
    static void backward(const P& pass, const typename P::scalar* all, std::size_t shards)
    {
        const std::size_t rows = pass.template rows_of<C>();
        kernel::batch_norm_backward_with<C, typename P::activation>(
            pass.dx().data(), all, pass.dy().data(), pass.y().data(), pass.x().data(),
            pass.parameters()[0].data(), pass.saved(), pass.saved() + 2 * C, layer::constants, rows,
            rows * shards);
    }
};

} // namespace ctnn::inline CTNN_ARCH
