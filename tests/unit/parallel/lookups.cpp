// SPDX-License-Identifier: BSD-3-Clause
/// Tables of which shards exchange the rows that were looked up.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include <ctnn/ctnn.hpp>
#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/workers.hpp>
#include <doctest/doctest.h>
#include <xtensor/xmath.hpp>

#include "../../support/workers.hpp"

using namespace ctnn;
using namespace support;

namespace {

using SmallNet = Sequential<Embedding<3000, 10>, Linear<30, 40>, Tanh, Linear<40, 20>>;
using NormNet = Sequential<Embedding<3000, 10>, Linear<30, 40, NoBias>, BatchNorm<40>, Tanh, Linear<40, 20>>;
using SyncNet =
    Sequential<Embedding<3000, 10>, Linear<30, 40, NoBias>, SyncBatchNorm<40>, Tanh, Linear<40, 20>>;
using LargeNet = Sequential<Embedding<20'000, 13>, Linear<39, 20>>;
using OnlyNet = Embedding<3000, 20>;
template <class Net, std::size_t S>
using tables = detail::lookups<Net, Train<8>, S, float>;
static_assert(tables<SmallNet, 4>::count == 1 && tables<LargeNet, 4>::count == 1);
static_assert(tables<OnlyNet, 4>::count == 1 && tables<OnlyNet, 4>::dense == 0);
static_assert(tables<Sequential<Embedding<27, 10>, Linear<30, 20>>, 4>::count == 0);
static_assert(tables<SmallNet, 32>::count == 0, "as many lookups as a quarter of the rows");
static_assert(!detail::copies_weights<LargeNet, float> && detail::copies_weights<SmallNet, float>);

/// n samples of T ids of V, most of them few: the same row is looked up more than once, in a shard and by
/// several.
template <std::size_t V, std::size_t T = 3>
auto ids_of(std::size_t n, std::uint64_t seed)
{
    Generator g{seed};
    auto x = xt::xtensor<std::int64_t, 2>::from_shape({n, T});
    const auto drawn = g.rand(n, T);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double r = static_cast<double>(drawn.flat(i));
        x.flat(i) = static_cast<std::int64_t>(r * r * r * static_cast<double>(V));
    }
    return x;
}
auto targets_of(std::size_t n, std::uint64_t seed) { return Generator{seed + 1000}.randint(0, 20, n); }

template <class Net, std::size_t V, std::size_t S, class MakeOptimizer>
std::pair<std::string, float> trained(std::size_t count, MakeOptimizer make)
{
    Generator generator{7};
    DataParallel<Net, Train<8>, Shards<S>> model{generator};
    auto optimizer = make(model);
    Workers workers{count, many};
    float loss = 0;
    for (std::uint64_t i = 0; i < 40; ++i)
        loss = model.step(workers, ids_of<V>(model.batch, i % 5), targets_of(model.batch, i % 5),
                          CrossEntropy{}, optimizer);
    return {bits_of(model), loss};
}
template <class Net, std::size_t V, std::size_t S, class MakeOptimizer>
void check_workers(MakeOptimizer make)
{
    same_for_all_workers(S, 2.5F, [&](std::size_t count) { return trained<Net, V, S>(count, make); });
}

const auto plain = [](const auto& model) { return Sgd{model, {.learning_rate = 0.3F}}; };
const auto groups = [](const auto& model) {
    return Sgd{model, {.learning_rate = 0.3F}, {{"0.*", {.learning_rate = 0.5F}}}};
};
const auto adam_w = [](const auto& model) { return AdamW{model, {.learning_rate = 0.01}}; };

} // namespace

TEST_CASE("lookups: one checksum for 1, 2, 4 and 8 workers")
{
    SUBCASE("plain") { check_workers<SmallNet, 3000, 4>(plain); }
    SUBCASE("plain, in groups") { check_workers<SmallNet, 3000, 4>(groups); }
    SUBCASE("momentum") { check_workers<SmallNet, 3000, 8>(momentum); }
    SUBCASE("AdamW") { check_workers<SmallNet, 3000, 4>(adam_w); }
    SUBCASE("batch norm") { check_workers<NormNet, 3000, 4>(plain); }
    SUBCASE("SyncBatchNorm") { check_workers<SyncNet, 3000, 4>(adam_w); }
    SUBCASE("weights in slices, plain") { check_workers<LargeNet, 20'000, 8>(plain); }
    SUBCASE("weights in slices, momentum") { check_workers<LargeNet, 20'000, 4>(momentum); }
    SUBCASE("weights in slices, AdamW") { check_workers<LargeNet, 20'000, 4>(adam_w); }
}

TEST_CASE("lookups: one shard is as a Model")
{
    const auto same = [](auto make) {
        Generator generator{7}, other{7};
        DataParallel<SmallNet, Train<32>, Shards<1>> model{generator};
        Model<SmallNet, Train<32>> single{other};
        static_assert(detail::lookups<SmallNet, Train<32>, 1, float>::count == 1);
        auto optimizer = make(model), single_optimizer = make(single);
        CrossEntropy criterion;
        Workers workers{1};
        for (std::uint64_t i = 0; i < 30; ++i) {
            const auto x = ids_of<3000>(32, i);
            const auto t = targets_of(32, i);
            const float loss = model.step(workers, x, t, criterion, optimizer);
            const auto [expected, dlogits] = criterion(single.forward(x), t);
            single_optimizer.step(single, dlogits);
            CHECK(loss == expected);
        }
        CHECK(bits_of(model) == bits_of(single));
    };
    same(plain);
    same(momentum);
    same(adam_w);
}

TEST_CASE("lookups: the gradients of 4 shards are those of one batch")
{
    const auto compare = [](auto net, std::size_t count, double tolerance) {
        using Net = typename decltype(net)::type;
        Generator generator{3}, other{3};
        DataParallel<Net, Train<8>, Shards<4>, double> model{generator};
        Model<Net, Train<32>, double> single{other};
        Workers workers{count, many};
        Sgd sgd{model, {.learning_rate = 0.25F}}, single_sgd{single, {.learning_rate = 0.25F}};
        CrossEntropy<double> criterion;
        for (std::uint64_t step = 0; step < 4; ++step) { // what an earlier step has left is not seen
            const auto x = ids_of<3000>(32, step);
            const auto t = targets_of(32, step);
            model.forward_backward(workers, x, t, criterion);
            single.backward(std::get<1>(criterion(single.forward(x), t)));
            double most = 0;
            for (std::size_t i = 0; i < model.block_size(); ++i)
                most = std::max(most, std::abs(model.gradient_block()[i] - single.gradient_block()[i]));
            CHECK(most < tolerance);
            model.step(workers, x, t, criterion, sgd);
            single_sgd.step(single);
        }
    };
    for (const std::size_t count : {1U, 2U, 4U}) compare(std::type_identity<SmallNet>{}, count, 1e-15);
}

TEST_CASE("lookups: two tables, one of them with few rows, and what stands between them")
{
    using Net = Sequential<Inputs<Sequential<Embedding<5000, 6, 2>, Flatten, Linear<12, 16>, Tanh>,
                                  Sequential<Embedding<2000, 10, 3>, Flatten, Linear<30, 16>, Tanh>,
                                  Sequential<Embedding<11, 10, 3>, Flatten, Linear<30, 16>, Tanh>>,
                           Linear<48, 20>>;
    static_assert(detail::lookups<Net, Train<8>, 4, float>::count == 2);
    static_assert(detail::lookups<Net, Train<8>, 4, float>::stretches.size() == 2);
    const auto bits = [](std::size_t count) {
        Generator generator{7};
        DataParallel<Net, Train<8>, Shards<4>> model{generator};
        Sgd sgd{model, {.learning_rate = 0.2F}};
        Workers workers{count, many};
        float loss = 0;
        for (std::uint64_t i = 0; i < 60; ++i) {
            const std::uint64_t seed = i % 3;
            const auto x =
                std::tuple(ids_of<5000, 2>(32, seed), ids_of<2000>(32, seed), ids_of<11>(32, seed));
            loss = model.step(workers, x, targets_of(32, seed), CrossEntropy{}, sgd);
        }
        CHECK(loss < 2.0F);
        return bits_of(model);
    };
    const std::string one = bits(1);
    CHECK(bits(2) == one);
    CHECK(bits(4) == one);
}

namespace {

/// A user's own, which takes w -= g, and fails now and then.
struct FailingOptimizer {
    bool fails = false;
    std::int64_t count = 0;
    [[nodiscard]] static std::array<float*, 0> state() { return {}; }
    void apply(float* w, const std::array<float*, 0>&, const float* g, std::size_t first, std::size_t n) const
    {
        if (fails && first > 1000 && first < 30'000) throw std::runtime_error("out of order");
        for (std::size_t i = 0; i < n; ++i) w[i] -= g[i];
    }
    void end_step() { ++count; }
    [[nodiscard]] std::int64_t steps() const { return count; }
};

} // namespace

TEST_CASE("lookups: after an optimizer that failed in the middle of a table")
{
    for (const std::size_t count : {1U, 2U}) {
        Generator generator{7};
        const Model<NormNet, Eval> start{Model<NormNet, Train<8>>{generator}};
        DataParallel<NormNet, Train<8>, Shards<4>> model{start}, other{start};
        FailingOptimizer optimizer;
        Workers workers{count, many};
        const auto step = [&](auto& m) {
            return m.step(workers, ids_of<3000>(32, 1), targets_of(32, 1), CrossEntropy{}, optimizer);
        };
        optimizer.fails = true;
        CHECK_THROWS_AS(step(model), std::runtime_error);
        std::as_const(model).for_each_buffer([&](auto name, const auto& value) {
            std::as_const(other).for_each_buffer([&](auto same, const auto& before) {
                if (name == same) CHECK(value == before);
            });
        });
        model.weights() = start.weights();
        optimizer.fails = false;
        for (int i = 0; i < 3; ++i) CHECK(step(model) == step(other));
        CHECK(bits_of(model) == bits_of(other));
    }
}

TEST_CASE("lookups: a table that is the whole network, and teams that change")
{
    const auto bits = [](std::size_t first, std::size_t second) {
        Generator generator{7};
        DataParallel<OnlyNet, Train<8>, Shards<4>> model{generator};
        Sgd sgd{model, {.learning_rate = 0.5F, .momentum = 0.5F}};
        Workers one{first, many}, other{second, many};
        for (std::uint64_t i = 0; i < 12; ++i)
            (void)model.step(i % 3 == 0 ? other : one, Generator{i}.randint(0, 3000, 32), targets_of(32, i),
                             CrossEntropy{}, sgd);
        return bits_of(model);
    };
    const std::string one = bits(1, 1);
    CHECK(bits(4, 1) == one);
    CHECK(bits(2, 4) == one);
}

TEST_CASE("lookups: a step on top of plain SGD sees all rows")
{
    using Net = Sequential<Embedding<3000, 10>, Linear<30, 20>>;
    struct Decaying : Sgd<Net> {
        using Sgd<Net>::Sgd;
        void apply(float* w, const state_arrays& state, const float* g, std::size_t first,
                   std::size_t n) const
        {
            Sgd<Net>::apply(w, state, g, first, n);
            for (std::size_t i = 0; i < n; ++i) w[i] *= 0.5F;
        }
    };
    Generator generator{7};
    DataParallel<Net, Train<8>, Shards<4>> model{generator};
    const xt::xtensor<float, 2> before = model.parameter<"0.weight">();
    Decaying optimizer{model, {.learning_rate = 0}};
    Workers workers{2, many};
    (void)model.step(workers, ids_of<3000>(32, 1), targets_of(32, 1), CrossEntropy{}, optimizer);
    CHECK(xt::amax(xt::abs(model.parameter<"0.weight">() - before * 0.5F))() == 0);
}

TEST_CASE("lookups: the same error, whoever has the shards")
{
    const auto texts = [](auto net, std::size_t count) {
        using Net = typename decltype(net)::type;
        Generator generator{7};
        DataParallel<Net, Train<8>, Shards<4>> model{generator};
        Sgd sgd{model};
        Workers workers{count, many};
        std::string all;
        const auto fails = [&](const auto& x, const auto& t) {
            const std::string before = bits_of(model);
            try {
                (void)model.step(workers, x, t, CrossEntropy{}, sgd);
            } catch (const Error& error) {
                all.append(error.what()).append("\n");
            }
            CHECK(bits_of(model) == before);
        };
        auto x = ids_of<3000>(32, 1);
        auto t = targets_of(32, 1);
        x(25, 1) = 5000; // of shard 3
        fails(x, t);
        t(9) = 99; // of shard 1
        fails(x, t);
        fails(ids_of<3000>(32, 1), t);
        return all;
    };
    const auto same = [&](auto net, const char* first) {
        const std::string one = texts(net, 1);
        CHECK(one.substr(0, one.find('\n')) == first);
        CHECK(std::count(one.begin(), one.end(), '\n') == 3);
        CHECK(texts(net, 2) == one);
        CHECK(texts(net, 4) == one);
    };
    const char* const first = "[ctnn.class_id] class id 5000 at (1, 1) of the input is outside 0..2999; "
                              "shard 3 begins with sample 24";
    same(std::type_identity<NormNet>{}, first);
    same(std::type_identity<SyncNet>{}, first);
}

TEST_CASE("lookups: a table that is tied or fixed is not among them")
{
    using Tied_ =
        Sequential<Embedding<3000, 8, 3>, Flatten, Linear<24, 8>, Tied<"0", Linear<8, 3000, NoBias>>>;
    using Fixed_ = Sequential<Fixed<Embedding<3000, 8, 3>>, Flatten, Linear<24, 20>>;
    CHECK(detail::lookups<Tied_, Train<8>, 4, float>::count == 0);
    CHECK(detail::lookups<Fixed_, Train<8>, 4, float>::count == 0);
    check_workers<Fixed_, 3000, 4>(plain);
    // A weight of two layers is told when both have been taken backward.
    using Small = Sequential<Embedding<40, 8, 3>, Flatten, Linear<24, 8>, Tied<"0", Linear<8, 40, NoBias>>>;
    same_for_all_workers(4, 3.5F, [](std::size_t count) { return trained<Small, 40, 4>(count, momentum); });
}
