// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/model/eval_outputs.hpp>

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include <pthread.h>
#if __has_include(<xtensor/views/xview.hpp>)
#include <xtensor/core/xmath.hpp>
#include <xtensor/generators/xbuilder.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xbuilder.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xview.hpp>
#endif

#include "../../support/random.hpp"

using namespace ctnn;

namespace {

using NetA =
    Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200, LectureStd>, Tanh, Linear<200, 27>>;
using Tree =
    Sequential<Embedding<27, 24, 8>, FlattenConsecutive<2>, Linear<48, 128, NoBias>, BatchNorm<128>, Tanh,
               FlattenConsecutive<2>, Linear<256, 128, NoBias>, BatchNorm<128>, Tanh, FlattenConsecutive<2>,
               Linear<256, 128, NoBias>, BatchNorm<128>, Tanh, Linear<128, 27>>;
using Numbers = Sequential<Input<7>, Tanh, Linear<7, 31>, Tanh, BatchNorm<31>, Linear<31, 5>, Tanh>;

/// A trained-looking model: random parameters, running statistics away from 0 and 1.
template <class Net, class T = float>
Model<Net, Train<32>, T> trained_model(Generator& g)
{
    Model<Net, Train<32>, T> model{g};
    model.for_each_buffer(
        [&](auto name, auto value) { init::uniform(value, g, name.ends_with("mean") ? -1 : 0.5, 2); });
    model.for_each_parameter([&](auto name, auto value, auto) {
        if (name.ends_with("weight") && value.dimension() == 1)
            init::uniform(value, g, -2, 2); // the gain of a BatchNorm
    });
    return model;
}
template <class Net>
auto some_model(Generator& g)
{
    return freeze(trained_model<Net>(g));
}
template <class Net>
auto unfolded(Generator& g)
{
    return Model<Net, Eval>{trained_model<Net>(g)};
}

/// 500 rows, whole and in batches of many sizes: the same bits.
template <class Net, class X>
void check_rows(const Model<Net, Eval>& model, const X& x)
{
    const auto all = model.forward(x);
    constexpr std::size_t in = input_shape<Net>::size, out = output_shape<Net>::size;
    const std::size_t n = x.shape()[0];
    for (const std::size_t batch : {1U, 2U, 3U, 5U, 7U, 8U, 9U, 31U, 32U, 33U, 64U}) {
        std::vector<float> y(n * out);
        for (std::size_t r = 0; r < n; r += batch) {
            const std::size_t rows = std::min(batch, n - r);
            const auto from = view_of(x.data() + r * in, detail::batch_extents<input_shape<Net>>(rows));
            auto to = view_of(y.data() + r * out, detail::batch_extents<output_shape<Net>>(rows));
            model.forward(from, to);
        }
        CHECK(std::equal(y.begin(), y.end(), all.begin()));
    }
    for (std::size_t r = 0; r < n; ++r) {
        const auto y = model.forward_one(std::span(x.data() + r * in, in));
        REQUIRE(std::equal(y.begin(), y.end(), all.data() + r * out));
    }
}

} // namespace

TEST_CASE("a row's answer does not depend on the batch around it, bit for bit")
{
    support::for_each_seed([](Generator& g) {
        check_rows(some_model<NetA>(g), g.randint(0, 27, 500, 3));
        check_rows(some_model<Tree>(g), g.randint(0, 27, 500, 8));
        check_rows(some_model<Numbers>(g), g.randn(500, 7));
        check_rows(unfolded<NetA>(g), g.randint(0, 27, 500, 3));
        check_rows(unfolded<Tree>(g), g.randint(0, 27, 500, 8));
    });
}

TEST_CASE("eval of a frozen model is the training model with running statistics")
{
    Generator g{1};
    Model<Numbers, Train<16>> model{g};
    for (int i = 0; i < 400; ++i) (void)model.forward(g.randn(16, 7));
    const auto frozen = freeze(model);
    // By now the running statistics are those of the stream, so a large batch in training mode is normalised
    // nearly alike.
    Model<Numbers, Train<4096>> large{model};
    const auto x = g.randn(4096, 7);
    const auto& trained = large.forward(x);
    const auto evaluated = frozen.forward(x);
    double worst = 0;
    for (std::size_t i = 0; i < evaluated.size(); ++i)
        worst = std::max(worst, std::fabs(static_cast<double>(trained.data()[i]) -
                                          static_cast<double>(evaluated.data()[i])));
    CHECK(worst < 0.2);
    CHECK(worst > 0);
}

TEST_CASE("many threads on one model, each on a stack of 64 KiB")
{
    Generator g{2};
    static const auto model = some_model<NetA>(g);
    static const auto x = g.randint(0, 27, 100, 3);
    static const auto expected = model.forward(x);
    static std::atomic<int> right{0};
    right = 0;
    const auto work = [](void*) -> void* {
        auto y = xt::xtensor<float, 2>::from_shape({100, 27});
        for (int i = 0; i < 20; ++i) model.forward(x, y);
        right += y == expected ? 1 : 0;
        return nullptr;
    };
    pthread_attr_t attributes;
    REQUIRE(pthread_attr_init(&attributes) == 0);
#if !defined(__SANITIZE_ADDRESS__) && !(defined(__has_feature) && __has_feature(address_sanitizer))
    const auto has_stack_of = [&](std::size_t bytes) {
        return pthread_attr_setstacksize(&attributes, bytes) == 0;
    };
    REQUIRE((has_stack_of(64 * 1024) || has_stack_of(128 * 1024))); // the least of some systems
#endif
    std::vector<pthread_t> threads(8);
    for (pthread_t& t : threads) REQUIRE(pthread_create(&t, &attributes, work, nullptr) == 0);
    for (const pthread_t t : threads) pthread_join(t, nullptr);
    pthread_attr_destroy(&attributes);
    CHECK(right == 8);
}

TEST_CASE("what goes in is checked before anything is written")
{
    Generator g{3};
    const auto model = some_model<NetA>(g);
    auto x = g.randint(0, 27, 5, 3);
    auto y = xt::xtensor<float, 2>::from_shape({5, 27});
    y.fill(42);
    x(4, 2) = 27;
    CHECK_THROWS_WITH_AS(model.forward(x, y),
                         "[ctnn.class_id] class id 27 at (4, 2) of the input is outside 0..26", Error);
    x(4, 2) = -1;
    CHECK_THROWS_WITH_AS(model.forward(x, y), doctest::Contains("class id -1 at (4, 2)"), Error);
    x(4, 2) = std::numeric_limits<std::int64_t>::max();
    CHECK_THROWS_WITH_AS(model.forward(x, y), doctest::Contains("class id 9223372036854775807"), Error);
    for (const float e : y) CHECK(e == 42);
    x(4, 2) = 26;
    CHECK_NOTHROW(model.forward(x, y));

    CHECK_THROWS_WITH_AS((void)model.forward(g.randint(0, 27, 5, 4)),
                         "[ctnn.shape] the input has shape (5, 4), expected (5, 3)", Error);
    CHECK_THROWS_WITH_AS((void)model.forward(g.randint(0, 27, 5)),
                         doctest::Contains("[ctnn.shape] the input has shape (5,)"), Error);
    auto narrow = xt::xtensor<float, 2>::from_shape({1, 27}); // would broadcast in xtensor
    CHECK_THROWS_WITH_AS(model.forward(x, narrow),
                         doctest::Contains("the result has shape (1, 27), expected (5, 27)"), Error);
    CHECK_THROWS_WITH_AS((void)model.forward_one(std::array{1, 2}),
                         doctest::Contains("has 2 elements, the model takes 3"), Error);
    CHECK_THROWS_WITH_AS((void)model.forward_one(std::array{1, 2, 99}),
                         doctest::Contains("class id 99 at (2,) of the sample"), Error);
}

TEST_CASE("no samples, other element types and column-major input")
{
    Generator g{4};
    const auto model = some_model<Numbers>(g);
    CHECK(model.forward(xt::xtensor<float, 2>::from_shape({0, 7})).size() == 0);
    const auto x = g.randn(5, 7);
    const auto y = model.forward(x);
    const xt::xtensor<double, 2> wide = x;
    CHECK(model.forward(wide) == y);
    const xt::xtensor<float, 2, xt::layout_type::column_major> across = x;
    CHECK(model.forward(across) == y);
}

TEST_CASE("results go into dense views, and into nothing that has gaps")
{
    Generator g{4};
    const auto model = some_model<Numbers>(g);
    const auto x = g.randn(4, 7);
    const auto expected = model.forward(x);
    xt::xtensor<float, 3> block = xt::zeros<float>({2, 4, 5});
    model.forward(x, xt::view(block, 1, xt::all(), xt::all()));
    CHECK(xt::xtensor<float, 2>(xt::view(block, 1, xt::all(), xt::all())) == expected);
    CHECK(xt::xtensor<float, 2>(xt::view(block, 0, xt::all(), xt::all())) ==
          xt::xtensor<float, 2>(xt::zeros<float>({4, 5})));
    xt::xtensor<float, 2> wide = xt::zeros<float>({4, 6});
    CHECK_THROWS_WITH_AS(model.forward(x, xt::view(wide, xt::all(), xt::range(0, 5))),
                         doctest::Contains("has gaps in memory"), Error);
    for (const float e : wide) CHECK(e == 0);
    auto column = xt::view(wide, xt::all(), 1);
    CHECK_THROWS_WITH_AS(init::ones(column), doctest::Contains("has gaps in memory"), Error);
    init::ones(xt::view(wide, 1, xt::all()));
    CHECK(wide(1, 5) == 1);
    CHECK(wide(0, 0) == 0);
    const xt::xtensor<float, 3> inputs = g.randn(2, 4, 7);
    CHECK(model.forward(xt::view(inputs, 1, xt::all(), xt::all())) ==
          model.forward(xt::xtensor<float, 2>(xt::view(inputs, 1, xt::all(), xt::all()))));
}

TEST_CASE("NaN and infinity go in and come out, without a trap")
{
    Generator g{5};
    const auto model = some_model<Numbers>(g);
    auto x = g.randn(2, 7);
    x(0, 3) = std::numeric_limits<float>::quiet_NaN();
    const auto y = model.forward(x);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(std::isnan(y(0, i)));
        CHECK(std::isfinite(y(1, i)));
    }
}

TEST_CASE("layers too wide for the stack take their scratch from the heap")
{
    using Wide = Sequential<Linear<3, 5000>, Tanh, Linear<5000, 2>>;
    Generator g{6};
    check_rows(some_model<Wide>(g), g.randn(20, 3));
}

TEST_CASE("sampling: a maximum length, no class past the vocabulary, no distribution of NaN")
{
    Generator g{7};
    auto model = unfolded<NetA>(g);
    const Vocabulary vocabulary{"abc"};
    auto bias = model.parameter<"4.bias">();
    bias(0) = -1000;                                     // never the end
    for (std::size_t i = 4; i < 27; ++i) bias(i) = 1000; // and classes that have no character far ahead
    const std::string word = sample(model, vocabulary, g, 30);
    CHECK(word.size() == 30);
    CHECK(word.find_first_not_of("abc") == std::string::npos);
    CHECK(sample(model, vocabulary, g, 0).empty());
    bias(1) = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_WITH_AS((void)sample(model, vocabulary, g), doctest::Contains("[ctnn.sample]"), Error);
    CHECK_THROWS_WITH_AS((void)sample(model, Vocabulary{"abcdefghijklmnopqrstuvwxyzABC"}, g),
                         doctest::Contains("30 classes"), Error);
}

TEST_CASE("eval of wide networks: the same bits on the stack, in a workspace, row by row")
{
    using Net = Sequential<Linear<64, 900>, Tanh, Residual<Linear<900, 900>, ReLU>, Linear<900, 10>>;
    Generator g{9};
    const Model<Net, Eval> model{g};
    Workspace<Net, Eval> workspace;
    for (const std::size_t n : {1U, 2U, 3U, 33U, 300U}) {
        const auto x = g.randn(n, 64);
        const auto y = model.forward(x);
        auto again = xt::xtensor<float, 2>::from_shape({n, 10});
        model.forward(x, again, workspace);
        CHECK(y == again);
        CHECK(model.forward(x, workspace) == y);
        CHECK(model.forward(x * 1.0F) == y); // copied instead of read where it stands
        for (std::size_t r = 0; r < n; ++r) {
            const auto one =
                model.forward_one(std::vector<float>(x.begin() + static_cast<std::ptrdiff_t>(r * 64),
                                                     x.begin() + static_cast<std::ptrdiff_t>(r * 64 + 64)));
            CHECK(std::memcmp(one.data(), &y(r, 0), sizeof one) == 0);
        }
    }
}

TEST_CASE("ids that are made as they are read are read once")
{
    // A lazy expression in which every second reading of a place gives an id out of range.
    std::size_t readings = 0;
    const auto lazy = [&](std::size_t n) {
        return xt::make_lambda_xfunction([&readings, n](int) { return ++readings <= n ? 1 : 1000; },
                                         xt::ones<int>(std::array<std::size_t, 2>{n / 3, 3}));
    };
    using Net = Sequential<Embedding<27, 5>, Linear<15, 4>>;
    Generator g{3};
    const Model<Net, Eval> model{g};
    const auto expected = model.forward(xt::xtensor<int, 2>{{1, 1, 1}, {1, 1, 1}});
    CHECK(model.forward(lazy(6)) == expected);
    readings = 0;
    auto y = xt::xtensor<float, 2>::from_shape({2, 4});
    model.forward(lazy(6), y);
    CHECK(y == expected);
    readings = 0;
    Workspace<Net, Eval> workspace;
    CHECK(model.forward(lazy(6), workspace) == expected);
    readings = 0;
    Model<Net, Train<2>> training{model};
    CHECK(training.forward(lazy(6)) == expected);
    readings = 0;
    const auto one = model.forward_one(lazy(3)); // as a range of three ids
    readings = 0;
    for_each_output(model, lazy(6), [](std::size_t, auto, auto) {});
    CHECK(readings == 6);
    // Targets too.
    CrossEntropy criterion;
    const auto logits = g.randn(6, 27);
    const auto plain = std::get<0>(criterion(logits, xt::xtensor<int, 1>{1, 1, 1, 1, 1, 1}));
    readings = 0;
    const auto targets = xt::make_lambda_xfunction([&readings](int) { return ++readings <= 6 ? 1 : 1000; },
                                                   xt::ones<int>(std::array<std::size_t, 1>{6}));
    CHECK(std::get<0>(criterion(logits, targets)) == plain);
    CHECK(std::equal(one.begin(), one.end(), expected.begin()));
}
