// SPDX-License-Identifier: BSD-3-Clause
/// Steps shared out among workers: the same bits, however many they are.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/workers.hpp>
#include <doctest/doctest.h>
#include <xtensor/xview.hpp>

#include "../../support/workers.hpp"

using namespace ctnn;
using namespace support;

namespace {

using NormNet = Sequential<Embedding<27, 10>, Linear<30, 40, NoBias>, BatchNorm<40>, Tanh, Linear<40, 27>>;
using PlainNet = Sequential<Embedding<27, 10>, Linear<30, 40>, Tanh, Linear<40, 27>>;
using DropNet = Sequential<Embedding<27, 10>, Linear<30, 40>, Dropout<1, 5>, Tanh, Linear<40, 27>>;
using SyncNet = Sequential<Embedding<27, 10>, Linear<30, 40, NoBias>, SyncBatchNorm<40>, Tanh, Linear<40, 20>,
                           SyncBatchNorm<20, LectureStd>, Tanh, Linear<20, 27>>;
using WholeNet = Sequential<Embedding<27, 10>, Linear<30, 40, NoBias>, BatchNorm<40>, Tanh, Linear<40, 20>,
                            BatchNorm<20, LectureStd>, Tanh, Linear<20, 27>>;
using DropNormNet =
    Sequential<Embedding<27, 10>, Linear<30, 40>, BatchNorm<40>, Dropout<1, 5>, Tanh, Linear<40, 27>>;
using LargeNet =
    Sequential<Embedding<27, 10>, Linear<30, 500>, Tanh, Linear<500, 300>, Tanh, Linear<300, 27>>;
using LargeNormNet = Sequential<Embedding<27, 10>, Linear<30, 500>, BatchNorm<500>, Tanh, Linear<500, 300>,
                                Tanh, Linear<300, 27>>;
static_assert(detail::copies_weights<NormNet, float> && !detail::copies_weights<LargeNet, float> &&
              detail::copies_weights<LargeNormNet, float>);

struct Batch {
    xt::xtensor<class_id, 2> x;
    xt::xtensor<class_id, 1> t;
};
Batch batch_of(std::size_t n, std::uint64_t seed)
{
    Generator g{seed};
    Batch b{xt::xtensor<class_id, 2>::from_shape({n, 3}), xt::xtensor<class_id, 1>::from_shape({n})};
    const auto fill = [&](auto& to) {
        const auto drawn = g.randint(0, 27, to.size());
        std::copy(drawn.begin(), drawn.end(), to.begin());
    };
    fill(b.x);
    fill(b.t);
    return b;
}

/// The weights after some steps with a number of workers, and the last loss.
template <class Net, std::size_t B, std::size_t S, class MakeOptimizer>
std::pair<std::string, float> trained(std::size_t count, MakeOptimizer make, int steps = 60)
{
    Generator generator{7};
    DataParallel<Net, Train<B>, Shards<S>> model{generator};
    auto optimizer = make(model);
    Workers workers{count, many};
    float loss = 0;
    for (int i = 0; i < steps; ++i) {
        const Batch b = batch_of(B * S, static_cast<std::uint64_t>(i % 5));
        if (i == 30) optimizer.set_learning_rate(0.01);
        loss = model.step(workers, b.x, b.t, CrossEntropy{}, optimizer);
    }
    return {bits_of(model), loss};
}
template <class Net, std::size_t B, std::size_t S, class MakeOptimizer>
void check_workers(MakeOptimizer make)
{
    same_for_all_workers(S, 3.3F, [&](std::size_t count) { return trained<Net, B, S>(count, make); });
}

const auto plain = [](const auto& model) { return Sgd{model, {.learning_rate = 0.1F}}; };
const auto adam_w = [](const auto& model) {
    return AdamW{model, {.learning_rate = 0.01}, {{"*.bias", {.weight_decay = 0}}}};
};
const auto rms_prop = [](const auto& model) { return RmsProp{model, {.learning_rate = 0.001}}; };

} // namespace

TEST_CASE("data parallel: one checksum for 1, 2, 4 and 8 workers")
{
    SUBCASE("batch norm, momentum") { check_workers<NormNet, 8, 4>(momentum); }
    SUBCASE("batch norm, plain") { check_workers<NormNet, 4, 8>(plain); }
    SUBCASE("AdamW in groups") { check_workers<NormNet, 8, 4>(adam_w); }
    SUBCASE("RMSprop") { check_workers<PlainNet, 8, 4>(rms_prop); }
    SUBCASE("SyncBatchNorm") { check_workers<SyncNet, 8, 4>(momentum); }
    SUBCASE("Dropout") { check_workers<DropNet, 8, 4>(momentum); }
    SUBCASE("large, with batch norm") { check_workers<LargeNormNet, 4, 4>(momentum); }
    SUBCASE("weights in slices, momentum") { check_workers<LargeNet, 4, 4>(momentum); }
    SUBCASE("weights in slices, AdamW in groups") { check_workers<LargeNet, 4, 4>(adam_w); }
    SUBCASE("sixteen shards") { check_workers<PlainNet, 2, 16>(momentum); }
}

TEST_CASE("data parallel: one shard is as a Model")
{
    const auto same = [](auto net, auto make) {
        using Net = typename decltype(net)::type;
        Generator generator{7}, other{7};
        DataParallel<Net, Train<32>, Shards<1>> model{generator};
        Model<Net, Train<32>> plain_model{other};
        auto optimizer = make(model);
        auto plain_optimizer = make(plain_model);
        CrossEntropy criterion;
        Workers workers{1};
        for (std::uint64_t i = 0; i < 50; ++i) {
            const Batch b = batch_of(32, i);
            const float loss = model.step(workers, b.x, b.t, criterion, optimizer);
            const auto [expected, dlogits] = criterion(plain_model.forward(b.x), b.t);
            plain_model.backward(dlogits);
            plain_optimizer.step(plain_model);
            CHECK(loss == expected);
        }
        CHECK(bits_of(model) == bits_of(plain_model));
        CHECK(bits_of(freeze(model)) == bits_of(freeze(plain_model)));
    };
    same(std::type_identity<NormNet>{}, momentum);
    same(std::type_identity<PlainNet>{}, adam_w);
    same(std::type_identity<LargeNet>{}, momentum);

    Generator generator{7}, other{7};
    DataParallel<DropNet, Train<32>, Shards<1>> model{generator};
    Model<DropNet, Train<32>> plain_model{other};
    Sgd sgd{model}, plain_sgd{plain_model};
    CrossEntropy criterion;
    Workers workers{1};
    for (std::uint64_t i = 0; i < 20; ++i) {
        const Batch b = batch_of(32, i);
        Generator drops = model.generator_of(0);
        model.step(workers, b.x, b.t, criterion, sgd);
        const auto [loss, dlogits] = criterion(plain_model.forward(b.x, drops), b.t);
        plain_model.backward(dlogits);
        plain_sgd.step(plain_model);
    }
    CHECK(bits_of(model) == bits_of(plain_model));
}

TEST_CASE("data parallel: gradients of four shards are those of the whole batch")
{
    Generator generator{7}, other{7};
    DataParallel<PlainNet, Train<32>, Shards<4>> model{generator};
    Model<PlainNet, Train<128>> whole{other};
    CrossEntropy criterion;
    const Batch b = batch_of(128, 3);
    const auto [expected, dlogits] = criterion(whole.forward(b.x), b.t);
    whole.backward(dlogits);
    for (const std::size_t count : {1U, 2U, 4U}) {
        Workers workers{count, many};
        const float loss = model.forward_backward(workers, b.x, b.t, criterion);
        CHECK(loss == doctest::Approx(static_cast<double>(expected)).epsilon(1e-6));
        float largest = 0, error = 0;
        for (std::size_t i = 0; i < model.block_size(); ++i) {
            largest = std::max(largest, std::fabs(whole.gradient_block()[i]));
            error = std::max(error, std::fabs(whole.gradient_block()[i] - model.gradient_block()[i]));
        }
        CHECK(largest > 0.01F);
        CHECK(error < 1e-6F * largest);
    }
}

TEST_CASE("data parallel: SyncBatchNorm is BatchNorm of the whole batch")
{
    const auto check = [](auto net, auto whole_net, double bound) {
        using Net = typename decltype(net)::type;
        using Whole = typename decltype(whole_net)::type;
        Generator generator{7}, other{7};
        DataParallel<Net, Train<8>, Shards<4>> model{generator};
        Model<Whole, Train<32>> whole{other};
        CrossEntropy criterion;
        for (const std::size_t count : {1U, 2U, 4U}) {
            Workers workers{count, many};
            const Batch b = batch_of(32, count);
            const auto [expected, dlogits] = criterion(whole.forward(b.x), b.t);
            whole.backward(dlogits);
            const float loss = model.forward_backward(workers, b.x, b.t, criterion);
            CHECK(loss == doctest::Approx(static_cast<double>(expected)).epsilon(1e-6));
            double largest = 0, error = 0;
            for (std::size_t i = 0; i < model.block_size(); ++i) {
                const auto theirs = static_cast<double>(whole.gradient_block()[i]);
                largest = std::max(largest, std::fabs(theirs));
                error = std::max(error, std::fabs(theirs - static_cast<double>(model.gradient_block()[i])));
            }
            CHECK(largest > 0.01);
            CHECK(error < bound * largest);
            const float *const ours = model.weights().data(), *const theirs = whole.weights().data();
            for (std::size_t i = 0; i < Weights<Net>::bytes / sizeof(float); ++i)
                CHECK(ours[i] == doctest::Approx(static_cast<double>(theirs[i])).epsilon(1e-5));
        }
    };
    check(std::type_identity<SyncNet>{}, std::type_identity<WholeNet>{}, 2e-6);
    // where the input of the layer is read twice, and its gradient is added to another
    check(std::type_identity<Sequential<Embedding<27, 10>, Linear<30, 20>,
                                        Residual<SyncBatchNorm<20>, Linear<20, 20>>, Linear<20, 27>>>{},
          std::type_identity<Sequential<Embedding<27, 10>, Linear<30, 20>,
                                        Residual<BatchNorm<20>, Linear<20, 20>>, Linear<20, 27>>>{},
          2e-6);
}

TEST_CASE("data parallel: forward_backward and an optimizer's own step are the step")
{
    const auto run = [](std::size_t count, bool shared) {
        Generator generator{7};
        DataParallel<NormNet, Train<8>, Shards<4>> model{generator};
        auto sgd = momentum(model);
        Workers workers{count, many};
        for (std::uint64_t i = 0; i < 30; ++i) {
            const Batch b = batch_of(32, i);
            if (shared) {
                model.step(workers, b.x, b.t, CrossEntropy{}, sgd);
            } else {
                model.forward_backward(workers, b.x, b.t, CrossEntropy{});
                sgd.step(model);
            }
        }
        return bits_of(model);
    };
    const std::string expected = run(1, true);
    CHECK(run(1, false) == expected);
    CHECK(run(2, false) == expected);
    CHECK(run(4, false) == expected);
}

TEST_CASE("data parallel: workers follow what is written to weights and optimizer between steps")
{
    const auto run = [](std::size_t count) {
        Generator generator{7};
        DataParallel<NormNet, Train<8>, Shards<4>> model{generator};
        std::optional<Sgd<NormNet>> sgd;
        sgd.emplace(momentum(model));
        std::optional<Workers> workers;
        workers.emplace(count, many);
        for (std::uint64_t i = 0; i < 40; ++i) {
            const Batch b = batch_of(32, i);
            if (i == 10) model.parameter<"1.weight">() *= 0.5F;
            if (i == 15) model.weights().parameter<"2.running_mean">() += 1.0F;
            if (i == 20) sgd.emplace(momentum(model)); // where the old one stood
            if (i == 25)
                model.for_each_parameter([](auto, auto w, auto) {
                    for (float& x : w) x += 0.01F;
                });
            if (i == 30) workers.emplace(count, many); // another team
            if (i == 35) workers.emplace(1, many);     // and one of another size
            model.step(*workers, b.x, b.t, CrossEntropy{}, *sgd);
        }
        return bits_of(model);
    };
    const std::string expected = run(1);
    CHECK(run(2) == expected);
    CHECK(run(4) == expected);
}

TEST_CASE("data parallel: teams that shrink and grow, optimizers in turn, steps that fail between them")
{
    const auto run = [](const std::vector<std::size_t>& counts) {
        Generator generator{7};
        DataParallel<DropNormNet, Train<8>, Shards<4>> model{generator};
        auto first = momentum(model);
        auto second = adam_w(model);
        for (std::uint64_t i = 0; i < 24; ++i) {
            Batch b = batch_of(32, i);
            Workers workers{counts[i % counts.size()], many};
            if (i % 5 == 4) {
                model.forward_backward(workers, b.x, b.t, CrossEntropy{});
                continue;
            }
            if (i % 7 == 3) {
                const class_id good = b.t(3);
                b.t(3) = 99; // the other optimizer's step fails, and is not taken
                CHECK_THROWS_AS(model.step(workers, b.x, b.t, CrossEntropy{}, second), Error);
                b.t(3) = good;
            }
            if (i % 6 == 5) model.step(workers, b.x, b.t, CrossEntropy{}, second);
            else model.step(workers, b.x, b.t, CrossEntropy{}, first);
        }
        return bits_of(model);
    };
    const std::string expected = run({1});
    CHECK(run({4, 2}) == expected);
    CHECK(run({4, 1, 2}) == expected);
    CHECK(run({2, 4, 4, 1, 2}) == expected);
}

TEST_CASE("data parallel: a criterion that owns its gradient, where shards wait for each other too")
{
    const auto run = [](std::size_t count) {
        Generator generator{7};
        DataParallel<Sequential<Linear<3, 6>, SyncBatchNorm<6>, Tanh, Linear<6, 2>>, Train<8>, Shards<4>>
            model{generator};
        Sgd sgd{model, {.learning_rate = 0.1F}};
        Workers workers{count, many};
        const auto x = generator.randn(32, 3);
        const xt::xtensor<float, 2> t = generator.randn(32, 2);
        const auto squares = [](const auto& y, const auto& target) {
            xt::xtensor<float, 2> dy = y - target;
            return std::tuple<float, xt::xtensor<float, 2>>(xt::sum(dy * dy)(), dy);
        };
        for (int i = 0; i < 10; ++i) model.step(workers, x, t, squares, sgd);
        return bits_of(model);
    };
    const std::string expected = run(1);
    CHECK(run(2) == expected);
    CHECK(run(4) == expected);
}

TEST_CASE("data parallel: errors leave everything as it was, and the next step is right")
{
    for (const std::size_t count : {1U, 2U, 4U}) {
        CAPTURE(count);
        Generator generator{7};
        DataParallel<NormNet, Train<8>, Shards<4>> model{generator};
        auto sgd = momentum(model);
        Workers workers{count, many};
        const Batch good = batch_of(32, 1);
        model.step(workers, good.x, good.t, CrossEntropy{}, sgd);
        const std::string before = bits_of(model);
        Batch bad = good;
        bad.x(31, 2) = 27;
        CHECK_THROWS_WITH_AS(model.step(workers, bad.x, bad.t, CrossEntropy{}, sgd),
                             doctest::Contains("[ctnn.class_id]"), Error);
        bad = good;
        bad.t(0) = -1;
        CHECK_THROWS_WITH_AS(model.step(workers, bad.x, bad.t, CrossEntropy{}, sgd),
                             doctest::Contains("[ctnn.class_id]"), Error);
        const Batch other = batch_of(31, 1);
        CHECK_THROWS_WITH_AS(model.step(workers, other.x, good.t, CrossEntropy{}, sgd),
                             "[ctnn.shape] the input has 31 samples, expected 32: 4 shards of 8", Error);
        CHECK_THROWS_WITH_AS(model.step(workers, good.x, other.t, CrossEntropy{}, sgd),
                             doctest::Contains("[ctnn.shape] the tensor of targets has 31"), Error);
        CHECK(bits_of(model) == before);
        model.step(workers, good.x, good.t, CrossEntropy{}, sgd);
        static const std::string after = bits_of(model);
        CHECK(bits_of(model) == after);
        CHECK(after != before);
    }
    DataParallel<PlainNet, Train<8>, Shards<4>> model;
    Sgd sgd{model};
    const Batch b = batch_of(32, 1);
    Workers three{3, many}, eight{8, many};
    CHECK_THROWS_WITH_AS(
        model.step(three, b.x, b.t, CrossEntropy{}, sgd),
        "[ctnn.parallel] 3 workers cannot share 4 shards alike, expected 1, 2, 4, ... up to 4", Error);
    CHECK_THROWS_AS(model.step(eight, b.x, b.t, CrossEntropy{}, sgd), Error);
    Workers default_workers;
    CHECK(std::isfinite(model.step(default_workers, b.x, b.t, CrossEntropy{}, sgd)));
}

TEST_CASE("data parallel: several inputs and outputs, some of them views with gaps")
{
    using Net = Sequential<Inputs<Embedding<5, 4>, Linear<3, 4>>, Tanh, Outputs<Linear<8, 2>, Linear<8, 5>>>;
    Generator generator{7}, other{7};
    DataParallel<Net, Train<8>, Shards<4>> model{generator};
    Model<Net, Train<32>> whole{other};
    const xt::xtensor<std::int64_t, 1> ids = generator.randint(0, 5, 32);
    const auto wide = generator.randn(32, 6);
    const auto numbers = xt::view(wide, xt::all(), xt::range(0, 6, 2));
    const xt::xtensor<float, 2> dense = numbers;
    const xt::xtensor<std::int64_t, 1> t = generator.randint(0, 5, 32);
    CrossEntropy of_classes;
    xt::xtensor<float, 2> dy;
    const auto both = [of_classes, dy](const auto& y, const auto& targets) mutable {
        const auto [loss, dlogits] = of_classes(std::get<1>(y), targets);
        dy = std::get<0>(y) / static_cast<float>(targets.size());
        return std::tuple<float, std::tuple<const xt::xtensor<float, 2>&, decltype(dlogits)>>(
            loss, std::tie(dy, dlogits));
    };
    auto criterion = both;
    const auto [expected, gradients] = criterion(whole.forward(ids, dense), t);
    whole.backward(gradients);
    for (const std::size_t count : {1U, 2U, 4U}) {
        Workers workers{count, many};
        const float loss = model.forward_backward(workers, std::tie(ids, numbers), t, both);
        CHECK(loss == doctest::Approx(static_cast<double>(expected)).epsilon(1e-6));
        for (std::size_t i = 0; i < model.block_size(); ++i)
            CHECK(std::fabs(whole.gradient_block()[i] - model.gradient_block()[i]) < 1e-6F);
    }
}

TEST_CASE("data parallel: numbers, a criterion that is a lambda, double")
{
    Generator generator{7};
    const auto x = generator.randn<double>(32, 3);
    const xt::xtensor<double, 2> t = generator.randn<double>(32, 1);
    const auto run = [&](std::size_t count) {
        Generator g{8};
        DataParallel<Sequential<Linear<3, 6>, Tanh, Linear<6, 1>>, Train<8>, Shards<4>, double> model{g};
        Adam adam{model, {.learning_rate = 0.01}};
        Workers workers{count, many};
        const double factor = 0.5;
        const auto half = [factor, dy = xt::xtensor<double, 2>()](const auto& y, const auto& target) mutable {
            dy = factor * (y - target);
            return std::tuple<double, const xt::xtensor<double, 2>&>(xt::sum(dy * dy)(), dy);
        };
        for (int i = 0; i < 30; ++i) model.step(workers, x, t, half, adam);
        return bits_of(model);
    };
    const std::string expected = run(1);
    CHECK(run(2) == expected);
    CHECK(run(4) == expected);
}
