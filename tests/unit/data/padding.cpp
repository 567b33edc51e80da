// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace ctnn;

TEST_CASE("sequences of unequal length are filled up, and a mask tells where they are")
{
    const std::vector<std::vector<class_id>> words{{1, 2, 3}, {}, {4}};
    const auto [x, mask] = pad_sequences(words);
    CHECK(x == xt::xtensor<class_id, 2>{{1, 2, 3}, {0, 0, 0}, {4, 0, 0}});
    CHECK(mask == xt::xtensor<bool, 2>{{true, true, true}, {false, false, false}, {true, false, false}});
    const auto y = pad_sequences(words, 4, -1).values;
    CHECK(y == xt::xtensor<class_id, 2>{{1, 2, 3, -1}, {-1, -1, -1, -1}, {4, -1, -1, -1}});

    const std::vector<xt::xtensor<float, 2>> signals{{{1, 2}}, {{3, 4}, {5, 6}}};
    const auto padded = pad_sequences(signals, 0, 9);
    CHECK(padded.values == xt::xtensor<float, 3>{{{1, 2}, {9, 9}}, {{3, 4}, {5, 6}}});
    CHECK(padded.mask == xt::xtensor<bool, 2>{{true, false}, {true, true}});
    // Stored column by column it is the same.
    xt::xtensor<float, 2, xt::layout_type::column_major> turned{{3, 4}, {5, 6}};
    CHECK(pad_sequences(std::vector<xt::xtensor<float, 2>>{turned}).values(0, 0, 1) == 4);

    CHECK_THROWS_WITH_AS((void)pad_sequences(words, 2),
                         doctest::Contains("sequence 0 has 3 steps, expected at most 2"), Error);
    CHECK_THROWS_WITH_AS((void)pad_sequences(std::vector<std::vector<float>>{}),
                         doctest::Contains("no sequences"), Error);
    CHECK_THROWS_WITH_AS((void)pad_sequences(std::vector<std::vector<float>>{{}, {}}),
                         doctest::Contains("no sequences with a step"), Error);
    CHECK_THROWS_WITH_AS((void)pad_sequences(std::vector<xt::xtensor<float, 2>>{{{1, 2}}, {{1}}}),
                         doctest::Contains("sequence 1 has shape (1, 1), the first has (1, 2)"), Error);
}

TEST_CASE("what is filled up neither counts in a loss nor learns")
{
    using Net = Sequential<Embedding<5, 4, 3>, Linear<4, 5>>;
    Generator generator{1};
    Model<Net, Train<2>> model{generator};
    const std::vector<std::vector<class_id>> words{{1, 2, 3}, {4}}, next{{2, 3, 0}, {0}};
    const auto x = pad_sequences(words, 3).values, y = pad_sequences(next, 3, -1).values;
    CrossEntropy criterion{{.ignore = -1}};
    const auto [loss, dlogits] = criterion(model.forward(x), y);
    for (const std::size_t t : {1U, 2U})
        for (std::size_t v = 0; v < 5; ++v) CHECK(dlogits(1, t, v) == 0);
    // The mean over the four that are there.
    auto other = x;
    other(1, 1) = 3;
    CHECK(std::get<0>(criterion(model.forward(other), y)) == loss);
}
