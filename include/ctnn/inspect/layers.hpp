// SPDX-License-Identifier: BSD-3-Clause
/// The layers and parameters of a network as rows of tables: what they are, and the statistics of what is in
/// them.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/core/roles.hpp>
#include <ctnn/inspect/statistics.hpp>
#include <ctnn/model/summary.hpp>
#include <ctnn/model/train.hpp>

namespace ctnn::inline CTNN_ARCH {

/// One layer of a network, as values.
struct LayerInfo {
    std::size_t index = 0;          ///< numbered through nested containers, as in `model.output<index>()`
    std::string path, type;         ///< "1.0" and "Linear<30, 100, NoBias>"
    std::vector<std::size_t> shape; ///< of one sample's output
    std::size_t parameters = 0;     ///< trainable numbers
    /// of its output
    Limits limits{-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
    /// it states limits
    bool saturates = false;
    bool elementwise = false;       ///< a nonlinearity: it states that it is elementwise, or limits
    bool before_activation = false; ///< what it gives goes into a nonlinearity
    bool reshapes_only = false;
    /// the layers whose outputs it takes; the network's inputs are numbered after the last layer
    std::vector<std::size_t> reads = {};

    /// "3 (Tanh)"
    [[nodiscard]] std::string name() const { return path + (path.empty() ? "(" : " (") + type + ")"; }
    /// The last extent: what a unit is. Everything before it counts as samples.
    [[nodiscard]] std::size_t units() const { return shape.empty() ? 1 : shape.back(); }
};

/// A layer, and its output and output gradient in the last step.
struct LayerStatistics {
    LayerInfo layer;
    Statistics output, gradient;
    /// share beyond 0.97 of its limits (zeros, for ReLU); NaN for a layer without limits
    double saturated = 0;
    double saturated_strictly = 0; ///< the same beyond 0.99
    Histogram outputs, gradients;
};

/// A parameter and its gradient in the last step.
struct ParameterStatistics {
    std::string name;
    std::vector<std::size_t> shape;
    Statistics value, gradient;
    double gradient_to_data = 0; ///< std of the gradient : std of the value
    Histogram values, gradients;
};

namespace detail {

template <class L>
LayerInfo layer_info()
{
    constexpr layer_facts f = facts<L>;
    LayerInfo info;
    info.type = layer_name<L>();
    info.elementwise = f.elementwise;
    info.reshapes_only = f.reshapes_only;
    if constexpr (requires { output_limits<L>::value; }) {
        info.limits = output_limits<L>::value;
        info.saturates = info.elementwise = true;
    }
    return info;
}

/// The numbers of one layer in a training model.
template <class T>
struct layer_numbers {
    std::span<const T> output, gradient;
};
template <class Net, std::size_t B, class T>
std::vector<layer_numbers<T>> numbers_of_layers(const Model<Net, Train<B, RetainGradients>, T>& model)
{
    std::vector<layer_numbers<T>> all;
    for (std::size_t i = 0; i < schedule_of<Net>.size.nodes; ++i)
        all.push_back({model.workspace().output_numbers(i), model.workspace().output_gradient_numbers(i)});
    return all;
}

/// A parameter of a model of Net, in its blocks.
template <class Net, class T>
struct parameter_at {
    std::size_t offset, size;
    std::string name;
    std::vector<std::size_t> shape;

    static std::vector<parameter_at> all()
    {
        std::vector<parameter_at> list;
        for (const slot& s : slots<Net, T>::value.slot_at) {
            if (!is_learning(s)) continue;
            parameter_at p{s.offset, s.shape.size(), std::string(s.name), {}};
            for (std::size_t i = 0; i < s.shape.rank; ++i) p.shape.push_back(s.shape[i]);
            list.push_back(std::move(p));
        }
        return list;
    }
    [[nodiscard]] std::span<const T> in(const T* block) const { return {block + offset, size}; }
};

} // namespace detail

/// The layers of a network in the order they run.
template <class Net>
[[nodiscard]] std::vector<LayerInfo> layers_of()
{
    constexpr auto& schedule = detail::schedule_of<Net>;
    constexpr auto infos = detail::by_leaf<Net>([]<class L> { return &detail::layer_info<L>; });
    std::vector<LayerInfo> layers;
    for (std::size_t i = 0; i < schedule.size.nodes; ++i) {
        LayerInfo& layer = layers.emplace_back(infos[detail::shapes_of<Net>.leaf[i]]());
        const extents& shape = detail::shape_given<Net>(i);
        layer.index = i;
        layer.path = std::string(schedule.path(i));
        layer.parameters = detail::parameter_elements<Net>(i);
        for (std::size_t axis = 0; axis < shape.rank; ++axis) layer.shape.push_back(shape[axis]);
    }
    for (std::size_t i = 0; i < layers.size(); ++i)
        for (std::size_t k = 0; k < schedule.nodes[i].reads.count; ++k) {
            std::size_t maker = 0, input = 0;
            while (maker < i && schedule.nodes[maker].gives != schedule.read(i, k)) ++maker;
            while (maker == i && schedule.inputs[input] != schedule.read(i, k)) ++input;
            layers[i].reads.push_back(maker < i ? maker : layers.size() + input);
        }
    for (std::size_t i = layers.size(); i-- > 0;)
        for (std::size_t reader = i + 1; reader < layers.size(); ++reader)
            if (schedule.read(reader) == schedule.nodes[i].gives &&
                (layers[reader].elementwise ||
                 (layers[reader].reshapes_only && layers[reader].before_activation)))
                layers[i].before_activation = true;
    return layers;
}

/// Statistics of every layer's output and output gradient in the last step, layers that only reshape left
/// out.
///
///   model : one that retains gradients, after a forward and a backward
///   bins  : of the histograms, from the smallest to the largest number
template <class Net, std::size_t B, class T>
[[nodiscard]] std::vector<LayerStatistics>
layer_statistics(const Model<Net, Train<B, RetainGradients>, T>& model, std::size_t bins = 50)
{
    std::vector<LayerStatistics> rows;
    const auto numbers = detail::numbers_of_layers(model);
    for (LayerInfo& layer : layers_of<Net>()) {
        if (layer.reshapes_only) continue;
        const std::span<const T> output = numbers[layer.index].output,
                                 gradient = numbers[layer.index].gradient;
        const auto share = [&](double threshold) {
            return layer.saturates ? detail::saturated_share_of(output, layer.limits, threshold)
                                   : std::numeric_limits<double>::quiet_NaN();
        };
        rows.push_back({layer, detail::statistics_of(output), detail::statistics_of(gradient), share(0.97),
                        share(0.99), detail::histogram_of(output, bins),
                        detail::histogram_of(gradient, bins)});
    }
    return rows;
}

/// Statistics of every trainable parameter and its gradient, in order.
template <class Net, std::size_t B, class Keep, class T>
[[nodiscard]] std::vector<ParameterStatistics>
parameter_statistics(const Model<Net, Train<B, Keep>, T>& model, std::size_t bins = 50)
{
    std::vector<ParameterStatistics> rows;
    for (auto& p : detail::parameter_at<Net, T>::all()) {
        const auto value = p.in(model.parameter_block()), gradient = p.in(model.gradient_block());
        const Statistics v = detail::statistics_of(value), g = detail::statistics_of(gradient);
        rows.push_back({std::move(p.name), std::move(p.shape), v, g, g.std / v.std,
                        detail::histogram_of(value, bins), detail::histogram_of(gradient, bins)});
    }
    return rows;
}

} // namespace ctnn::inline CTNN_ARCH
