// SPDX-License-Identifier: BSD-3-Clause
/// What can be said of many numbers in a few: moments, histograms, shares.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/facts.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/kernel/statistics.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The moments and ends of a set of numbers, as torch computes them but in double. NaN among the numbers
/// makes all of them NaN; an infinity makes the mean infinite and the standard deviation NaN.
struct Statistics {
    std::size_t count = 0;
    double mean = 0;
    double std = 0; ///< unbiased: NaN for a single number
    double min = 0, max = 0;
    double norm = 0; ///< root of the sum of squares
};

/// How many numbers fall between neighbouring edges, as torch.histogram counts: the last bin has its upper
/// edge too, numbers outside all bins are in none.
struct Histogram {
    xt::xtensor<double, 1> edges;  ///< (bins + 1)
    xt::xtensor<double, 1> counts; ///< (bins)

    [[nodiscard]] std::size_t bins() const { return counts.size(); }
    /// The middle of each bin.
    [[nodiscard]] xt::xtensor<double, 1> centres() const
    {
        auto c = counts;
        for (std::size_t i = 0; i < bins(); ++i) c(i) = (edges(i) + edges(i + 1)) / 2;
        return c;
    }
    /// Counts scaled so that the area is 1, as `density=True`; 0 everywhere when nothing was counted.
    [[nodiscard]] xt::xtensor<double, 1> density() const
    {
        double all = 0;
        for (const double n : counts) all += n;
        auto d = counts;
        for (std::size_t i = 0; i < bins(); ++i) {
            const double width = edges(i + 1) - edges(i);
            d(i) = all > 0 && width > 0 ? counts(i) / (all * width) : 0;
        }
        return d;
    }
};

namespace detail {

/// Sums over n places, each in 16 chains, which a compiler can keep in registers of any width without
/// reordering anything.
template <std::size_t N, class F>
std::array<double, N> sums(std::size_t n, F terms)
{
    constexpr std::size_t lanes = 16;
    double sum[N][lanes] = {};
    const auto add = [&](std::size_t i, std::size_t lane) {
        const std::array<double, N> term = terms(i);
        for (std::size_t k = 0; k < N; ++k) sum[k][lane] += term[k];
    };
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::size_t lane = 0; lane < lanes; ++lane) add(i + lane, lane);
    for (; i < n; ++i) add(i, 0);
    std::array<double, N> total{};
    for (std::size_t k = 0; k < N; ++k)
        for (const double s : sum[k]) total[k] += s;
    return total;
}

/// The mean and the unbiased standard deviation. The squares are taken of distances from the first number:
/// where all numbers lie far from 0 and near each other, nothing cancels.
template <class T>
Spread spread_of(std::span<const T> x)
{
    if (x.empty())
        return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
    const auto pivot = std::isfinite(x[0]) ? static_cast<double>(x[0]) : 0, n = static_cast<double>(x.size());
    const auto [sum, squares] = sums<2>(x.size(), [&](std::size_t i) {
        const double d = static_cast<double>(x[i]) - pivot;
        return std::array{d, d * d};
    });
    if (x.size() == 1) return {static_cast<double>(x[0]), std::numeric_limits<double>::quiet_NaN()};
    const double deviations = squares - sum * sum / n;
    return {pivot + sum / n, std::sqrt((deviations < 0 ? 0 : deviations) / (n - 1))}; // NaN stays
}

/// The root of the sum of squares.
template <class T>
double norm_of(std::span<const T> x)
{
    return std::sqrt(sums<1>(x.size(), [&](std::size_t i) {
        return std::array{static_cast<double>(x[i]) * static_cast<double>(x[i])};
    })[0]);
}

/// log10(std(after - before) / std(after)), to six digits.
template <class T>
double log_update_to_data(std::span<const T> before, std::span<const T> after)
{
    const kernel::change_sums s = kernel::sums_of_change(before.data(), after.data(), after.size());
    const auto n = static_cast<double>(after.size());
    const double update = s.update_squares - s.update * s.update / n,
                 data = s.data_squares - s.data * s.data / n;
    return std::log10((update < 0 ? 0 : update) / (data < 0 ? 0 : data)) / 2;
}

/// Where an output counts as saturated: below `low` or above `high`.
template <class T>
struct saturation_bounds {
    T low = -std::numeric_limits<T>::infinity(), high = std::numeric_limits<T>::infinity();

    saturation_bounds(const Limits& limits, double threshold)
    {
        if (!std::isfinite(limits.high) || !std::isfinite(limits.low)) {
            // One end only, as ReLU has: at it, there is no gradient at all, and short of it the whole.
            if (std::isfinite(limits.low))
                low = std::nextafter(static_cast<T>(limits.low), std::numeric_limits<T>::infinity());
            if (std::isfinite(limits.high))
                high = std::nextafter(static_cast<T>(limits.high), -std::numeric_limits<T>::infinity());
            return;
        }
        const double middle = (limits.low + limits.high) / 2, half = (limits.high - limits.low) / 2;
        low = static_cast<T>(middle - threshold * half);
        high = static_cast<T>(middle + threshold * half);
    }
    [[nodiscard]] bool hold(T y) const { return y < low || y > high; }
};

template <class T>
double saturated_share_of(std::span<const T> y, const Limits& limits, double threshold)
{
    const saturation_bounds<T> bounds(limits, threshold);
    std::size_t n = 0;
    for (const T e : y)
        if (bounds.hold(e)) ++n;
    return static_cast<double>(n) / static_cast<double>(y.size());
}

template <class T>
Statistics statistics_of(std::span<const T> x)
{
    Statistics s;
    s.count = x.size();
    const Spread spread = spread_of(x);
    s.mean = spread.mean;
    s.std = spread.std;
    T low = x.empty() ? std::numeric_limits<T>::quiet_NaN() : x[0], high = low;
    for (const T e : x) { // written so that NaN is taken, and stays
        low = low <= e || std::isnan(low) ? low : e;
        high = high >= e || std::isnan(high) ? high : e;
    }
    s.min = static_cast<double>(low);
    s.max = static_cast<double>(high);
    s.norm = norm_of(x);
    return s;
}

/// Edges as torch.linspace makes them in T, and counting by the nearest guess and a look at its neighbours.
template <class T>
Histogram histogram_of(std::span<const T> x, std::size_t bins, T low, T high)
{
    if (bins == 0 || bins > 1'000'000)
        throw Error("ctnn.option",
                    "a histogram has " + std::to_string(bins) + " bins, expected 1 to 1000000");
    if (!(std::isfinite(low) && std::isfinite(high) && low <= high))
        throw Error("ctnn.option", "the range of a histogram is " + std::to_string(low) + " to " +
                                       std::to_string(high) +
                                       ", expected two finite numbers, the smaller first");
    if (low == high) {
        // not lost in rounding
        const T half =
            std::max(T{0.5}, std::fabs(low) * std::numeric_limits<T>::epsilon() * static_cast<T>(bins));
        low -= half;
        high += half;
    }
    std::vector<T> edge(bins + 1);
    const auto n = static_cast<T>(bins);
    const T step = std::isfinite(high - low) ? (high - low) / n : high / n - low / n;
    for (std::size_t i = 0; i <= bins; ++i)
        edge[i] =
            i < (bins + 1) / 2 ? low + step * static_cast<T>(i) : high - step * static_cast<T>(bins - i);
    Histogram h{xt::xtensor<double, 1>::from_shape({bins + 1}), xt::xtensor<double, 1>::from_shape({bins})};
    std::copy(edge.begin(), edge.end(), h.edges.begin());
    h.counts.fill(0);
    const double from = static_cast<double>(low),
                 per_unit = static_cast<double>(bins) / (static_cast<double>(high) - from);
    for (const T e : x) {
        if (!(e >= low && e <= high)) continue; // outside, or NaN
        const double guess = (static_cast<double>(e) - from) * per_unit;
        std::size_t i = guess < static_cast<double>(bins - 1) ? static_cast<std::size_t>(guess) : bins - 1;
        while (i > 0 && e < edge[i]) --i;
        while (i + 1 < bins && e >= edge[i + 1]) ++i;
        h.counts(i) += 1;
    }
    return h;
}
template <class T>
Histogram histogram_of(std::span<const T> x, std::size_t bins)
{
    T low = std::numeric_limits<T>::infinity(), high = -low;
    for (const T e : x)
        if (std::isfinite(e)) {
            low = std::min(low, e);
            high = std::max(high, e);
        }
    return low > high ? histogram_of<T>({}, bins, T{0}, T{1}) : histogram_of<T>(x, bins, low, high);
}

template <class X>
using element_of = std::remove_cv_t<typename X::value_type>;
/// Calls f with the numbers of an xtensor in one piece.
template <class X, class F>
auto with_numbers(const X& x, F f)
{
    using T = std::conditional_t<std::is_floating_point_v<element_of<X>>, element_of<X>, double>;
    std::vector<T> spare;
    const T* data = dense<T>(x, spare);
    return f(std::span<const T>(data, x.size()));
}

} // namespace detail

/// Mean, standard deviation, ends and norm of all numbers of an xtensor.
template <class X>
[[nodiscard]] Statistics statistics(const X& x)
{
    return detail::with_numbers(x, [](auto numbers) { return detail::statistics_of(numbers); });
}

/// `torch.histogram(x, bins)`: from the smallest number to the largest. NaN and infinite numbers are in no
/// bin.
///   errors : [ctnn.option] no bins
template <class X>
[[nodiscard]] Histogram histogram(const X& x, std::size_t bins)
{
    return detail::with_numbers(x, [&](auto numbers) { return detail::histogram_of(numbers, bins); });
}
/// `torch.histogram(x, bins, range=(low, high))`.
///   errors : [ctnn.option] no bins, or a range that is not finite and in order
template <class X>
[[nodiscard]] Histogram histogram(const X& x, std::size_t bins, double low, double high)
{
    return detail::with_numbers(x, [&](auto numbers) {
        using T = typename decltype(numbers)::value_type;
        return detail::histogram_of(numbers, bins, static_cast<T>(low), static_cast<T>(high));
    });
}

/// The share of numbers within (1 - threshold) / 2 of the way from one limit to the other; with one finite
/// limit, those that are at it. With the limits of tanh: |y| > threshold.
template <class X>
[[nodiscard]] double saturated_share(const X& y, const Limits& limits, double threshold = 0.97)
{
    return detail::with_numbers(
        y, [&](auto numbers) { return detail::saturated_share_of(numbers, limits, threshold); });
}
/// The share of zeros, as after a ReLU.
template <class X>
[[nodiscard]] double zero_share(const X& y)
{
    return detail::with_numbers(y, [](auto numbers) {
        return static_cast<double>(
                   std::count_if(numbers.begin(), numbers.end(), [](auto e) { return e == 0; })) /
               static_cast<double>(numbers.size());
    });
}

} // namespace ctnn::inline CTNN_ARCH
