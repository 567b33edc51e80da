// SPDX-License-Identifier: BSD-3-Clause
/// Samples divided among training, validation and test, and what the training part says of all.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// n as PyTorch divides it by shares: floor(share * n) each, and what is left over one by one from the first.
///   errors : [ctnn.option] a share that is not above 0, or shares that are not 1 together; [ctnn.data] none
///            for a part
template <std::size_t N>
std::array<std::size_t, N> sizes_of_shares(std::size_t n, const double (&shares)[N])
{
    double sum = 0;
    std::array<std::size_t, N> sizes{};
    std::size_t left = n;
    for (std::size_t i = 0; i < N; ++i) {
        if (!(shares[i] > 0 && shares[i] <= 1))
            throw Error("ctnn.option", "a share of a split is " + std::to_string(shares[i]) +
                                           ", expected above 0 and at most 1");
        sum += shares[i];
        sizes[i] = std::min(left, static_cast<std::size_t>(std::floor(shares[i] * static_cast<double>(n))));
        left -= sizes[i];
    }
    if (!(std::fabs(sum - 1) <= 1e-6))
        throw Error("ctnn.option", "the shares of a split sum to " + std::to_string(sum) + ", expected 1");
    for (std::size_t i = 0; left > 0; --left, i = (i + 1) % N) ++sizes[i];
    for (const std::size_t size : sizes)
        if (size == 0)
            throw Error("ctnn.data", std::to_string(n) + " samples leave a part of the split empty");
    return sizes;
}

} // namespace detail

/// The numbers of the samples in each part of a split at random: torch.utils.data.random_split.
///
/// ```cpp
/// const auto [train, test] = random_split(x.shape()[0], {0.8, 0.2}, generator);
/// const auto train_x = rows_of(x, train), train_y = rows_of(y, train);
/// ```
///
///   shares : above 0, 1 together
///   errors : [ctnn.option] other shares; [ctnn.data] a part would be empty
template <std::size_t N>
[[nodiscard]] std::array<std::vector<std::int64_t>, N> random_split(std::size_t n, const double (&shares)[N],
                                                                    Generator& generator)
{
    const auto sizes = detail::sizes_of_shares(n, shares);
    const auto order = generator.randperm(n);
    const std::int64_t* from = order.data();
    std::array<std::vector<std::int64_t>, N> parts;
    for (std::size_t i = 0; i < N; from += sizes[i], ++i) parts[i].assign(from, from + sizes[i]);
    return parts;
}

/// The same with each class divided by the shares, as nearly as whole samples allow, so that each part has
/// the classes in the proportion of all. The numbers of a part are in order.
///
///   classes : (n) integers, the class of each sample
///   errors  : those of random_split; [ctnn.shape] classes with other than one axis
template <class Classes, std::size_t N>
[[nodiscard]] std::array<std::vector<std::int64_t>, N>
stratified_split(const Classes& classes, const double (&shares)[N], Generator& generator)
{
    if (classes.dimension() != 1)
        throw Error("ctnn.shape",
                    "the classes have shape " + shape_text(classes.shape()) + ", expected one axis");
    (void)detail::sizes_of_shares(classes.size(), shares);
    auto by_class = generator.randperm(classes.size());
    const auto class_of = [&](std::int64_t i) { return classes(static_cast<std::size_t>(i)); };
    std::stable_sort(by_class.begin(), by_class.end(),
                     [&](std::int64_t a, std::int64_t b) { return class_of(a) < class_of(b); });
    // Class after class, each sample goes to the part that lacks most of its share of those so far.
    std::array<std::vector<std::int64_t>, N> parts;
    double seen = 0;
    for (const std::int64_t i : by_class) {
        ++seen;
        std::size_t best = 0;
        const auto lacks = [&](std::size_t p) {
            return shares[p] * seen - static_cast<double>(parts[p].size());
        };
        for (std::size_t p = 1; p < N; ++p) best = lacks(p) > lacks(best) + 1e-9 ? p : best;
        parts[best].push_back(i);
    }
    for (auto& part : parts) {
        if (part.empty()) throw Error("ctnn.data", "the classes leave a part of the split empty");
        std::sort(part.begin(), part.end());
    }
    return parts;
}

/// The rows of x, (n, ...), with these numbers, in their order.
///   errors : [ctnn.data] a number of no row
template <class X>
    requires(detail::tensor_like<X> && std::tuple_size_v<typename X::shape_type> > 0)
[[nodiscard]] auto rows_of(const X& x, const std::vector<std::int64_t>& rows)
{
    using T = std::remove_const_t<typename X::value_type>;
    constexpr std::size_t rank = std::tuple_size_v<typename X::shape_type>;
    typename xt::xtensor<T, rank>::shape_type shape;
    std::copy_n(x.shape().begin(), rank, shape.begin());
    const std::size_t n = shape[0];
    shape[0] = rows.size();
    auto chosen = xt::xtensor<T, rank>::from_shape(shape);
    xt::uvector<T> spare; // a std::vector of bool has no array
    const T* const from = detail::dense<T>(x, spare);
    const std::size_t size = n == 0 ? 0 : x.size() / n;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (static_cast<std::uint64_t>(rows[i]) >= n)
            throw Error("ctnn.data",
                        "there is no row " + std::to_string(rows[i]) + " among " + std::to_string(n));
        std::copy_n(from + static_cast<std::size_t>(rows[i]) * size, size, chosen.data() + i * size);
    }
    return chosen;
}

namespace detail {

/// T itself, or float for integers.
template <class T>
using number_for = std::conditional_t<std::is_floating_point_v<T>, T, float>;

/// errors : [ctnn.shape] no rows, or other than two axes
template <class X>
std::size_t columns_of(const X& x)
{
    if (x.dimension() != 2 || x.shape()[0] == 0)
        throw Error("ctnn.shape",
                    "the samples have shape " + shape_text(x.shape()) + ", expected (n, columns)");
    return static_cast<std::size_t>(x.shape()[1]);
}
/// f(column, mean, standard deviation) of each column of x, (n, C), in double.
template <class X, class F>
void for_each_column(const X& x, F f)
{
    const auto n = static_cast<std::size_t>(x.shape()[0]);
    for (std::size_t c = 0; c < columns_of(x); ++c) {
        // Distances from the first number: of equal numbers they are 0, and a large mean costs no digits.
        const auto first = static_cast<double>(x(0, c)), count = static_cast<double>(n);
        double sum = 0, squares = 0;
        for (std::size_t r = 0; r < n; ++r) sum += static_cast<double>(x(r, c)) - first;
        for (std::size_t r = 0; r < n; ++r) {
            const double d = static_cast<double>(x(r, c)) - first - sum / count;
            squares += d * d;
        }
        f(c, first + sum / count, std::sqrt(squares / count));
    }
}

} // namespace detail

/// The mean of each column of x, (n, C).
///   errors : [ctnn.shape] no rows, or other than two axes
template <class X>
[[nodiscard]] auto column_means(const X& x)
{
    using T = detail::number_for<std::remove_const_t<typename X::value_type>>;
    auto means = xt::xtensor<T, 1>::from_shape({detail::columns_of(x)});
    detail::for_each_column(x, [&](std::size_t c, double mean, double) { means(c) = static_cast<T>(mean); });
    return means;
}
/// The standard deviation of each column of x, (n, C), with n below; 1 for a column whose numbers are all
/// equal, so that one can divide by it. As scikit-learn's StandardScaler.
///   errors : those of column_means
template <class X>
[[nodiscard]] auto column_stds(const X& x)
{
    using T = detail::number_for<std::remove_const_t<typename X::value_type>>;
    auto stds = xt::xtensor<T, 1>::from_shape({detail::columns_of(x)});
    detail::for_each_column(x, [&](std::size_t c, double, double std) {
        stds(c) = static_cast<T>(std) > 0 ? static_cast<T>(std) : T{1};
    });
    return stds;
}

} // namespace ctnn::inline CTNN_ARCH
