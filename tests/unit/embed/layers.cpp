// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/embed/layers.hpp>

#include <array>
#include <cmath>
#include <cstddef>

#include "support/random.hpp"

using namespace ctnn;

TEST_CASE("a large mean with a small spread keeps its digits")
{
    // PyTorch's own error here is 1.9e-5 and 0.377 (mean 300, spread 1; mean 10,000, spread 0.01).
    const auto error = [](double mean, double spread) {
        constexpr std::size_t n = 64;
        Generator g{5};
        std::array<float, n> x{}, y{}, gain{}, shift{};
        double sum = 0, squares = 0, worst = 0;
        for (std::size_t i = 0; i < n; ++i) {
            x[i] = static_cast<float>(mean + spread * static_cast<double>(g.randn(1)(0)));
            gain[i] = 1;
            sum += static_cast<double>(x[i]) / n;
        }
        for (const float e : x)
            squares += (static_cast<double>(e) - sum) * (static_cast<double>(e) - sum) / n;
        embed::group_norm<1, 1, 1, n>{gain.data(), shift.data()}.forward(y.data(), x.data());
        for (std::size_t i = 0; i < n; ++i) {
            const double exact = (static_cast<double>(x[i]) - sum) / std::sqrt(squares + 1e-5);
            worst = std::fmax(worst, std::fabs(static_cast<double>(y[i]) - exact));
        }
        return worst;
    };
    CHECK(error(300, 1) <= 4e-6);
    CHECK(error(1e4, 1e-2) <= 1e-4);
}
