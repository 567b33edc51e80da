// SPDX-License-Identifier: BSD-3-Clause
/// How a network starts: what theory says of each layer's spread, what a first batch shows.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/concepts.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/inspect/dead_units.hpp>
#include <ctnn/inspect/layers.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A network before its first step, looked at with one batch.
struct Initialisation {
    double loss = 0;
    /// -log(1 / classes), of a network that gives each class the same chance; NaN for a loss that states none
    double expected_loss = 0;
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
    L::forward(Pass<L, double, Eval, shape<1>>{.rows = n, .x_data = {at.data()}, .y_data = y.data()});
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

/// What comes out of a layer, by what is known of its inputs and parameters; NaN for a layer without theory.
template <class L>
Spread expected_output(const Spread* x, const Spread* p)
{
    std::array<Spread, facts<L>.inputs> inputs;
    std::copy_n(x, inputs.size(), inputs.begin());
    std::array<Spread, facts<L>.parameters> parameters;
    std::copy_n(p, parameters.size(), parameters.begin());
    using theory = expected_spread<L>;
    if constexpr (requires { theory::of(inputs, parameters); }) return theory::of(inputs, parameters);
    else if constexpr (requires { theory::of(*x, parameters); }) return theory::of(*x, parameters);
    else if constexpr (facts<L>.reshapes_only) return *x;
    else if constexpr (facts<L>.elementwise) return expected_of_elementwise<L>(*x);
    else return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
}

/// The predicted spread of every layer's output; after a layer without theory it goes on from what was
/// measured.
template <class Net, class T>
std::vector<Spread> predict(const T* parameter_block, std::span<const Spread> inputs,
                            const std::vector<layer_numbers<T>>& measured)
{
    constexpr auto& table = slots<Net, T>::value;
    constexpr auto& schedule = schedule_of<Net>;
    constexpr auto expected = by_leaf<Net>([]<class L> { return &expected_output<L>; });
    std::array<Spread, schedule.size.values> known{};
    for (std::size_t k = 0; k < schedule.size.inputs; ++k)
        if (k < inputs.size()) known[schedule.inputs[k]] = inputs[k];
    std::vector<Spread> all;
    for (std::size_t i = 0; i < schedule.size.nodes; ++i) {
        std::vector<Spread> x, p;
        for (std::size_t k = 0; k < schedule.nodes[i].reads.count; ++k)
            x.push_back(known[schedule.read(i, k)]);
        for (std::size_t k = table.parameter_uses[i]; k < table.parameter_uses[i + 1]; ++k) {
            const slot& s = table.slot_at[table.parameter_used[k]];
            p.push_back(spread_of(std::span<const T>(parameter_block + s.offset, s.shape.size())));
            if (s.shape.size() == 1) p.back().std = 0;
        }
        const Spread y = expected[shapes_of<Net>.leaf[i]](x.data(), p.data());
        all.push_back(y);
        known[schedule.nodes[i].gives] = std::isfinite(y.std) ? y : spread_of(measured[i].output);
    }
    return all;
}

} // namespace detail

namespace detail {

template <class X>
Spread spread_of_input(const X& x)
{
    if constexpr (are_tensors<X>()) return with_numbers(x, [](auto numbers) { return spread_of(numbers); });
    else return {}; // forward has complained
}
/// f(x), or f(a, b, ...) for a tuple of inputs.
template <class X, class F>
auto with_inputs(const X& x, F f)
{
    if constexpr (
        requires { std::tuple_size<X>::value; } && !requires { typename X::value_type; })
        return std::apply(f, x);
    else return f(x);
}

} // namespace detail

/// Runs one batch forward and backward through a copy of the model, and says what was predicted and what
/// came.
///
///   x         : a tensor, or for a network of several inputs a tuple of them
///   criterion : a loss, such as CrossEntropy; one with a static of_equal_chances(classes) tells what loss to
///               expect
///   result    : see Initialisation, and judge(Initialisation) in verdicts.hpp for the same in words
///   method    : independent weights and inputs; a nonlinearity's input is taken as normal
///   errors    : those of forward and of the criterion
template <class Net, std::size_t B, class Keep, class T, class Criterion, class X, class Targets>
    requires Loss<Criterion, const_tensor_view<T, output_shape<Net>::rank + 1>, Targets>
[[nodiscard]] Initialisation check_initialisation(const Model<Net, Train<B, Keep>, T>& model,
                                                  Criterion& criterion, const X& x, const Targets& targets)
{
    Model<Net, Train<B, RetainGradients>, T> probe{model};
    Generator drawing{0};
    const auto y =
        detail::with_inputs(x, [&](const auto&... input) { return probe.forward(input..., drawing); });
    const auto [loss, dy] = criterion(y, targets);
    probe.backward(dy);

    const auto inputs = detail::with_inputs(
        x, [](const auto&... input) { return std::array{detail::spread_of_input(input)...}; });
    const auto predicted = detail::predict<Net, T>(std::as_const(probe).parameter_block(), inputs,
                                                   detail::numbers_of_layers(probe));
    double expected = std::numeric_limits<double>::quiet_NaN();
    if constexpr (requires { Criterion::of_equal_chances(std::size_t{}); })
        expected = Criterion::of_equal_chances(output_shape<Net>::value.last());
    Initialisation start{static_cast<double>(loss),   expected,
                         layer_statistics(probe),     {},
                         parameter_statistics(probe), saturation_maps(probe)};
    for (const LayerStatistics& l : start.layers) start.predicted.push_back(predicted[l.layer.index]);
    return start;
}

} // namespace ctnn::inline CTNN_ARCH
