// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/gather.hpp>
#include <ctnn/kernel/update.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

TEST_CASE("gather and its scatter: repeated ids add, absent ones become 0")
{
    constexpr std::size_t V = 5, C = 19;
    Generator g{6};
    const auto table = normals<float>(g, V * C), dy = normals<float>(g, 6 * C);
    const std::vector<std::int32_t> ids{3, 1, 3, 0, 3, 1};
    std::vector<float> y(6 * C), dtable(V * C, 1e30F);
    kernel::gather<C>(y.data(), table.data(), ids.data(), 6);
    kernel::gather_backward<V, C>(dtable.data(), dy.data(), ids.data(), 6);
    std::vector<double> expected(V * C);
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t c = 0; c < C; ++c) {
            CHECK(y[i * C + c] == table[static_cast<std::size_t>(ids[i]) * C + c]);
            expected[static_cast<std::size_t>(ids[i]) * C + c] += static_cast<double>(dy[i * C + c]);
        }
    for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(static_cast<double>(dtable[i]) == doctest::Approx(expected[i]).epsilon(1e-6));

    const auto before = normals<float>(g, V * C);
    auto more = before;
    kernel::gather_backward<V, C, write_mode::add>(more.data(), dy.data(), ids.data(), 6);
    for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(std::fabs(static_cast<double>(more[i]) - static_cast<double>(before[i]) - expected[i]) <=
              4 * eps * 10);
    CHECK(more[2 * C] == before[2 * C]); // an id that is not there
}

TEST_CASE("a step of SGD along looked up rows is that of the whole table, and leaves the others alone")
{
    constexpr std::size_t V = 50, C = 19;
    Generator g{8};
    const auto table = normals<float>(g, V * C), dy = normals<float>(g, 6 * C);
    const std::vector<std::int32_t> ids{3, 49, 3, 0, 3, 49};
    std::vector<float> dtable(V * C), expected = table, stepped = table,
                                      spare(V * C, std::numeric_limits<float>::quiet_NaN());
    kernel::gather_backward<V, C>(dtable.data(), dy.data(), ids.data(), 6);
    kernel::descend(expected.data(), dtable.data(), dtable.size(), 0.1F);
    stepped[C] = std::numeric_limits<float>::signaling_NaN(); // of an id that is not there
    kernel::gather_descend<V, C>(stepped.data(), spare.data(), dy.data(), ids.data(), 6, 0.1F);
    CHECK(std::isnan(stepped[C]));
    stepped[C] = expected[C];
    CHECK(stepped == expected);
}
