// SPDX-License-Identifier: BSD-3-Clause
/// Initial values of parameters. Each call draws from the generator where it stands: the order of the calls
/// decides the numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <span>
#include <type_traits>
#include <vector>

#include <ctnn/core/tensor.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH::init {

// By what the weights before a nonlinearity are scaled, as it takes from the spread of what goes through it:
// torch.nn.init.calculate_gain.
inline constexpr double linear_gain = 1;                 ///< for weights that no nonlinearity follows
inline constexpr double sigmoid_gain = 1;                ///< for those before a Sigmoid
inline constexpr double tanh_gain = 5.0 / 3.0;           ///< ... a Tanh
inline constexpr double relu_gain = std::numbers::sqrt2; ///< ... a ReLU
inline constexpr double selu_gain = 0.75;                ///< ... a SELU
/// ... a LeakyReLU
[[nodiscard]] inline double leaky_relu_gain(double negative_slope = 0.01)
{
    return std::sqrt(2 / (1 + negative_slope * negative_slope));
}

namespace detail {

template <class View>
auto elements(View& w)
{
    auto* data = ctnn::detail::writable_data("the tensor to initialise", w);
    return std::span<std::remove_pointer_t<decltype(data)>>(data, w.size());
}
/// A weight of (In, Out) has In inputs a unit; other ranks count their first axis as inputs.
template <class View>
double fan_in(const View& w)
{
    if (w.dimension() < 2)
        throw Error("ctnn.shape",
                    "a fan-in initialisation needs a weight of two axes, found " + shape_text(w.shape()));
    return static_cast<double>(w.shape()[0]);
}
template <class View>
double fan_out(const View& w)
{
    return static_cast<double>(w.size()) / fan_in(w);
}

} // namespace detail

/// Every element `value`.
template <class View>
void constant(View&& w, double value)
{
    for (auto& x : detail::elements(w)) x = static_cast<std::remove_reference_t<decltype(x)>>(value);
}
/// Every element 0.
template <class View>
void zeros(View&& w)
{
    constant(w, 0);
}
/// Every element 1.
template <class View>
void ones(View&& w)
{
    constant(w, 1);
}

/// mean + std * randn, in row-major order of the parameter as it is stored: a Linear weight as (In, Out).
template <class View>
void normal(View&& w, Generator& generator, double mean = 0, double std = 1)
{
    const auto x = detail::elements(w);
    using T = typename decltype(x)::value_type;
    generator.fill_randn(x);
    for (T& e : x) e = e * static_cast<T>(std) + static_cast<T>(mean);
}

/// Uniform in [low, high).
template <class View>
void uniform(View&& w, Generator& generator, double low = 0, double high = 1)
{
    const auto x = detail::elements(w);
    using T = typename decltype(x)::value_type;
    for (T& e : x) e = generator.uniform(static_cast<T>(low), static_cast<T>(high));
}

namespace detail {

/// The x with erf(x) = y, for y from -1 to 1: Winitzki's formula, then Newton's method.
inline double inverse_erf(double y)
{
    if (std::fabs(y) >= 1) return y * std::numeric_limits<double>::infinity();
    const double a = 0.147, log_part = std::log1p(-y * y), b = 2 / (std::numbers::pi * a) + log_part / 2;
    double x = std::copysign(std::sqrt(std::sqrt(b * b - log_part / a) - b), y);
    for (int i = 0; i < 4; ++i) x -= (std::erf(x) - y) * std::sqrt(std::numbers::pi) / 2 * std::exp(x * x);
    return x;
}

} // namespace detail

/// Normal, but only between low and high, which are not in units of std.
///   errors : [ctnn.option] low is not below high, or std not above 0
///   source : torch.nn.init.trunc_normal_
template <class View>
void truncated_normal(View&& w, Generator& generator, double mean = 0, double std = 1, double low = -2,
                      double high = 2)
{
    if (!(low < high) || !(std > 0))
        throw Error("ctnn.option", "a truncated normal needs low < high and std > 0");
    const auto x = detail::elements(w);
    using T = typename decltype(x)::value_type;
    const auto share_below = [&](double at) {
        return (1 + std::erf((at - mean) / std / std::numbers::sqrt2)) / 2;
    };
    const T from = static_cast<T>(2 * share_below(low) - 1), to = static_cast<T>(2 * share_below(high) - 1);
    for (T& e : x) {
        const double normal = detail::inverse_erf(static_cast<double>(generator.uniform(from, to)));
        e = static_cast<T>(std::clamp(normal * std * std::numbers::sqrt2 + mean, low, high));
    }
}

/// Rows at right angles to each other and of length `gain`, or columns where these are fewer: what goes
/// through keeps its length.
///   method : normal numbers, made orthogonal from the first on by Gram and Schmidt, twice, in double
///   errors : [ctnn.shape] the weight does not have two axes
///   source : Saxe, McClelland & Ganguli 2013 (arXiv:1312.6120); torch.nn.init.orthogonal_
template <class View>
void orthogonal(View&& w, Generator& generator, double gain = 1)
{
    (void)detail::fan_in(w);
    const auto x = detail::elements(w);
    using T = typename decltype(x)::value_type;
    generator.fill_randn(x);
    const std::size_t rows = w.shape()[0], columns = x.size() / rows;
    const bool by_rows = rows < columns;
    const std::size_t count = by_rows ? rows : columns, length = by_rows ? columns : rows,
                      next = by_rows ? columns : 1, along = by_rows ? 1 : columns;
    std::vector<double> q(x.begin(), x.end());
    const auto at = [&](std::size_t i, std::size_t k) -> double& { return q[i * next + k * along]; };
    const auto product = [&](std::size_t i, std::size_t j) {
        double sum = 0;
        for (std::size_t k = 0; k < length; ++k) sum += at(i, k) * at(j, k);
        return sum;
    };
    for (std::size_t i = 0; i < count; ++i) {
        for (int again = 0; again < 2; ++again)
            for (std::size_t j = 0; j < i; ++j) {
                const double shared = product(i, j);
                for (std::size_t k = 0; k < length; ++k) at(i, k) -= shared * at(j, k);
            }
        const double size = std::sqrt(product(i, i));
        for (std::size_t k = 0; k < length; ++k) at(i, k) /= size;
    }
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(q[i] * gain);
}

/// Normal with std = gain / sqrt(In): what goes through keeps its spread.
///   source : He et al. 2015 (arXiv:1502.01852)
///   errors : [ctnn.shape] the weight does not have two axes; so for the three below
template <class View>
void kaiming_normal(View&& w, Generator& generator, double gain = relu_gain)
{
    normal(w, generator, 0, gain / std::sqrt(detail::fan_in(w)));
}
/// Uniform with that std.
template <class View>
void kaiming_uniform(View&& w, Generator& generator, double gain = relu_gain)
{
    const double bound = gain * std::sqrt(3 / detail::fan_in(w));
    uniform(w, generator, -bound, bound);
}

/// Normal with std = gain * sqrt(2 / (In + Out)).
///   source : Glorot & Bengio 2010, eq. 16
template <class View>
void xavier_normal(View&& w, Generator& generator, double gain = 1)
{
    normal(w, generator, 0, gain * std::sqrt(2 / (detail::fan_in(w) + detail::fan_out(w))));
}
/// Uniform with that std.
template <class View>
void xavier_uniform(View&& w, Generator& generator, double gain = 1)
{
    const double bound = gain * std::sqrt(6 / (detail::fan_in(w) + detail::fan_out(w)));
    uniform(w, generator, -bound, bound);
}

} // namespace ctnn::inline CTNN_ARCH::init
