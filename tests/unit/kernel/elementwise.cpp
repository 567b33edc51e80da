// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/layer/tanh.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

TEST_CASE("tanh and its gradient at every length, and the same bits at every offset")
{
    for (const std::size_t n : edges) {
        CAPTURE(n);
        Generator g{n};
        const auto x = normals<float>(g, n), dy = normals<float>(g, n);
        std::vector<float> y(n), dx(n);
        kernel::activate<Tanh::activation>(y.data(), x.data(), n);
        kernel::activate_backward<Tanh::activation>(dx.data(), dy.data(), y.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            CHECK(std::fabs(static_cast<double>(y[i]) - std::tanh(static_cast<double>(x[i]))) <= 2 * eps);
            const double slope = 1 - static_cast<double>(y[i]) * static_cast<double>(y[i]);
            CHECK(std::fabs(static_cast<double>(dx[i]) - static_cast<double>(dy[i]) * slope) <=
                  2 * eps * std::fabs(static_cast<double>(dy[i])));
        }
        for (std::size_t first = 0; first < n; ++first) { // one by one, and the rest from there
            std::vector<float> part(n - first);
            kernel::activate<Tanh::activation>(part.data(), x.data() + first, n - first);
            for (std::size_t i = first; i < n; ++i) REQUIRE(part[i - first] == y[i]);
        }
    }
}

TEST_CASE("sums, products and copies at every length, and what is added to keeps what was there")
{
    for (const std::size_t n : edges) {
        Generator g{n};
        const auto a = normals<float>(g, n), b = normals<float>(g, n), c = normals<float>(g, n);
        std::vector<float> sum(n + 1, 7), product(n + 1, 7), copy(n + 1, 7);
        auto more = c;
        kernel::add(sum.data(), a.data(), b.data(), n);
        kernel::multiply(product.data(), a.data(), b.data(), n);
        kernel::copy(copy.data(), a.data(), n);
        kernel::multiply_add(more.data(), a.data(), b.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            CHECK(sum[i] == a[i] + b[i]);
            CHECK(product[i] == a[i] * b[i]);
            CHECK(copy[i] == a[i]);
            const double expected =
                static_cast<double>(c[i]) + static_cast<double>(a[i]) * static_cast<double>(b[i]);
            CHECK(std::fabs(static_cast<double>(more[i]) - expected) <= 4 * eps * 10);
        }
        CHECK(sum[n] + product[n] + copy[n] == 21); // and nothing after the end
        auto in_place = a;
        kernel::add(in_place.data(), in_place.data(), b.data(), n);
        CHECK(std::equal(in_place.begin(), in_place.end(), sum.begin()));
    }
}
