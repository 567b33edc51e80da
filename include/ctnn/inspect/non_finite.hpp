// SPDX-License-Identifier: BSD-3-Clause
/// Where a training went wrong: the first NaN or infinity.
#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include <ctnn/model/summary.hpp>
#include <ctnn/model/train.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The first layer, in the order they run, whose output held NaN or infinity in the last forward: "3 (Tanh)"; empty when all were
/// finite. For the moment when a loss is not: it costs a pass over all activations.
template <class Net, std::size_t B, class Keep, class T>
[[nodiscard]] std::string first_non_finite_layer(const Model<Net, Train<B, Keep>, T>& model)
{
    std::string name;
    const auto paths = detail::paths_of<Net>();
    [&]<std::size_t... I>(std::index_sequence<I...>)
    {
        const auto look = [&]<std::size_t At>(std::integral_constant<std::size_t, At>) {
            if (!name.empty()) return;
            for (const T value : model.template output<At>())
                if (!std::isfinite(value)) {
                    name = std::string(paths[At].view()) + " (" + detail::layer_name<typename detail::flat_layers<Net>::template at<At>>() + ")";
                    return;
                }
        };
        (look(std::integral_constant<std::size_t, I>{}), ...);
    }
    (std::make_index_sequence<detail::flat_layers<Net>::size>{});
    return name;
}

} // namespace ctnn::inline CTNN_ARCH
