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
#include "support/random.hpp"

using namespace ctnn;
using support::training;

namespace {

/// make_training.py's checksum of int64s.
double checksum(const std::vector<std::int64_t>& numbers)
{
    std::uint64_t h = 0xcbf29ce484222325;
    for (const std::int64_t n : numbers)
        for (int byte = 0; byte < 8; ++byte)
            h = (h ^ (static_cast<std::uint64_t>(n) >> (8 * byte) & 0xff)) * 0x100000001b3;
    return static_cast<double>(static_cast<std::int64_t>(h));
}

std::vector<double> after(Generator& g)
{
    const auto next = g.randint(0, 182625, 3);
    return {next.begin(), next.end()};
}

auto numbered(std::size_t n)
{
    auto x = xt::xtensor<float, 2>::from_shape({n, 3});
    std::iota(x.begin(), x.end(), 0.0F);
    return x;
}

} // namespace

TEST_CASE("randperm is PyTorch's")
{
    for (const std::size_t n : {1U, 2U, 3U, 31U, 1000U, 100003U}) {
        Generator g{42};
        const auto order = g.randperm(n);
        std::vector<double> ours(order.begin(),
                                 order.begin() + std::min<std::ptrdiff_t>(8, order.end() - order.begin()));
        ours.push_back(checksum({order.begin(), order.end()}));
        for (const double d : after(g)) ours.push_back(d);
        CHECK(ours == training()["randperm/" + std::to_string(n)].values);
        Generator skipped{42};
        skipped.skip_randperm(n);
        Generator drawn{42};
        (void)drawn.randperm(n);
        CHECK(skipped.state() == drawn.state());
    }
    Generator g{42};
    std::vector<double> ours;
    for (int i = 0; i < 5; ++i) ours.push_back(static_cast<double>(g.random()));
    CHECK(ours == training()["random"].values);
}

TEST_CASE("three epochs in the order of PyTorch's DataLoader, and what it leaves of the stream")
{
    const auto check = [](auto batch, std::size_t n, LastBatch last, const std::string& name) {
        CAPTURE(name);
        Generator g{42};
        const auto x = numbered(n);
        auto epochs = epochs_of<batch()>({.order = Order::data_loader, .last = last}, x);
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
        for (const double d : after(g)) ours.push_back(d);
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
    auto in_order = epochs_of<8>({.order = Order::as_given}, y);
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

TEST_CASE("samples of bool and of other orders, and epochs that are moved")
{
    const xt::xtensor<bool, 1> yes{true, false, true};
    const xt::xtensor<float, 2, xt::layout_type::column_major> x{{1, 2}, {3, 4}, {5, 6}};
    Generator g{1};
    auto first = epochs_of<2>({.order = Order::as_given}, yes, x);
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
    CHECK_THROWS_WITH_AS((void)rows_of(numbered(3), {0, 3}), doctest::Contains("there is no row 3 among 3"),
                         Error);
}
