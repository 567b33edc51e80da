// SPDX-License-Identifier: BSD-3-Clause
/// BatchNorm's running statistics beside those of a whole data set.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/core/roles.hpp>
#include <ctnn/inspect/layers.hpp>
#include <ctnn/model/eval_outputs.hpp>

namespace ctnn::inline CTNN_ARCH {

/// One layer that keeps running statistics, and what they would be if they were measured. `spread` is a
/// variance or a standard deviation, whichever the layer keeps.
struct Calibration {
    LayerInfo layer;
    bool spread_is_std = false;
    xt::xtensor<double, 1> running_mean, running_spread; ///< (features), as the model has them
    xt::xtensor<double, 1> mean, spread;                 ///< (features), of the data set

    /// The largest distance between a running mean and the measured one, in measured standard deviations of
    /// that feature.
    [[nodiscard]] double worst_mean() const
    {
        double worst = 0;
        for (std::size_t c = 0; c < mean.size(); ++c) {
            const double std = spread_is_std ? spread(c) : std::sqrt(spread(c));
            worst = std::max(worst, std::fabs(running_mean(c) - mean(c)) / std::max(std, 1e-12));
        }
        return worst;
    }
    /// The largest factor between a running standard deviation and the measured one, either way; 1 is equal.
    [[nodiscard]] double worst_std() const
    {
        double worst = 1;
        for (std::size_t c = 0; c < spread.size(); ++c) {
            const double ratio = std::max(running_spread(c), 1e-24) / std::max(spread(c), 1e-24);
            worst = std::max(worst, std::max(ratio, 1 / ratio));
        }
        return spread_is_std ? worst : std::sqrt(worst);
    }
};

namespace detail {

/// What a layer keeps of how many features; of none for one that keeps nothing.
struct kept_statistics {
    std::size_t features = 0;
    bool is_std = false;
    double correction = 0;
};
template <class L>
constexpr kept_statistics statistics_of_leaf()
{
    using kept = running_statistics<L>;
    if constexpr (requires { kept::is_std; })
        return {L::buffers[0].shape.size(), kept::is_std, kept::correction};
    else return {};
}

/// Means and sums of squared deviations, piece after piece (Chan, Golub & LeVeque 1979).
struct running_moments {
    std::size_t rows = 0;
    std::vector<double> mean, squares;

    template <class T>
    void add(std::span<const T> x, std::size_t features)
    {
        mean.resize(features);
        squares.resize(features);
        const std::size_t n = x.size() / features;
        std::vector<double> sum(features), deviations(features);
        for (std::size_t i = 0; i < x.size(); i += features)
            for (std::size_t c = 0; c < features; ++c) sum[c] += static_cast<double>(x[i + c]);
        for (double& s : sum) s /= static_cast<double>(n);
        for (std::size_t i = 0; i < x.size(); i += features)
            for (std::size_t c = 0; c < features; ++c) {
                const double d = static_cast<double>(x[i + c]) - sum[c];
                deviations[c] += d * d;
            }
        const auto before = static_cast<double>(rows), now = static_cast<double>(n), all = before + now;
        for (std::size_t c = 0; c < features; ++c) {
            const double d = sum[c] - mean[c];
            mean[c] += d * now / all;
            squares[c] += deviations[c] + d * d * before * now / all;
        }
        rows += n;
    }
};

} // namespace detail

/// For every layer that keeps running statistics (BatchNorm): the mean and spread of what goes into it over a
/// whole data set, the layers before it in eval mode.
///
///   x      : an xtensor of (n, input shape), n >= 2
///   errors : [ctnn.shape] other extents, or fewer than 2 samples; [ctnn.class_id] an id out of range
template <class Net, class T, class X>
[[nodiscard]] std::vector<Calibration> calibrate(const Model<Net, Eval, T>& model, const X& x)
{
    if (detail::rows_of(x) < 2) throw Error("ctnn.shape", "a calibration needs at least 2 samples");
    const std::vector<LayerInfo> layers = layers_of<Net>();
    std::vector<detail::running_moments> moments(layers.size());
    static constexpr auto tracked =
        detail::by_leaf<Net>([]<class L> { return detail::statistics_of_leaf<L>(); });
    const auto of_layer = [&](std::size_t i) { return tracked[detail::shapes_of<Net>.leaf[i]]; };
    for_each_output(model, x, [&](std::size_t layer, std::span<const T> in, std::span<const T>) {
        if (of_layer(layer).features > 0) moments[layer].add(in, of_layer(layer).features);
    });
    std::vector<Calibration> result;
    constexpr auto& table = detail::slots<Net, T>::value;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const auto [features, is_std, correction] = of_layer(i);
        if (features == 0) continue;
        const auto& m = moments[i];
        const auto empty = xt::xtensor<double, 1>::from_shape({features});
        Calibration c{layers[i], is_std, empty, empty, empty, empty};
        const auto running = [&](std::size_t k) {
            return model.parameter_block() +
                   table.slot_at[table.buffer_used[table.buffer_uses[i] + k]].offset;
        };
        for (std::size_t f = 0; f < features; ++f) {
            const double variance = m.squares[f] / (static_cast<double>(m.rows) - correction);
            c.running_mean(f) = static_cast<double>(running(0)[f]);
            c.running_spread(f) = static_cast<double>(running(1)[f]);
            c.mean(f) = m.mean[f];
            c.spread(f) = c.spread_is_std ? std::sqrt(variance) : variance;
        }
        result.push_back(std::move(c));
    }
    return result;
}

} // namespace ctnn::inline CTNN_ARCH
