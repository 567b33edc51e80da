// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "support/fixtures.hpp"
#include "support/orders.hpp"
#include "support/random.hpp"

using namespace ctnn;
using support::checksum, support::training;

TEST_CASE("splits at random are PyTorch's, and stratified ones keep the proportions")
{
    const auto check = []<std::size_t N>(std::size_t n, const double(&shares)[N]) {
        Generator g{42};
        const auto parts = random_split(n, shares, g);
        std::vector<double> ours;
        for (const auto& p : parts) ours.push_back(static_cast<double>(p.size()));
        for (const auto& p : parts) ours.push_back(checksum(p));
        CHECK(ours == training()["random_split/" + std::to_string(n)].values);
    };
    check(1000, {0.8, 0.1, 0.1});
    check(1001, {0.3333, 0.3333, 0.3334});
    check(7, {0.5, 0.5});
    support::for_each_seed([](Generator& g) {
        xt::xtensor<int, 1> classes = g.randint(0, 5, 203);
        for (int& c : classes) c = c == 4 ? 0 : c; // one of them more often
        const auto parts = stratified_split(classes, {0.7, 0.2, 0.1}, g);
        std::vector<std::int64_t> all;
        const double shares[] = {0.7, 0.2, 0.1};
        for (std::size_t p = 0; p < 3; ++p) {
            all.insert(all.end(), parts[p].begin(), parts[p].end());
            for (int c = 0; c < 4; ++c) {
                const auto total = static_cast<double>(std::count(classes.begin(), classes.end(), c));
                const auto in_part =
                    static_cast<double>(std::count_if(parts[p].begin(), parts[p].end(), [&](auto i) {
                        return classes(static_cast<std::size_t>(i)) == c;
                    }));
                CHECK(std::fabs(in_part - shares[p] * total) <= 2);
            }
        }
        std::sort(all.begin(), all.end());
        for (std::size_t i = 0; i < 203; ++i) CHECK(all[i] == static_cast<std::int64_t>(i));
        const auto rows = rows_of(classes, parts[1]);
        CHECK(rows.size() == parts[1].size());
        CHECK(rows(3) == classes(static_cast<std::size_t>(parts[1][3])));
    });
    Generator g{1};
    CHECK_THROWS_WITH_AS((void)random_split(10, {0.5, 0.6}, g), doctest::Contains("sum to 1.1"), Error);
    CHECK_THROWS_WITH_AS((void)random_split(10, {1, 0}, g), doctest::Contains("a share of a split is 0"),
                         Error);
    CHECK_THROWS_WITH_AS((void)random_split(1, {0.5, 0.5}, g), doctest::Contains("empty"), Error);
    CHECK_THROWS_WITH_AS((void)rows_of(g.randn(3, 2), {0, 3}), doctest::Contains("there is no row 3 among 3"),
                         Error);
}
