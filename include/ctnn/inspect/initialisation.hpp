// SPDX-License-Identifier: BSD-3-Clause
/// How a network starts: what theory says of each layer's spread, what a first batch shows.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/inspect/dead_units.hpp>
#include <ctnn/inspect/layers.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A network before its first step, looked at with one batch.
struct Initialisation {
    double loss = 0;
    double expected_loss = 0; ///< -log(1 / classes), of a network that gives each class the same chance; NaN for a loss that states none
    std::vector<LayerStatistics> layers;
    std::vector<Spread> predicted; ///< of each layer's output, by theory; NaN for a layer that states none
    std::vector<ParameterStatistics> parameters;
    std::vector<SaturationMap> maps; ///< of all layers that saturate, at 0.99
};

namespace detail {

/// The spread of f(x) for a normal x, by a sum over 16 standard deviations: good to 1e-9 for smooth f.
template <class L>
Spread expected_of_elementwise(const Spread& x)
{
    constexpr std::size_t n = 1601;
    std::vector<double> at(n), y(n);
    for (std::size_t i = 0; i < n; ++i) at[i] = x.mean + x.std * (static_cast<double>(i) / 100 - 8);
    L::forward(
        Pass<L, double, Eval, shape<1>>{.rows = n, .x_data = at.data(), .y_data = y.data(), .parameter_data = nullptr, .buffer_data = nullptr});
    double weight = 0, mean = 0, square = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const double z = static_cast<double>(i) / 100 - 8, w = std::exp(-z * z / 2);
        weight += w;
        mean += w * y[i];
        square += w * y[i] * y[i];
    }
    mean /= weight;
    const double variance = square / weight - mean * mean;
    return {mean, std::sqrt(variance < 0 ? 0 : variance)};
}

/// What goes into layer I, by what is known before, becomes what comes out of it.
template <class L, std::size_t N>
Spread expected_output(const Spread& x, const std::array<Spread, N>& parameters)
{
    if constexpr (requires { Spread(L::expected(x, parameters)); }) return L::expected(x, parameters);
    else if constexpr (facts_of<L>().reshapes_only) return x;
    else if constexpr (facts_of<L>().in_place && N == 0 && facts_of<L>().buffers == 0 && facts_of<L>().classes == 0)
        return expected_of_elementwise<L>(x);
    else return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
}

/// The predicted spread of every layer's output; behind a layer without theory it goes on from what was measured.
template <class Net, class T>
std::vector<Spread> predict(const T* parameter_block, Spread x, const std::vector<layer_numbers<T>>& measured)
{
    using table = slots<Net, T>;
    std::vector<Spread> all;
    const auto layer = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        using L = typename flat_layers<Net>::template at<I>;
        std::array<Spread, facts_of<L>().parameters> spreads{};
        std::size_t i = 0;
        for (const slot& s : table::value.slot_at)
            if (s.layer == I && !s.is_buffer) {
                Spread& p = spreads[i++];
                p = spread_of(std::span<const T>(parameter_block + s.offset, s.shape.size()));
                if (s.shape.size() == 1) p.std = 0;
            }
        const Spread y = expected_output<L>(x, spreads);
        all.push_back(y);
        x = std::isfinite(y.std) ? y : spread_of(measured[I].output);
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (layer(std::integral_constant<std::size_t, I>{}), ...); }
    (std::make_index_sequence<flat_layers<Net>::size>{});
    return all;
}

} // namespace detail

/// Runs one batch forward and backward through a copy of the model, and says what was predicted and what came.
///
///   criterion : a loss, such as CrossEntropy; one with a static of_equal_chances(classes) tells what loss to expect
///   result    : see Initialisation, and judge(Initialisation) in verdicts.hpp for the same in words
///   method    : independent weights and inputs; a nonlinearity's input is taken as normal
///   errors    : those of forward and of the criterion
template <class Net, std::size_t B, class Keep, class T, class Criterion, class X, class Targets>
[[nodiscard]] Initialisation check_initialisation(const Model<Net, Train<B, Keep>, T>& model, Criterion& criterion, const X& x,
                                                  const Targets& targets)
{
    Model<Net, Train<B, RetainGradients>, T> probe{model};
    Generator drawing{0};
    const auto y = probe.forward(x, drawing);
    const auto [loss, dy] = criterion(y, targets);
    probe.backward(dy);

    Spread input;
    if constexpr (!decltype(probe)::takes_ids) input = detail::with_numbers(x, [](auto numbers) { return detail::spread_of(numbers); });
    const auto predicted = detail::predict<Net, T>(std::as_const(probe).parameter_block(), input, detail::numbers_of_layers(probe));
    double expected = std::numeric_limits<double>::quiet_NaN();
    if constexpr (requires { Criterion::of_equal_chances(std::size_t{}); })
        expected = Criterion::of_equal_chances(output_shape<Net>::value.last());
    Initialisation start{static_cast<double>(loss), expected, layer_statistics(probe), {}, parameter_statistics(probe), saturation_maps(probe)};
    for (const LayerStatistics& l : start.layers) start.predicted.push_back(predicted[l.layer.index]);
    return start;
}

} // namespace ctnn::inline CTNN_ARCH
