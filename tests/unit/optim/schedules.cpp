// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "support/fixtures.hpp"

using namespace ctnn;
using support::training;

namespace {

/// A thousand rates, each within the rounding of PyTorch's recursions.
void agrees(const std::string& name, auto rate_at, double bound = 1e-12)
{
    CAPTURE(name);
    const auto& theirs = training()[name].values;
    REQUIRE(theirs.size() == 1000);
    double worst = 0;
    for (std::size_t step = 0; step < theirs.size(); ++step)
        worst = std::max(worst, std::fabs(rate_at(step) - theirs[step]) / std::max(theirs[step], 1e-30));
    CHECK(worst <= bound);
}
void schedule_agrees(const std::string& name, const Schedule auto& schedule, double bound = 1e-12)
{
    agrees(
        "schedule/" + name, [&](std::size_t step) { return schedule.at(step); }, bound);
}

} // namespace

TEST_CASE("schedules of the step are PyTorch's")
{
    schedule_agrees("step", StepLR{0.1, 30, 0.8});
    schedule_agrees("multi_step", MultiStep{0.1, {3, 70, 70, 900}, 0.3}, 1e-15);
    schedule_agrees("exponential", ExponentialLR{0.1, 0.99});
    schedule_agrees("cosine", CosineAnnealing{0.1, 700, 0.001});
    schedule_agrees("warm_up_cosine", LinearWarmUp{100, CosineAnnealing{0.1, 900}});
    schedule_agrees("warm_up_step", LinearWarmUp{7, StepLR{0.1, 50, 0.9}, 0.01});
    const std::pair<std::string, OneCycle> cycles[] = {
        {"one_cycle", {1.0, 1000}},
        {"one_cycle_three",
         {0.5, 1003, {.pct_start = 0.4, .div_factor = 10, .final_div_factor = 100, .three_phase = true}}},
        {"one_cycle_linear", {0.5, 1001, {.base_momentum = 0.5, .max_momentum = 0.99, .linear = true}}}};
    for (const auto& [name, cycle] : cycles) {
        schedule_agrees(name, cycle);
        agrees("schedule/" + name + "/momentum",
               [&cycle = cycle](std::size_t step) { return cycle.momentum_at(step); });
    }
}

TEST_CASE("a plateau lowers the rate when PyTorch's does")
{
    const std::pair<std::string, ReduceOnPlateauOptions> cases[] = {
        {"plain", {}},
        {"all", {.factor = 0.7, .patience = 3, .threshold = 1e-3, .cooldown = 5, .min_learning_rate = 0.002}},
        {"absolute", {.factor = 0.5, .patience = 20, .threshold = 0.01, .absolute = true}},
        {"larger", {.factor = 0.9, .patience = 2, .larger_is_better = true}}};
    for (const auto& [name, options] : cases) {
        Generator g{42};
        const auto noise = g.randn<double>(1, 1000);
        ReduceOnPlateau plateau{0.1, options};
        agrees("plateau/" + name, [&](std::size_t step) {
            return plateau.after(1 / std::sqrt(static_cast<double>(step + 1)) + 0.05 * noise(0, step));
        });
    }
    ReduceOnPlateau plateau{0.1, {.patience = 1}};
    for (const double metric : {1.0, std::nan(""), 1.0}) plateau.after(metric);
    CHECK(plateau.learning_rate() == doctest::Approx(0.01));
}

TEST_CASE("schedules that cannot be meant are refused")
{
    const double inf = std::numeric_limits<double>::infinity();
    CHECK_THROWS_AS((MultiStep{-1, {}}), Error);
    CHECK_THROWS_AS((MultiStep{1, {}, inf}), Error);
    CHECK_THROWS_AS((StepLR{0.1, 0}), Error);
    CHECK_THROWS_AS((ExponentialLR{std::nan(""), 0.9}), Error);
    CHECK_THROWS_AS((CosineAnnealing{0.1, 0}), Error);
    CHECK_THROWS_AS((CosineAnnealing{0.1, 10, -1}), Error);
    CHECK_THROWS_AS((OneCycle{0.1, 0}), Error);
    CHECK_THROWS_AS((OneCycle{0.1, 10, {.pct_start = 1.5}}), Error);
    CHECK_THROWS_AS((OneCycle{0.1, 10, {.div_factor = 0}}), Error);
    CHECK_THROWS_WITH_AS((void)(OneCycle{0.1, 10}.at(11)), doctest::Contains("step 11 comes after the 10"),
                         Error);
    CHECK_THROWS_AS((LinearWarmUp{10, StepLR{0.1, 5}, 2}), Error);
    CHECK_THROWS_AS((ReduceOnPlateau{0.1, {.factor = 1}}), Error);
    for (const std::size_t step : {0U, 1U, 9U, 10U})
        CHECK(std::isfinite(OneCycle{0.1, 10, {.pct_start = 0.1}}.at(step)));
}
