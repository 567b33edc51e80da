// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/kernel/update.hpp>

#include <cmath>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

TEST_CASE("sums of rows and updates")
{
    constexpr std::size_t rows = 7, C = 2 * W + 1;
    Generator g{7};
    const auto x = normals<float>(g, rows * C);
    std::vector<float> sum(C, 1e30F);
    kernel::sum_rows<C>(sum.data(), x.data(), rows);
    for (std::size_t c = 0; c < C; ++c) {
        double expected = 0;
        for (std::size_t r = 0; r < rows; ++r) expected += static_cast<double>(x[r * C + c]);
        CHECK(std::fabs(static_cast<double>(sum[c]) - expected) <= 10 * eps);
    }
    auto more = normals<float>(g, C);
    const auto before = more;
    kernel::sum_rows<C, write_mode::add>(more.data(), x.data(), rows);
    for (std::size_t c = 0; c < C; ++c) CHECK(more[c] == before[c] + sum[c]);
    for (const std::size_t n : edges) {
        const auto w = normals<float>(g, n), d = normals<float>(g, n), v = normals<float>(g, n);
        auto plain = w, moved = w, velocity = v;
        using V = simd::vec<float>;
        kernel::update<float, 0>(plain.data(), d.data(), {}, n, [](V& a, V da, V*) { a = a - da; });
        kernel::update<float, 1>(moved.data(), d.data(), {velocity.data()}, n, [](V& a, V da, V* s) {
            *s = *s + da;
            a = a - *s;
        });
        for (std::size_t i = 0; i < n; ++i) {
            CHECK(plain[i] == w[i] - d[i]);
            CHECK(velocity[i] == v[i] + d[i]);
            CHECK(moved[i] == w[i] - velocity[i]);
        }
    }
}
