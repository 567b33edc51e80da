// SPDX-License-Identifier: BSD-3-Clause
/// Workers and what they measure: the same bits, however many they are.
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/parallel/evaluate.hpp>
#include <ctnn/parallel/workers.hpp>
#include <doctest/doctest.h>

using namespace ctnn;

namespace {

constexpr WorkersOptions many{.may_exceed_cores = true};

/// The id of what f throws.
template <class F>
std::string id_of_error(F f)
{
    try {
        f();
    } catch (const Error& error) {
        return std::string(error.id());
    }
    return "nothing";
}

} // namespace

TEST_CASE("workers: each does its part, meets the others, and what one throws is thrown on")
{
    for (const std::size_t count : {1U, 2U, 4U, 7U}) {
        CAPTURE(count);
        Workers workers{count, many};
        std::vector<int> done(count, 0);
        for (int time = 0; time < 200; ++time) workers.run([&](std::size_t w) { ++done[w]; });
        for (const int times : done) CHECK(times == 200);

        // after a meeting all see what all have written
        std::vector<std::size_t> sum(count);
        for (std::size_t time = 0; time < 200; ++time) {
            workers.run([&](std::size_t w) {
                done[w] = static_cast<int>(time + w);
                workers.meet();
                sum[w] = 0;
                for (const int d : done) sum[w] += static_cast<std::size_t>(d);
                workers.meet();
            });
            for (const std::size_t s : sum) CHECK(s == count * time + count * (count - 1) / 2);
        }
        CHECK_THROWS_WITH_AS(workers.run([&](std::size_t w) {
            if (w + 1 == count) throw std::runtime_error("no");
        }),
                             "no", std::runtime_error);
        std::atomic<int> again{0};
        workers.run([&](std::size_t) { ++again; });
        CHECK(again == static_cast<int>(count));
    }
}

TEST_CASE("workers: no more than there are cores")
{
    CHECK(allowed_cores() >= 1);
    CHECK(Workers{}.size() == allowed_cores());
    CHECK(Workers{}.is_default());
    CHECK(id_of_error([] { Workers{0}; }) == "ctnn.parallel");
    CHECK(id_of_error([] { Workers{allowed_cores() + 1}; }) == "ctnn.parallel");
}

TEST_CASE("mean_loss and measure: the same bits for any number of workers, and the plain loop's result")
{
    using Net = Sequential<Embedding<27, 10>, Linear<30, 20>, Tanh, Linear<20, 27>>;
    Generator generator{5};
    const Model<Net, Eval> model{generator};
    for (const std::size_t n : {1U, 5U, 1023U, 1024U, 1025U, 70'000U}) {
        CAPTURE(n);
        Samples samples{xt::xtensor<class_id, 2>::from_shape({n, 3}),
                        xt::xtensor<class_id, 1>::from_shape({n})};
        for (class_id& id : samples.contexts) id = static_cast<class_id>(generator.randint(0, 27, 1)(0));
        for (class_id& id : samples.targets) id = static_cast<class_id>(generator.randint(0, 27, 1)(0));
        const auto y = model.forward(samples.contexts);
        CrossEntropy criterion;
        const auto [expected, gradient] = criterion(y, samples.targets);
        ConfusionMatrix whole{27};
        whole.add(y, samples.targets);
        double first = 0;
        for (const std::size_t count : {1U, 2U, 4U}) {
            CAPTURE(count);
            Workers workers{count, many};
            const double loss = mean_loss(workers, model, samples);
            if (count == 1) first = loss;
            CHECK(loss == first);
            CHECK(loss == doctest::Approx(static_cast<double>(expected)).epsilon(1e-6));
            Accuracy accuracy;
            measure(workers, model, samples.contexts, samples.targets, accuracy);
            CHECK(accuracy.count() == n);
            CHECK(accuracy.value() == whole.accuracy());
            ConfusionMatrix matrix{27};
            measure(workers, model, samples.contexts, samples.targets, matrix);
            bool same = true;
            for (std::size_t i = 0; i < 27; ++i)
                for (std::size_t j = 0; j < 27; ++j) same = same && matrix.at(i, j) == whole.at(i, j);
            CHECK(same);
        }
    }
}

TEST_CASE("measure: errors of numbers, of a wide network, with another criterion")
{
    using Net = Sequential<Linear<3, 800>, Tanh, Linear<800, 2>>; // more than a stack holds of 8 rows
    Generator generator{6};
    const Model<Net, Eval> model{generator};
    const auto x = generator.randn(5000, 3);
    const xt::xtensor<float, 2> t = generator.randn(5000, 2) + 3.0F;
    const auto y = model.forward(x);
    RegressionErrors whole;
    whole.add(y, t);
    MeanSquaredError criterion;
    const auto [squared, gradient] = criterion(y, t);
    double r2 = 0, loss = 0;
    for (const std::size_t count : {1U, 2U, 4U}) {
        Workers workers{count, many};
        RegressionErrors errors;
        measure(workers, model, x, t, errors);
        if (count == 1) r2 = errors.r2();
        CHECK(errors.r2() == r2);
        CHECK(errors.count() == whole.count());
        CHECK(errors.r2() == doctest::Approx(whole.r2()).epsilon(1e-12));
        CHECK(errors.mean_absolute_error() == doctest::Approx(whole.mean_absolute_error()).epsilon(1e-12));
        const double now = mean_loss(workers, model, x, t, MeanSquaredError{});
        if (count == 1) loss = now;
        CHECK(now == loss);
        CHECK(now == doctest::Approx(static_cast<double>(squared)).epsilon(1e-6));
    }
}

TEST_CASE("mean_loss: what is wrong with the samples")
{
    using Net = Sequential<Embedding<27, 4>, Linear<4, 27>>;
    const Model<Net, Eval> model;
    Workers workers{2, many};
    const xt::xtensor<std::int32_t, 1> ids = xt::zeros<std::int32_t>({10}),
                                       nine = xt::zeros<std::int32_t>({9});
    const xt::xtensor<std::int32_t, 1> none = xt::zeros<std::int32_t>({0});
    xt::xtensor<std::int32_t, 1> high = ids;
    high(9) = 27;
    const auto loss = [&](const auto& x, const auto& t) {
        return id_of_error([&] { (void)mean_loss(workers, model, x, t); });
    };
    CHECK(loss(ids, nine) == "ctnn.shape");
    CHECK(loss(none, none) == "ctnn.data");
    CHECK(loss(high, ids) == "ctnn.class_id");
    CHECK(loss(ids, high) == "ctnn.class_id");
    CHECK(mean_loss(workers, model, ids, ids) == doctest::Approx(std::log(27.0)));
}
