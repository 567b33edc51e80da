// SPDX-License-Identifier: BSD-3-Clause
/// Units that are saturated for every sample: no gradient reaches what is before them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/inspect/layers.hpp>
#include <ctnn/model/eval_outputs.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Which units of an activation are saturated for which samples of a batch: the lecture's black and white
/// picture.
struct SaturationMap {
    LayerInfo layer;
    xt::xtensor<bool, 2> saturated; ///< (samples, units); positions of a sample count as samples
    std::vector<std::size_t> dead;  ///< units that are saturated in every row

    /// The share of true.
    [[nodiscard]] double share() const
    {
        return static_cast<double>(std::count(saturated.begin(), saturated.end(), true)) /
               static_cast<double>(saturated.size());
    }
};

/// The dead units of an activation over a data set.
struct DeadUnits {
    LayerInfo layer;
    std::size_t samples = 0;          ///< rows looked at; positions of a sample count as samples
    std::vector<std::size_t> dead;    ///< units that were saturated in each of them
    xt::xtensor<double, 1> saturated; ///< (units): in which share of the rows each was
};

namespace detail {

/// Counts, for each unit, the rows in which it is saturated.
template <class T>
void count_saturated(std::vector<std::size_t>& count, std::span<const T> y, const LayerInfo& layer,
                     double threshold)
{
    const saturation_bounds<T> bounds(layer.limits, threshold);
    count.resize(layer.units());
    for (std::size_t row = 0; row < y.size(); row += count.size())
        for (std::size_t u = 0; u < count.size(); ++u)
            if (bounds.hold(y[row + u])) ++count[u];
}

} // namespace detail

/// The saturation maps of all layers that state limits (Tanh, Sigmoid, ReLU), in the last step of a training
/// model.
///
///   threshold : 0.99 is |h| > 0.99 for tanh; ReLU counts zeros whatever it is
template <class Net, std::size_t B, class T>
[[nodiscard]] std::vector<SaturationMap>
saturation_maps(const Model<Net, Train<B, RetainGradients>, T>& model, double threshold = 0.99)
{
    std::vector<SaturationMap> maps;
    const auto numbers = detail::numbers_of_layers(model);
    for (LayerInfo& layer : layers_of<Net>()) {
        if (!layer.saturates) continue;
        const auto y = numbers[layer.index].output;
        const std::size_t units = layer.units(), rows = y.size() / units;
        SaturationMap map{layer, xt::xtensor<bool, 2>::from_shape({rows, units}), {}};
        const detail::saturation_bounds<T> bounds(layer.limits, threshold);
        for (std::size_t i = 0; i < y.size(); ++i) map.saturated.data()[i] = bounds.hold(y[i]);
        for (std::size_t u = 0; u < units; ++u) {
            std::size_t r = 0;
            while (r < rows && map.saturated(r, u)) ++r;
            if (r == rows) map.dead.push_back(u);
        }
        maps.push_back(std::move(map));
    }
    return maps;
}

/// The dead units of all layers that state limits, over a whole data set. A training model is looked at as
/// `Model<Net, Eval>{model}`.
///
///   x      : an xtensor of (n, input shape), n >= 1
///   errors : [ctnn.shape] other extents, or no samples; [ctnn.class_id] an id out of range
template <class Net, class T, class X>
[[nodiscard]] std::vector<DeadUnits> dead_units(const Model<Net, Eval, T>& model, const X& x,
                                                double threshold = 0.99)
{
    if (detail::rows_of(x) == 0)
        throw Error("ctnn.shape", "dead units are asked for over no samples, expected at least one");
    const std::vector<LayerInfo> layers = layers_of<Net>();
    std::vector<std::vector<std::size_t>> count(layers.size());
    std::vector<std::size_t> rows(layers.size());
    for_each_output(model, x, [&](std::size_t at, std::span<const T>, std::span<const T> y) {
        const LayerInfo& layer = layers[at];
        if (!layer.saturates) return;
        detail::count_saturated(count[at], y, layer, threshold);
        rows[at] += y.size() / layer.units();
    });
    std::vector<DeadUnits> result;
    for (const LayerInfo& layer : layers) {
        if (!layer.saturates) continue;
        DeadUnits d{layer, rows[layer.index], {}, xt::xtensor<double, 1>::from_shape({layer.units()})};
        for (std::size_t u = 0; u < layer.units(); ++u) {
            const std::size_t n = count[layer.index][u];
            d.saturated(u) = static_cast<double>(n) / static_cast<double>(d.samples);
            if (n == d.samples) d.dead.push_back(u);
        }
        result.push_back(std::move(d));
    }
    return result;
}

} // namespace ctnn::inline CTNN_ARCH
