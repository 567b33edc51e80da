// SPDX-License-Identifier: BSD-3-Clause
/// Where a training went wrong: the first NaN or infinity.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>

#include <ctnn/model/summary.hpp>
#include <ctnn/model/train.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The first layer, in the order they run, whose output held NaN or infinity in the last forward: "3 (Tanh)";
/// empty when all were finite. For the moment when a loss is not: it costs a pass over all activations.
template <class Net, std::size_t B, class Keep, class T>
[[nodiscard]] std::string first_non_finite_layer(const Model<Net, Train<B, Keep>, T>& model)
{
    if constexpr (detail::is_sound<Net, Train<B, Keep>>) // else the model has complained
        for (std::size_t i = 0; i < detail::schedule_of<Net>.size.nodes; ++i)
            for (const T value : model.workspace().output_numbers(i))
                if (!std::isfinite(value))
                    return std::string(detail::schedule_of<Net>.path(i)) + " (" +
                           detail::name_of_node<Net>(i) + ")";
    return {};
}

} // namespace ctnn::inline CTNN_ARCH
