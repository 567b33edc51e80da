// SPDX-License-Identifier: BSD-3-Clause
/// Are the analytic gradients right? Compares them with central differences, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/generator.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/layer/input.hpp>
#include <ctnn/model/train.hpp>

namespace ctnn::inline CTNN_ARCH {

/// What a gradient check found.
struct GradientReport {
    double worst = 0;         ///< largest |analytic - numeric|, relative to the root mean square of that tensor's numeric gradient
    std::string where;        ///< the tensor it was found in: a parameter's name, or "input"
    std::size_t compared = 0; ///< numbers compared
    [[nodiscard]] bool passed(double tolerance = 1e-6) const { return compared > 0 && worst <= tolerance; } // false for NaN
};

namespace detail {

template <class Net, std::size_t B>
GradientReport compare_gradients(Generator& generator)
{
    using Checked = Model<Net, Train<B, RetainGradients>, double>;
    Checked model;
    model.for_each_parameter([&](auto, auto value, auto) { generator.fill_randn(std::span<double>(value.data(), value.size())); });

    constexpr auto x_extents = detail::batch_extents<input_shape<Net>>(B);
    constexpr std::size_t classes = detail::facts_table<detail::flat_layers<Net>>::value[0].classes;
    using element = std::conditional_t<(classes > 0), std::int64_t, double>;
    auto x = xt::xtensor<element, x_extents.size()>::from_shape(x_extents);
    if constexpr (classes > 0) generator.fill_randint(std::span<element>(x.data(), x.size()), 0, static_cast<std::int64_t>(classes));
    else generator.fill_randn(std::span<element>(x.data(), x.size()));
    auto dy = xt::xtensor<double, output_shape<Net>::rank + 1>::from_shape(detail::batch_extents<output_shape<Net>>(B));
    generator.fill_randn(std::span<double>(dy.data(), dy.size()));

    const Generator drawn = generator; // every pass draws the same again
    const auto objective = [&] {
        Generator drawing = drawn;
        const auto y = model.forward(x, drawing);
        double sum = 0;
        for (std::size_t i = 0; i < dy.size(); ++i) sum += dy.data()[i] * y.data()[i];
        return sum;
    };
    (void)objective();
    model.backward(dy);

    GradientReport report;
    const auto compare = [&](std::string where, double* values, const std::vector<double>& analytic) {
        std::vector<double> numeric(analytic.size());
        double square = 0;
        for (std::size_t i = 0; i < numeric.size(); ++i) {
            const double before = values[i], h = 1e-5 * std::max(1.0, std::fabs(before));
            values[i] = before + h;
            const double above = objective();
            values[i] = before - h;
            numeric[i] = (above - objective()) / (2 * h);
            values[i] = before;
            square += numeric[i] * numeric[i] / static_cast<double>(numeric.size());
        }
        // A tensor whose gradient is all but zero (a bias in front of BatchNorm) is measured against the size of dy instead.
        const double scale = std::max(std::sqrt(square), 1e-3);
        for (std::size_t i = 0; i < numeric.size(); ++i) {
            const double error = std::fabs(analytic[i] - numeric[i]) / scale;
            ++report.compared;
            if (report.where.empty() || (!std::isnan(report.worst) && !(error <= report.worst))) { // NaN is the worst and stays
                report.worst = error;
                report.where = where;
            }
        }
    };
    // All analytic gradients first: objective() runs forward again and again.
    std::vector<std::pair<std::string, std::vector<double>>> analytic;
    std::vector<double*> values;
    if constexpr (classes == 0) {
        const auto dx = model.input_gradient();
        analytic.emplace_back("input", std::vector<double>(dx.data(), dx.data() + dx.size()));
        values.push_back(x.data());
    }
    model.for_each_parameter([&](auto name, auto value, auto gradient) {
        analytic.emplace_back(std::string(name), std::vector<double>(gradient.data(), gradient.data() + gradient.size()));
        values.push_back(value.data());
    });
    for (std::size_t i = 0; i < values.size(); ++i) compare(analytic[i].first, values[i], analytic[i].second);
    return report;
}

} // namespace detail

/// Compares every analytic gradient of a network (parameters, and the input when it is numeric) with central differences of
/// sum(dy * y) for a random dy. Parameters, input and dy are drawn from the generator.
///
/// ```cpp
/// const GradientReport report = check_gradients<Sequential<Input<5, 7>, MyLayer, Tanh>>(generator);
/// assert(report.passed());
/// ```
///
///   Net  : a network, or a layer with Input in front of it; BatchNorm needs B >= 2
///   note : the difference itself is good to about 1e-7 relative; deep networks with BatchNorm magnify that
///   cost : two forward passes for each number compared
template <class Net, std::size_t B = 5>
[[nodiscard]] GradientReport check_gradients(Generator& generator)
{
    if constexpr (!detail::is_sound<Net, Train<B, RetainGradients>>) {
        (void)sizeof(detail::report_in_mode<Net, Train<B, RetainGradients>>);
        return {};
    } else {
        return detail::compare_gradients<Net, B>(generator);
    }
}

} // namespace ctnn::inline CTNN_ARCH
