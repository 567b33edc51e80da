// SPDX-License-Identifier: BSD-3-Clause
/// How the losses of a batch become one number.
#pragma once

#include <cstddef>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

/// `mean` over all of them, `batch_mean`, which is their sum divided by the number of samples, or `sum`. With
/// `none` the loss that is returned, and its gradient, are those of `sum`, and `losses()` has each of them.
enum class Reduction { mean, batch_mean, sum, none };

namespace detail {

/// What a sum of `terms` losses of `samples` samples is multiplied by.
constexpr double share_of_each(Reduction reduction, double terms, std::size_t samples)
{
    return reduction == Reduction::mean         ? 1 / terms
           : reduction == Reduction::batch_mean ? 1 / static_cast<double>(samples)
                                                : 1;
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
