// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double normal_below(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

template <class L>
struct function_of {
    using type = typename L::function;
};
template <class L>
    requires requires { typename L::activation; }
struct function_of<L> {
    using type = typename L::activation;
};

/// At every length as the exact function is, exact at its ends, NaN kept.
template <class L, class Function, class Derivative>
void is_close(Function function, Derivative derivative)
{
    using F = typename function_of<L>::type;
    constexpr bool from_x = L::derivative_uses == uses::input;
    for (const std::size_t n : edges) {
        CAPTURE(n);
        Generator g{n};
        const auto x = normals<float>(g, n, 4), dy = normals<float>(g, n);
        std::vector<float> y(n), dx(n);
        kernel::activate<F>(y.data(), x.data(), n);
        kernel::activate_backward<F>(dx.data(), dy.data(), from_x ? x.data() : y.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            const auto at = static_cast<double>(x[i]);
            CHECK(std::fabs(static_cast<double>(y[i]) - function(at)) <=
                  8 * eps * std::fabs(function(at)) + 1e-38);
            // Relative to |dy|: near their zeros the slopes of GELU and of a saturated sigmoid cancel.
            CHECK(std::fabs(static_cast<double>(dx[i]) - static_cast<double>(dy[i]) * derivative(at)) <=
                  8 * eps * std::fabs(static_cast<double>(dy[i])));
        }
    }
    float x[] = {not_a_number, inf, -inf, 0}, y[4], dx[4], dy[] = {1, 1, 1, 1};
    kernel::activate<F>(y, x, 4);
    CHECK(std::isnan(y[0]));
    CHECK(static_cast<double>(y[1]) == function(std::numeric_limits<double>::infinity()));
    const double low = function(-std::numeric_limits<double>::infinity());
    CHECK(y[2] == (std::isnan(low) ? 0.F : static_cast<float>(low)));
    CHECK(y[3] == static_cast<float>(function(0.0)));
    kernel::activate_backward<F>(dx, dy, from_x ? x : y, 4);
    for (std::size_t i = 1; i < 3; ++i) CHECK(std::isfinite(dx[i]));
}

} // namespace

#define LAYER(...)
#define ACTIVATION(name, torch, f, derivative, ...)                                                          \
    TEST_CASE(#name " of every length")                                                                      \
    {                                                                                                        \
        is_close<__VA_ARGS__>([](double x) { return static_cast<double>(f); },                               \
                              [](double x) { return static_cast<double>(derivative); });                     \
    }
#define WINDOW(...)
#define RECURRENT(...)
#define STACKED(...)
#define BRANCHES(...)
#include "support/layers.def"

TEST_CASE("the GELU of GPT-2: errors relative to x, its ends, NaN")
{
    const auto exact = [](double x) {
        return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    };
    const auto slope = [](double x) {
        const double k = std::sqrt(2 / std::numbers::pi), t = std::tanh(k * (x + 0.044715 * x * x * x));
        return (1 + t) / 2 + x / 2 * (1 - t * t) * k * (1 + 3 * 0.044715 * x * x);
    };
    for (const std::size_t n : edges) {
        CAPTURE(n);
        Generator g{n};
        const auto x = normals<float>(g, n, 4), dy = normals<float>(g, n);
        std::vector<float> y(n), dx(n);
        kernel::activate<NewGELU::function>(y.data(), x.data(), n);
        kernel::activate_backward<NewGELU::function>(dx.data(), dy.data(), x.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            const auto at = static_cast<double>(x[i]), from = static_cast<double>(dy[i]);
            CHECK(std::fabs(static_cast<double>(y[i]) - exact(at)) <= 4e-7 * std::fabs(at));
            CHECK(std::fabs(static_cast<double>(dx[i]) - from * slope(at)) <= 1e-6 * std::fabs(from));
        }
    }
    float x[] = {not_a_number, inf, -inf, 0}, y[4], dx[4], dy[] = {1, 1, 1, 1};
    kernel::activate<NewGELU::function>(y, x, 4);
    CHECK(std::isnan(y[0]));
    CHECK(y[1] == inf);
    CHECK(y[2] == 0);
    CHECK(y[3] == 0);
    kernel::activate_backward<NewGELU::function>(dx, dy, x, 4);
    CHECK(std::isnan(dx[0]));
    CHECK(dx[1] == 1);
    CHECK(std::fabs(dx[2]) <= 1e-20F);
    CHECK(dx[3] == 0.5F);
}
