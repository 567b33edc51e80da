// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <limits>

#include <doctest/doctest.h>

#include "support/fixtures.hpp"

using namespace ctnn;
using support::fixtures;

TEST_CASE("MultiStep")
{
    const MultiStep schedule{0.5, {3, 7}};
    for (std::size_t step = 0; step < 10; ++step)
        CHECK(schedule.at(step) == doctest::Approx(fixtures()["multi_step"].values[step]).epsilon(1e-15));
    CHECK_THROWS_AS((MultiStep{-1, {}}), Error);
    CHECK_THROWS_AS((MultiStep{1, {}, std::numeric_limits<double>::infinity()}), Error);
}
