// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/data/augment.hpp>

#include <cstddef>
#include <set>
#include <utility>

#include "support/random.hpp"

using namespace ctnn;

TEST_CASE("a shifted picture is the same one elsewhere, with 0 where it came in, by every number of pixels")
{
    support::for_each_seed([](Generator& g) {
        constexpr std::size_t n = 1000, h = 4, w = 5; // one of 25 misses among them once in 10^16 runs
        xt::xtensor<float, 4> x({n, 2, h, w});
        for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i % (2 * h * w) + 1);
        const xt::xtensor<float, 4> before = x;
        random_shift(x, 2, g);
        std::set<std::pair<int, int>> seen;
        for (std::size_t b = 0; b < n; ++b)
            for (int down = -2; down <= 2; ++down)
                for (int right = -2; right <= 2; ++right) {
                    bool is = true;
                    for (int c = 0; c < 2; ++c)
                        for (int i = 0; i < 4; ++i)
                            for (int j = 0; j < 5; ++j) {
                                const int from = i - down, side = j - right;
                                const float expected = from < 0 || from >= 4 || side < 0 || side >= 5
                                                           ? 0
                                                           : before(b, c, from, side);
                                is = is && x(b, c, i, j) == expected;
                            }
                    if (is) seen.emplace(down, right);
                }
        CHECK(seen.size() == 25);
    });
}
TEST_CASE("a shift by more than the picture leaves nothing of it")
{
    Generator g{3};
    xt::xtensor<float, 4> x = xt::ones<float>({200, 1, 2, 3});
    random_shift(x, 50, g);
    std::size_t empty = 0;
    for (std::size_t b = 0; b < 200; ++b)
        empty += x(b, 0, 0, 0) + x(b, 0, 0, 2) + x(b, 0, 1, 0) + x(b, 0, 1, 2) == 0;
    CHECK(empty > 150);
}
TEST_CASE("half of all pictures are flipped, whole")
{
    Generator g{5};
    constexpr std::size_t n = 1000;
    xt::xtensor<int, 4> x({n, 2, 2, 3});
    for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<int>(i % 12);
    random_flip(x, g);
    std::size_t flipped = 0;
    for (std::size_t b = 0; b < n; ++b) {
        const bool turned = x(b, 0, 0, 0) == 2;
        flipped += turned;
        for (int i = 0; i < 12; ++i) {
            const int expected = turned ? i / 3 * 3 + 2 - i % 3 : i;
            CHECK(x.data()[b * 12 + static_cast<std::size_t>(i)] == expected);
        }
    }
    CHECK(flipped > 400);
    CHECK(flipped < 600);
}
