// SPDX-License-Identifier: BSD-3-Clause
/// Where a training went wrong: the first NaN or infinity.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include <ctnn/model/summary.hpp>
#include <ctnn/model/train.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The first layer, in the order they run, whose output held NaN or infinity in the last forward: "3 (Tanh)";
/// empty when all were finite. For the moment when a loss is not: it costs a pass over all activations.
template <class Net, std::size_t B, class Keep, class T>
[[nodiscard]] std::string first_non_finite_layer(const Model<Net, Train<B, Keep>, T>& model)
{
    if constexpr (detail::is_sound<Net, Train<B, Keep>>) { // else the model has complained
        const auto all_finite = [](std::span<const T> numbers) {
            return std::all_of(numbers.begin(), numbers.end(), [](T x) { return std::isfinite(x); });
        };
        for (std::size_t i = 0; i < detail::schedule_of<Net>.size.nodes; ++i) {
            bool is_finite = all_finite(model.workspace().output_numbers(i));
            // What the next layer does the work of has no output: its weights, then.
            if (model.workspace().output_numbers(i).empty())
                for (const detail::slot& s : detail::slots<Net, T>::value.slot_at)
                    if (s.node == i)
                        is_finite =
                            is_finite && all_finite({model.parameter_block() + s.offset, s.shape.size()});
            if (!is_finite)
                return std::string(detail::schedule_of<Net>.path(i)) + " (" + detail::name_of_node<Net>(i) +
                       ")";
        }
    }
    return {};
}

} // namespace ctnn::inline CTNN_ARCH
