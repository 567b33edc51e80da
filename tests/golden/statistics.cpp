// SPDX-License-Identifier: BSD-3-Clause
/// Statistics and histograms against torch.mean, std, norm and histogram.
#include <string>

#include <doctest/doctest.h>

#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/statistics.hpp>

#include "../support/fixtures.hpp"

using namespace ctnn;
using support::fixtures;

TEST_CASE("moments, ends, shares and histograms of random tensors")
{
    for (const std::size_t n : {1UL, 2UL, 3UL, 17UL, 1000UL, 5400UL}) {
        CAPTURE(n);
        Generator g{42};
        const auto x = g.randn(n);
        const std::string at = "statistics/" + std::to_string(n) + "/";
        const auto expected = [&](const char* what) { return fixtures()[at + what].values; };
        const Statistics s = statistics(x);
        CHECK(s.count == n);
        CHECK(s.mean == doctest::Approx(expected("mean")[0]).epsilon(1e-6));
        if (n == 1) CHECK(std::isnan(s.std));
        else CHECK(s.std == doctest::Approx(expected("std")[0]).epsilon(1e-6));
        CHECK(s.min == doctest::Approx(expected("ends")[0]).epsilon(1e-6));
        CHECK(s.max == doctest::Approx(expected("ends")[1]).epsilon(1e-6));
        CHECK(s.norm == doctest::Approx(expected("norm")[0]).epsilon(1e-6));
        CHECK(saturated_share(x, {-1, 1}, 0.97) == doctest::Approx(expected("saturated")[0]));
        CHECK(saturated_share(x, {-1, 1}, 0.99) == doctest::Approx(expected("saturated")[1]));

        const auto same = [&](const Histogram& h, const std::string& kind) {
            CAPTURE(kind);
            CHECK(support::relative_error(h.edges, fixtures()[at + kind + "/edges"]) <= 1e-6);
            CHECK(support::relative_error(kind == "density" ? h.density() : h.counts,
                                          fixtures()[at + kind + "/counts"]) <=
                  (kind == "density" ? 1e-5 : 0));
        };
        same(histogram(x, 50), "auto");
        same(histogram(x, 37, -1, 1.5), "range");
        if (n > 3)
            same(histogram(x, 37, -1, 1.5),
                 "density"); // with nothing in the range torch divides by 0, and we do not
    }
}

TEST_CASE("equal numbers get a range of one around them")
{
    const xt::xtensor<float, 1> x{3, 3, 3, 3, 3};
    const Histogram h = histogram(x, 10);
    CHECK(support::relative_error(h.edges, fixtures()["statistics/same/edges"]) <= 1e-6);
    CHECK(support::relative_error(h.counts, fixtures()["statistics/same/counts"]) == 0);
}
