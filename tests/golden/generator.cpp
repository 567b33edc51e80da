// SPDX-License-Identifier: BSD-3-Clause
/// The random streams against PyTorch and Python.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <ctnn/random/generator.hpp>
#include <ctnn/random/python_random.hpp>

#include "../support/fixtures.hpp"
#include "../support/orders.hpp"

using namespace ctnn;
using support::fixtures;

namespace {

/// Longer tensors are stored as their first and last twenty numbers.
template <class X>
std::vector<typename X::value_type> cut(const X& x)
{
    std::vector<typename X::value_type> v(x.begin(), x.end());
    if (v.size() > 100) v.erase(v.begin() + 20, v.end() - 20);
    return v;
}

std::int64_t ordered(float x)
{
    const auto bits = static_cast<std::int64_t>(std::bit_cast<std::uint32_t>(x) & 0x7fffffffU);
    return x < 0 ? -bits : bits;
}
std::int64_t ordered(double x)
{
    const auto bits = static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(x) & ~(std::uint64_t{1} << 63));
    return x < 0 ? -bits : bits;
}

/// The largest distance in units in the last place.
template <class T>
std::int64_t ulps(const std::vector<T>& ours, const std::vector<double>& theirs)
{
    REQUIRE(ours.size() == theirs.size());
    std::int64_t worst = 0;
    for (std::size_t i = 0; i < ours.size(); ++i)
        worst = std::max(worst, std::abs(ordered(ours[i]) - ordered(static_cast<T>(theirs[i]))));
    return worst;
}

template <class T>
bool equal(const std::vector<T>& ours, const std::vector<double>& theirs)
{
    return std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                      [](T a, double b) { return static_cast<double>(a) == b; });
}

} // namespace

TEST_CASE("one stream of every kind of draw equals PyTorch's")
{
    for (const std::uint64_t seed : {0ULL, 1ULL, 42ULL, 2147483647ULL, 4294967301ULL})
        for (const std::size_t n : {1U, 2U, 15U, 16U, 17U, 27U, 31U, 32U, 100U, 270U, 5400U, 6000U}) {
            const std::string name = "generator/" + std::to_string(seed) + "/" + std::to_string(n) + "/";
            CAPTURE(name);
            Generator g{seed};
            CHECK(ulps(cut(g.randn(n)), fixtures()[name + "randn"].values) <= 4);
            CHECK(ulps(cut(g.rand(n)), fixtures()[name + "rand"].values) == 0);
            CHECK(equal(cut(g.randint(0, 182'625, n)), fixtures()[name + "randint"].values));
            CHECK(ulps(cut(g.randn<double>(n)), fixtures()[name + "randn64"].values) <= 4);
            CHECK(equal(cut(g.randint(-5, std::int64_t{1} << 40, n)), fixtures()[name + "randint64"].values));
            const auto p = g.rand(n);
            std::vector<std::int64_t> ones;
            for (int i = 0; i < 8; ++i) ones.push_back(g.multinomial(p, 1)(0));
            CHECK(equal(ones, fixtures()[name + "multinomial"].values));
            CHECK(equal(cut(g.multinomial(p, std::min<std::size_t>(n, 5))),
                        fixtures()[name + "multinomial_some"].values));
            CHECK(equal(cut(g.multinomial(p, 1, WithReplacement{})),
                        fixtures()[name + "multinomial_one_replaced"].values));
            CHECK(equal(cut(g.multinomial(p, 20, WithReplacement{})),
                        fixtures()[name + "multinomial_many"].values));
            CHECK(equal(cut(g.randint(0, 182'625, 3)),
                        fixtures()[name + "after"].values)); // as many draws as PyTorch, too
        }
}

TEST_CASE("shuffle equals Python's")
{
    for (const std::uint64_t seed : {0ULL, 1ULL, 42ULL, 4294967301ULL}) {
        std::vector<int> order(1000);
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
        PythonRandom{seed}.shuffle(order);
        CHECK(equal(order, fixtures()["shuffle/" + std::to_string(seed)].values));
    }
}

TEST_CASE("randperm is PyTorch's")
{
    for (const std::size_t n : {1U, 2U, 3U, 31U, 1000U, 100003U}) {
        Generator g{42};
        const auto order = g.randperm(n);
        std::vector<double> ours(order.begin(),
                                 order.begin() + std::min<std::ptrdiff_t>(8, order.end() - order.begin()));
        ours.push_back(support::checksum({order.begin(), order.end()}));
        for (const double d : support::draws_after(g)) ours.push_back(d);
        CHECK(ours == support::training()["randperm/" + std::to_string(n)].values);
        Generator skipped{42};
        skipped.skip_randperm(n);
        Generator drawn{42};
        (void)drawn.randperm(n);
        CHECK(skipped.state() == drawn.state());
    }
    Generator g{42};
    std::vector<double> ours;
    for (int i = 0; i < 5; ++i) ours.push_back(static_cast<double>(g.random()));
    CHECK(ours == support::training()["random"].values);
}
