// SPDX-License-Identifier: BSD-3-Clause
/// Are the analytic gradients right? Compares them with central differences, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/index.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/layer/input.hpp>
#include <ctnn/model/train.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

/// What a gradient check found.
struct GradientReport {
    /// largest |analytic - numeric|, relative to the root mean square of that tensor's numeric gradient
    double worst = 0;
    std::string where;        ///< the tensor it was found in: a parameter's name, or "input"
    std::size_t compared = 0; ///< numbers compared
    // false for NaN
    [[nodiscard]] bool passed(double tolerance = 1e-6) const { return compared > 0 && worst <= tolerance; }
};

namespace detail {

/// Numbers, or class ids, for each input; numbers for each output.
template <class Net, std::size_t B, std::size_t Inputs>
auto random_inputs(Generator& generator)
{
    const auto one = [&](auto i) {
        constexpr std::size_t classes = classes_of_input<Net>(i());
        using element = std::conditional_t<(classes > 0), std::int64_t, double>;
        auto x = xt::xtensor<element, input_shape<Net, i()>::rank + 1>::from_shape(
            batch_extents<input_shape<Net, i()>>(B));
        if constexpr (classes > 0)
            generator.fill_randint(std::span<element>(x.data(), x.size()), 0,
                                   static_cast<std::int64_t>(classes));
        else generator.fill_randn(std::span<element>(x.data(), x.size()));
        return x;
    };
    return with_indices<Inputs>([&](auto... i) { return std::tuple{one(i)...}; });
}
template <class Net, std::size_t B, std::size_t Outputs>
auto random_gradients(Generator& generator)
{
    auto all = with_indices<Outputs>([](auto... k) {
        return std::tuple{xt::xtensor<double, output_shape<Net, k()>::rank + 1>::from_shape(
            batch_extents<output_shape<Net, k()>>(B))...};
    });
    std::apply([&](auto&... dy) { (generator.fill_randn(std::span<double>(dy.data(), dy.size())), ...); },
               all);
    return all;
}
/// The k-th tensor of several, or the only one, as numbers.
template <std::size_t K, class Y>
std::span<const double> numbers_in(const Y& y)
{
    if constexpr (requires { std::tuple_size<Y>::value; })
        return {std::get<K>(y).data(), std::get<K>(y).size()};
    else return {y.data(), y.size()};
}

template <class Net, std::size_t B>
GradientReport compare_gradients(Generator& generator)
{
    using Checked = Model<Net, Train<B, RetainGradients>, double>;
    Checked model;
    model.for_each_parameter(
        [&](auto, auto value, auto) { generator.fill_randn(std::span<double>(value.data(), value.size())); });

    auto x = random_inputs<Net, B, Checked::inputs>(generator);
    auto dy = random_gradients<Net, B, Checked::outputs>(generator);

    const Generator drawn = generator; // every pass draws the same again
    const auto objective = [&] {
        Generator drawing = drawn;
        const auto y = std::apply([&](const auto&... each) { return model.forward(each..., drawing); }, x);
        double sum = 0;
        for_each_index<Checked::outputs>([&](auto k) {
            const auto& [of_y, of_dy] = std::pair(numbers_in<k()>(y), numbers_in<k()>(dy));
            for (std::size_t i = 0; i < of_dy.size(); ++i) sum += of_dy[i] * of_y[i];
        });
        return sum;
    };
    (void)objective();
    model.backward(dy);

    GradientReport report;
    const auto compare = [&](const std::string& where, double* values, const std::vector<double>& analytic) {
        // sum(dy * y) with the i-th number moved by `step`
        const auto moved = [&](std::size_t i, double step) {
            const double before = std::exchange(values[i], values[i] + step);
            const double sum = objective();
            values[i] = before;
            return sum;
        };
        const auto central = [&](std::size_t i, double h) { return (moved(i, h) - moved(i, -h)) / (2 * h); };
        const auto step = [&](std::size_t i) { return 1e-5 * std::max(1.0, std::fabs(values[i])); };
        std::vector<double> numeric(analytic.size());
        double square = 0;
        for (std::size_t i = 0; i < numeric.size(); ++i) {
            numeric[i] = central(i, step(i));
            square += numeric[i] * numeric[i] / static_cast<double>(numeric.size());
        }
        // A tensor whose gradient is all but zero (a bias in front of BatchNorm) is measured against the size
        // of dy instead.
        const double scale = std::max(std::sqrt(square), 1e-3);
        for (std::size_t i = 0; i < numeric.size(); ++i) {
            double error = std::fabs(analytic[i] - numeric[i]) / scale;
            // Where a function bends so much that the h^2 shows (a normalised group of three numbers that are
            // nearly equal), Richardson's extrapolation leaves h^4.
            if (error > 1e-7) {
                const double finer = (4 * numeric[i] - central(i, 2 * step(i))) / 3;
                error = std::min(error, std::fabs(analytic[i] - finer) / scale);
            }
            ++report.compared;
            // NaN is the worst and stays
            if (report.where.empty() || (!std::isnan(report.worst) && !(error <= report.worst))) {
                report.worst = error;
                report.where = where;
            }
        }
    };
    // All analytic gradients first: objective() runs forward again and again.
    std::vector<std::pair<std::string, std::vector<double>>> analytic;
    std::vector<double*> values;
    for_each_index<Checked::inputs>([&](auto k) {
        if constexpr (classes_of_input<Net>(k()) == 0) {
            const auto dx = model.template input_gradient<k()>();
            analytic.emplace_back(k() == 0 ? "input" : "input " + std::to_string(k()),
                                  std::vector<double>(dx.data(), dx.data() + dx.size()));
            values.push_back(std::get<k()>(x).data());
        }
    });
    model.for_each_parameter([&](auto name, auto value, auto gradient) {
        analytic.emplace_back(std::string(name),
                              std::vector<double>(gradient.data(), gradient.data() + gradient.size()));
        values.push_back(value.data());
    });
    for (std::size_t i = 0; i < values.size(); ++i) compare(analytic[i].first, values[i], analytic[i].second);
    return report;
}

} // namespace detail

/// Compares every analytic gradient of a network (parameters, and the input when it is numeric) with central
/// differences of sum(dy * y) for a random dy. Parameters, input and dy are drawn from the generator.
///
/// ```cpp
/// const GradientReport report = check_gradients<Sequential<Input<5, 7>, MyLayer, Tanh>>(generator);
/// assert(report.passed());
/// ```
///
///   Net  : a network, or a layer with Input in front of it; BatchNorm needs B >= 2
///   note : the difference itself is good to about 1e-7 relative; deep networks with BatchNorm magnify that,
///          so a number that misses is compared with a difference of higher order too
///   cost : two forward passes for each number compared, four where it misses
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
