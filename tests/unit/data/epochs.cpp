// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "support/fixtures.hpp"
#include "support/orders.hpp"
#include "support/random.hpp"

using namespace ctnn;
using support::checksum, support::draws_after, support::training;

namespace {

auto numbered(std::size_t n)
{
    auto x = xt::xtensor<float, 2>::from_shape({n, 3});
    std::iota(x.begin(), x.end(), 0.0F);
    return x;
}

} // namespace

TEST_CASE("three epochs in the order of PyTorch's DataLoader, and what it leaves of the stream")
{
    const auto check = [](auto batch, std::size_t n, LastBatch last, const std::string& name) {
        CAPTURE(name);
        Generator g{42};
        const auto x = numbered(n);
        auto epochs = epochs_of<batch()>({.order = SampleOrder::data_loader, .last = last}, x);
        std::vector<std::int64_t> order, sizes;
        for (int epoch = 0; epoch < 3; ++epoch) {
            for (const auto& [rows] : epochs.epoch(g)) {
                for (std::size_t r = 0; r < rows.shape()[0]; ++r)
                    order.push_back(static_cast<std::int64_t>(rows(r, 0)) / 3);
                sizes.push_back(static_cast<std::int64_t>(rows.shape()[0]));
            }
            CHECK(epochs.is_at_end());
        }
        std::vector<double> ours{checksum(order), checksum(sizes)};
        for (const double d : draws_after(g)) ours.push_back(d);
        CHECK(ours == training()["data_loader/" + name].values);
    };
    using eight = std::integral_constant<std::size_t, 8>;
    check(eight{}, 31, LastBatch::smaller, "31_8");
    check(eight{}, 31, LastBatch::dropped, "31_8_dropped");
    check(eight{}, 32, LastBatch::smaller, "32_8");
    check(eight{}, 32, LastBatch::dropped, "32_8_dropped");
    check(eight{}, 5, LastBatch::smaller, "5_8");
    check(std::integral_constant<std::size_t, 32>{}, 1000, LastBatch::smaller, "1000_32");
}

TEST_CASE("each sample comes once an epoch, with what belongs to it")
{
    const auto x = numbered(21);
    auto y = xt::xtensor<int, 1>::from_shape({21});
    std::iota(y.begin(), y.end(), 0);
    Generator g{1};
    for (const LastBatch last : {LastBatch::smaller, LastBatch::dropped}) {
        auto epochs = epochs_of<4>({.last = last}, x, y);
        CHECK(epochs.batches() == (last == LastBatch::smaller ? 6 : 5));
        std::vector<int> first_order;
        for (std::size_t epoch = 0; epoch < 3; ++epoch) {
            std::vector<int> seen;
            for (const auto& [bx, by] : epochs.epoch(g)) {
                CHECK(bx.shape()[0] == by.shape()[0]);
                for (std::size_t r = 0; r < by.shape()[0]; ++r) {
                    CHECK(bx(r, 2) == static_cast<float>(3 * by(r) + 2));
                    seen.push_back(by(r));
                }
            }
            CHECK(epochs.epochs_before() == epoch);
            CHECK(std::set<int>(seen.begin(), seen.end()).size() == seen.size());
            CHECK(seen.size() == (last == LastBatch::smaller ? 21 : 20));
            CHECK(seen != first_order);
            first_order = seen;
        }
    }
    auto in_order = epochs_of<8>({.order = SampleOrder::as_given}, y);
    const auto before = g.state();
    const auto [first] = in_order.next(g);
    CHECK(first(7) == 7);
    CHECK(g.state() == before);
    const xt::xtensor<float, 2> none = xt::xtensor<float, 2>::from_shape({0, 3});
    CHECK_THROWS_WITH_AS((void)epochs_of<4>(none), doctest::Contains("[ctnn.data] there are no samples"),
                         Error);
    const auto few = numbered(3);
    CHECK_THROWS_WITH_AS((void)epochs_of<4>({.last = LastBatch::dropped}, few),
                         doctest::Contains("3 samples make no batch of 4"), Error);
    CHECK_THROWS_WITH_AS((void)epochs_of<4>(x, few), doctest::Contains("the first has 21 samples"), Error);
}

TEST_CASE("a checkpoint that puts epochs where they cannot be is an error, not a read elsewhere")
{
    const auto x = numbered(10);
    Generator g{1};
    const auto with = [&](const std::string& which, std::size_t at, std::int64_t value) {
        auto epochs = epochs_of<4>(x);
        (void)epochs.next(g);
        epochs.for_each_state([&](const std::string& name, auto numbers) {
            if (name == which && at < numbers.size()) numbers[at] = value;
        });
        return epochs;
    };
    for (const std::int64_t position : {-1, 4, 1000})
        CHECK_THROWS_WITH_AS((void)with("position", 0, position).next(g),
                             doctest::Contains("of an epoch of 3"), Error);
    for (const std::int64_t row : {-1, 10})
        CHECK_THROWS_WITH_AS((void)with("order", 5, row).next(g), doctest::Contains("there is no sample"),
                             Error);
}

TEST_CASE("samples of bool and of other orders, and epochs that are moved")
{
    const xt::xtensor<bool, 1> yes{true, false, true};
    const xt::xtensor<float, 2, xt::layout_type::column_major> x{{1, 2}, {3, 4}, {5, 6}};
    Generator g{1};
    auto first = epochs_of<2>({.order = SampleOrder::as_given}, yes, x);
    auto moved = std::move(first);
    const auto [a, b] = moved.next(g);
    CHECK((a(0) && !a(1) && b(1, 0) == 3));
    CHECK(rows_of(yes, {2, 1})(0));
    static_assert(!std::is_copy_constructible_v<decltype(moved)>);
}

TEST_CASE("epochs are taken up in the middle where they were left")
{
    const auto x = numbered(50);
    Generator g{5};
    auto whole = epochs_of<8>(x);
    for (int i = 0; i < 10; ++i) (void)whole.next(g); // in the second epoch
    auto resumed = epochs_of<8>(x);
    Generator h{0};
    h.set_state(g.state());
    std::vector<std::vector<std::int64_t>> kept;
    whole.for_each_state(
        [&](const char*, auto numbers) { kept.emplace_back(numbers.begin(), numbers.end()); });
    resumed.for_each_state([&, i = 0U](const char*, auto numbers) mutable {
        REQUIRE(numbers.size() == kept[i].size());
        std::copy(kept[i].begin(), kept[i].end(), numbers.begin());
        ++i;
    });
    CHECK(resumed.settings() == whole.settings());
    std::size_t left = 0;
    for (const auto& [a] : whole.epoch(g)) {
        const auto [b] = resumed.next(h);
        CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
        ++left;
    }
    CHECK(left == 4);
    auto other = numbered(50);
    other(3, 1) = 0;
    CHECK(epochs_of<8>(other).settings() != whole.settings());
}
