// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/softmax.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

TEST_CASE("softmax and log softmax: sums, extremes, ties and one -inf")
{
    Generator g{1};
    for (const std::size_t n : edges) {
        CAPTURE(n);
        const auto check = [&](const std::vector<float>& x) {
            std::vector<float> y(n), p(n);
            kernel::log_softmax(y.data(), x.data(), n);
            kernel::softmax(p.data(), x.data(), n);
            const auto exact = reference::log_softmax(reference::widened(x));
            double sum = 0;
            for (std::size_t i = 0; i < n; ++i) {
                const double tolerance =
                    static_cast<double>(n + 8) * eps * std::max(1.0, std::fabs(exact[i]));
                CHECK(std::fabs(static_cast<double>(y[i]) - exact[i]) <= tolerance);
                sum += static_cast<double>(p[i]);
            }
            CHECK(std::fabs(sum - 1) <= static_cast<double>(n + 4) * eps);
        };
        check(normals<float>(g, n));
        check(normals<float>(g, n, 30));
        check(std::vector<float>(n, 5));
        std::vector<float> extreme(n, -3e38F);
        extreme[n / 2] = 3e38F;
        std::vector<float> y(n);
        kernel::log_softmax(y.data(), extreme.data(), n);
        for (std::size_t i = 0; i < n; ++i)
            CHECK((i == n / 2 ? y[i] == 0 : y[i] < -1e38F && std::isfinite(y[i])));
        if (n > 1) {
            std::vector<float> one_gone(n, 1);
            one_gone[0] = -inf;
            kernel::softmax(y.data(), one_gone.data(), n);
            CHECK(y[0] == 0);
            CHECK(y[1] == doctest::Approx(1.0 / static_cast<double>(n - 1)));
        }
        std::vector<float> bad(n, 1);
        bad[n - 1] = not_a_number;
        kernel::softmax(y.data(), bad.data(), n);
        for (const float e : y) CHECK(std::isnan(e));
    }
}

TEST_CASE("the gradients of softmax and log softmax are those of plain loops, also in place")
{
    for (const std::size_t n : edges) {
        CAPTURE(n);
        Generator g{n};
        const auto x = normals<float>(g, n, 3), dy = normals<float>(g, n);
        std::vector<float> p(n), log_p(n), dx(n, 1e30F), log_dx(n, 1e30F);
        kernel::softmax(p.data(), x.data(), n);
        kernel::log_softmax(log_p.data(), x.data(), n);
        kernel::softmax_backward(dx.data(), dy.data(), p.data(), n);
        kernel::log_softmax_backward(log_dx.data(), dy.data(), log_p.data(), n);
        const auto exact = reference::log_softmax(reference::widened(x));
        double mean = 0, sum = 0, size = 0;
        for (std::size_t i = 0; i < n; ++i) {
            mean += static_cast<double>(dy[i]) * std::exp(exact[i]);
            sum += static_cast<double>(dy[i]);
            size += std::fabs(static_cast<double>(dy[i]));
        }
        const double tolerance = static_cast<double>(n + 16) * eps;
        for (std::size_t i = 0; i < n; ++i) {
            const double share = std::exp(exact[i]), from = static_cast<double>(dy[i]);
            CHECK(std::fabs(static_cast<double>(dx[i]) - share * (from - mean)) <= tolerance * share * size);
            CHECK(std::fabs(static_cast<double>(log_dx[i]) - (from - share * sum)) <= tolerance * size);
        }
        auto in_place = dy;
        kernel::softmax_backward(in_place.data(), in_place.data(), p.data(), n);
        CHECK(in_place == dx);
        in_place = dy;
        kernel::log_softmax_backward(in_place.data(), in_place.data(), log_p.data(), n);
        CHECK(in_place == log_dx);
    }
}

TEST_CASE("cross entropy: the loss of a plain loop, the gradient of softmax minus one-hot")
{
    for (const std::size_t C : edges) {
        CAPTURE(C);
        constexpr std::size_t rows = 7;
        Generator g{C};
        const auto x = normals<float>(g, rows * C, 5);
        std::vector<std::int32_t> targets(rows);
        g.fill_randint(std::span(targets), 0, static_cast<std::int64_t>(C));
        std::vector<float> dx(rows * C, 1e30F);
        const float loss = kernel::softmax_cross_entropy(dx.data(), x.data(), targets.data(), rows, C);
        double expected = 0;
        for (std::size_t r = 0; r < rows; ++r) {
            const auto log_p = reference::log_softmax(
                reference::numbers(x.begin() + static_cast<std::ptrdiff_t>(r * C),
                                   x.begin() + static_cast<std::ptrdiff_t>((r + 1) * C)));
            expected -= log_p[static_cast<std::size_t>(targets[r])] / rows;
            for (std::size_t c = 0; c < C; ++c) {
                const double d =
                    (std::exp(log_p[c]) - (static_cast<std::size_t>(targets[r]) == c ? 1 : 0)) / rows;
                CHECK(std::fabs(static_cast<double>(dx[r * C + c]) - d) <= static_cast<double>(C + 8) * eps);
            }
        }
        CHECK(static_cast<double>(loss) == doctest::Approx(expected).epsilon(1e-6));
    }
}
