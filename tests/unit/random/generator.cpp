// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/random/generator.hpp>
#include <ctnn/random/initialise.hpp>
#include <ctnn/random/python_random.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "../../support/random.hpp"

using namespace ctnn;

TEST_CASE("the engine is the standard library's mt19937")
{
    random_engine ours = random_engine::seeded(5489);
    std::mt19937 theirs{5489};
    for (int i = 0; i < 2000; ++i) REQUIRE(ours() == theirs());
}

TEST_CASE("many coins at once are the coins one by one, wherever the stream stands")
{
    for (const std::size_t before : {0U, 1U, 2U, 311U, 622U, 623U, 624U})
        for (const std::size_t n : {1U, 2U, 5U, 311U, 312U, 313U, 1000U})
            for (const double chance : {0.0, 0.3, 0.8, 1 - 0x1p-53, 1.0}) {
                Generator a{before + 3}, b{before + 3};
                for (std::size_t i = 0; i < before; ++i) (void)a.uniform(), (void)b.uniform();
                std::vector<float> coins(n, -1.0F);
                a.fill_bernoulli(std::span(coins), chance, 1.25F);
                for (const float coin : coins) REQUIRE(coin == (b.uniform<double>() < chance ? 1.25F : 0.0F));
                REQUIRE(a.state() == b.state());
            }
}

TEST_CASE("a uniform number between two others is rounded once")
{
    Generator a{4}, b{4};
    const float low = -0.18257419F, high = 0.18257419F;
    for (int i = 0; i < 1000; ++i) {
        const double exact =
            static_cast<double>(a.uniform()) * static_cast<double>(high - low) + static_cast<double>(low);
        CHECK(b.uniform(low, high) == static_cast<float>(exact));
    }
}

TEST_CASE("a state that was read and set again continues the stream, cached normal included")
{
    Generator a{7};
    (void)a.randn(3); // leaves the second half of a pair
    const Generator::State state = a.state();
    CHECK(state.next_normal.has_value());
    const auto expected = a.randn(5);
    Generator b{8};
    b.set_state(state);
    CHECK(b.state() == state);
    CHECK(b.randn(5) == expected);
    CHECK(a.state() == b.state());

    Generator::State bad = state;
    bad.engine.position = 625;
    CHECK_THROWS_WITH_AS(b.set_state(bad), doctest::Contains("[ctnn.generator]"), Error);
    CHECK(a.state() == b.state());
}

TEST_CASE("only the low 32 bits of a seed count, as in PyTorch")
{
    CHECK(Generator{5}.randint(0, 1'000'000) ==
          Generator{(std::uint64_t{1} << 32) + 5}.randint(0, 1'000'000));
    CHECK(Generator{5}.randint(0, 1'000'000) != Generator{6}.randint(0, 1'000'000));
}

TEST_CASE("randint refuses an empty range and covers a full one")
{
    Generator g{1};
    CHECK_THROWS_WITH_AS((void)g.randint(3, 3), doctest::Contains("low 3 and high 3"), Error);
    CHECK_THROWS_AS((void)g.randint(3, -3, 4), Error);
    constexpr auto low = std::numeric_limits<std::int64_t>::min(),
                   high = std::numeric_limits<std::int64_t>::max();
    bool negative = false, positive = false;
    for (int i = 0; i < 64; ++i) {
        const std::int64_t x = g.randint(low, high);
        negative = negative || x < 0;
        positive = positive || x > 0;
    }
    CHECK((negative && positive));
}

TEST_CASE("multinomial never draws a class of weight 0 and refuses what is no distribution")
{
    Generator g{3};
    const std::vector<float> p{0, 1, 0, 1e-30F, 0};
    int rare = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::size_t drawn = g.multinomial(std::span<const float>(p));
        REQUIRE((drawn == 1 || drawn == 3));
        rare += drawn == 3 ? 1 : 0;
    }
    CHECK(rare == 0);
    const xt::xtensor<float, 1> q{0, 0, 1, 0};
    for (const auto c : g.multinomial(q, 1000, WithReplacement{})) REQUIRE(c == 2);
    CHECK_THROWS_WITH_AS((void)g.multinomial(q, 2),
                         doctest::Contains("2 different classes are asked for, 1 have"), Error);

    const auto before = g.state();
    constexpr float nan = std::numeric_limits<float>::quiet_NaN(),
                    inf = std::numeric_limits<float>::infinity();
    for (const std::vector<float>& bad : {std::vector<float>{}, {0, 0}, {1, nan}, {inf, 1}, {1, -1}})
        CHECK_THROWS_WITH_AS((void)g.multinomial(std::span<const float>(bad)),
                             doctest::Contains("[ctnn.sample]"), Error);
    CHECK_THROWS_WITH_AS((void)g.multinomial(xt::xtensor<float, 2>{{1}}, 1),
                         doctest::Contains("shape (1, 1)"), Error);
    CHECK(g.state() == before);
}

TEST_CASE("moments of the draws")
{
    support::for_each_seed([](Generator& g) {
        const std::size_t n = 200'000;
        const auto x = g.randn(n);
        double mean = 0, square = 0;
        for (const float e : x) {
            mean += static_cast<double>(e) / static_cast<double>(n);
            square += static_cast<double>(e) * static_cast<double>(e) / static_cast<double>(n);
        }
        // Five standard errors: one false alarm in a million runs.
        CHECK(std::fabs(mean) < 5 / std::sqrt(static_cast<double>(n)));
        CHECK(std::fabs(square - 1) < 5 * std::sqrt(2.0 / static_cast<double>(n)));
    });
}

TEST_CASE("constant initialisations, and the gains of torch.nn.init.calculate_gain")
{
    auto w = xt::xtensor<double, 2>::from_shape({3, 5});
    init::ones(w);
    CHECK(w(2, 4) == 1);
    init::zeros(w);
    CHECK(w(0, 0) == 0);
    init::constant(w, 2.5);
    CHECK(w(1, 1) == 2.5);
    CHECK(init::tanh_gain == doctest::Approx(5.0 / 3));
    CHECK(init::relu_gain == doctest::Approx(std::sqrt(2.0)));
    CHECK(init::leaky_relu_gain(0.2) == doctest::Approx(std::sqrt(2 / 1.04)));
    auto bias = xt::xtensor<float, 1>::from_shape({3});
    Generator g{1};
    CHECK_THROWS_WITH_AS(init::kaiming_normal(bias, g), doctest::Contains("found (3,)"), Error);
}

TEST_CASE("many integers are those drawn one by one, for every range")
{
    support::for_each_seed([](Generator& many) {
        Generator one = many;
        for (const std::int64_t range :
             {1LL, 2LL, 3LL, 27LL, 182625LL, 65537LL, (1LL << 31) - 1, 1LL << 31, (1LL << 31) + 1,
              (1LL << 32) - 1, 1LL << 32, (1LL << 32) + 1, 1LL << 40}) {
            CAPTURE(range);
            std::vector<std::int64_t> drawn(1500);
            many.fill_randint(std::span<std::int64_t>(drawn), -5, range - 5);
            bool same = true;
            for (const std::int64_t x : drawn) same = same && x == one.randint(-5, range - 5);
            CHECK(same);
        }
        CHECK(many.state() == one.state());
    });
}
