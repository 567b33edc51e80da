// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/inspect.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "../../support/random.hpp"

using namespace ctnn;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity(),
                not_a_number = std::numeric_limits<float>::quiet_NaN();

using Net = Sequential<Embedding<27, 10>, Sequential<Linear<30, 50, NoBias>, BatchNorm<50>, Tanh>, Flatten,
                       Linear<50, 27>>;

xt::xtensor<float, 1> vector_of(const std::vector<float>& v)
{
    auto x = xt::xtensor<float, 1>::from_shape({v.size()});
    std::copy(v.begin(), v.end(), x.begin());
    return x;
}

/// A plain net whose hidden layer we can fix by hand.
using Plain = Sequential<Linear<2, 4>, Tanh, Linear<4, 3>>;

/// A loss that is no cross entropy.
struct SquaredError {
    xt::xtensor<float, 2> dy;
    std::tuple<float, const xt::xtensor<float, 2>&> operator()(const auto& y,
                                                               const xt::xtensor<float, 2>& target)
    {
        dy = y - target;
        return {dy(0, 0) * dy(0, 0), dy};
    }
};

bool says(const std::vector<Verdict>& verdicts, const std::string& text)
{
    for (const Verdict& v : verdicts)
        if (v.text.find(text) != std::string::npos) return true;
    return false;
}

} // namespace

TEST_CASE("moments at every length against a plain loop, a large mean keeps its digits, NaN is seen")
{
    for (const std::size_t n : {2UL, 3UL, 15UL, 16UL, 17UL, 31UL, 33UL, 1000UL}) {
        CAPTURE(n);
        Generator g{n};
        for (const double offset : {0.0, 1e4}) {
            auto x = g.randn<double>(n);
            for (double& e : x) e += offset;
            double mean = 0, squares = 0;
            for (const double e : x) mean += e / static_cast<double>(n);
            for (const double e : x) squares += (e - mean) * (e - mean);
            const Statistics s = statistics(x);
            CHECK(s.mean == doctest::Approx(mean).epsilon(1e-12));
            CHECK(s.std == doctest::Approx(std::sqrt(squares / static_cast<double>(n - 1))).epsilon(1e-9));
        }
    }
    const Statistics s = statistics(vector_of({1, not_a_number, 2}));
    CHECK(std::isnan(s.mean));
    CHECK(std::isnan(s.std));
    CHECK(std::isnan(s.min));
    CHECK(std::isnan(s.max));
    CHECK(std::isnan(statistics(xt::xtensor<float, 1>::from_shape({0})).mean));
    CHECK(statistics(xt::xtensor<int, 2>{{1, 2}, {3, 6}}).mean == 3);
}

TEST_CASE("histograms: ends, what is outside, what is not finite, bad ranges")
{
    const Histogram h = histogram(vector_of({-1, 0, 0.5F, 1, 1.0001F, not_a_number, inf, -inf}), 2, 0, 1);
    CHECK(h.counts(0) == 1);
    CHECK(h.counts(1) == 2);
    CHECK(h.density()(1) == doctest::Approx(2.0 / 3 / 0.5));
    CHECK(h.centres()(0) == 0.25);
    const Histogram finite = histogram(vector_of({1, 3, inf, not_a_number}), 4);
    CHECK(finite.edges(0) == 1);
    CHECK(finite.edges(4) == 3);
    CHECK(finite.counts(3) == 1);
    const Histogram none = histogram(vector_of({not_a_number}), 3);
    CHECK(none.edges(3) == 1);
    CHECK(none.density()(0) == 0);
    CHECK_THROWS_WITH_AS((void)histogram(vector_of({1}), 0), doctest::Contains("[ctnn.option]"), Error);
    CHECK_THROWS_AS((void)histogram(vector_of({1}), 3, 2, 1), Error);
    CHECK_THROWS_AS((void)histogram(vector_of({1}), 3, 0, std::numeric_limits<double>::infinity()), Error);
}

TEST_CASE("histograms of numbers that are all but nothing, and of the largest there are, infinities wherever "
          "they stand")
{
    const Histogram tiny = histogram(vector_of({0, 1e-39F, 2e-39F, 3e-39F, 4e-39F}), 4);
    double all = 0;
    for (const double n : tiny.counts) all += n;
    CHECK(all == 5);
    CHECK(tiny.counts(0) == 1);
    CHECK(tiny.counts(3) == 2);
    for (const double d : tiny.density()) CHECK(!std::isnan(d));
    const Histogram huge = histogram(vector_of({-3e38F, 0, 3e38F}), 3);
    CHECK(huge.counts(0) == 1);
    CHECK(huge.counts(1) == 1);
    CHECK(huge.counts(2) == 1);
    CHECK(std::isfinite(huge.edges(1)));
    const Histogram same = histogram(vector_of({1e9F, 1e9F}), 4);
    CHECK(same.edges(0) < 1e9);
    CHECK(same.edges(4) > 1e9);
    for (const auto& x : {vector_of({inf, 0, 1}), vector_of({0, inf, 1})}) {
        const Statistics s = statistics(x);
        CHECK(s.mean == std::numeric_limits<double>::infinity());
        CHECK(std::isnan(s.std));
        CHECK(s.min == 0);
        CHECK(s.max == std::numeric_limits<double>::infinity());
    }
    CHECK(text_histogram(same, 0).empty());
    CHECK(text_histogram(same, 3) == " █ ");
}

TEST_CASE("saturation: the threshold itself is not beyond it, and the limits of tanh, sigmoid and ReLU")
{
    CHECK(saturated_share(vector_of({0.97F, -0.97F, 0.9701F, -0.9701F}), output_limits<Tanh>::value) == 0.5);
    CHECK(saturated_share(vector_of({0.98F, 0.99F, 0.02F, 0.01F}), output_limits<Sigmoid>::value) == 0.5);
    CHECK(saturated_share(vector_of({0, 1e-30F, 5, 0}), output_limits<ReLU>::value) == 0.5);
    CHECK(zero_share(vector_of({0, -0.0F, 5, 1})) == 0.5);
    CHECK(saturated_share(vector_of({1e30F, -1e30F}), {-std::numeric_limits<double>::infinity(),
                                                       std::numeric_limits<double>::infinity()}) == 0);
}

TEST_CASE("a series stays within its capacity, and loses no value, no extreme and no step")
{
    Series s{8};
    for (std::size_t i = 0; i < 1000; ++i) {
        s.add(i, static_cast<double>(i));
        REQUIRE(s.points().size() <= 8);
    }
    CHECK(s.stride() == 128);
    double sum = 0;
    std::size_t count = 0, next = 0;
    for (const Series::Point& p : s.points()) {
        CHECK(p.step == next);
        CHECK(p.min == static_cast<double>(p.step));
        CHECK(p.max == static_cast<double>(p.step + p.count - 1));
        next = p.step + p.count;
        sum += p.sum;
        count += p.count;
    }
    CHECK(count == 1000);
    CHECK(sum == 999 * 500);
    CHECK(s.last() == 999);
    Series gaps{4};
    for (std::size_t i = 0; i < 64; ++i)
        gaps.add(i, i % 2 == 0 ? 3 : std::numeric_limits<double>::infinity());
    for (const Series::Point& p : gaps.points()) {
        CHECK(p.mean() == 3);
        CHECK(p.max == 3);
    }
    CHECK(gaps.mean_of_end() == 3);
    CHECK_THROWS_AS(Series{1}, Error);
    Series odd{7};
    for (std::size_t i = 0; i < 100; ++i) odd.add(i, 1);
    CHECK(odd.points().size() <= 7);
}

TEST_CASE("the layers of a network as values")
{
    const auto layers = layers_of<Net>();
    REQUIRE(layers.size() == 6);
    CHECK(layers[1].name() == "1.0 (Linear<30, 50, NoBias>)");
    CHECK(layers[3].saturates);
    CHECK(layers[3].elementwise);
    CHECK(layers[2].before_activation);
    CHECK(!layers[1].before_activation);
    CHECK(layers[4].reshapes_only);
    CHECK(layers[1].shape == std::vector<std::size_t>{50});
    CHECK(layers[0].shape == std::vector<std::size_t>{3, 10});
    CHECK(layers[1].parameters == 1500);
}

TEST_CASE("tables hold what the tensors hold, and an observer what the steps did")
{
    Generator g{7};
    Model<Net, Train<32, RetainGradients>> model{g};
    Sgd sgd{model, {.learning_rate = 0.1F, .momentum = 0.9F}};
    CrossEntropy criterion;
    ObserveAll observer{model, {.every = 2}};
    std::vector<std::vector<float>> before;
    for (std::size_t step = 0; step < 5; ++step) {
        const auto& logits = model.forward(g.randint(0, 27, 32, 3));
        const auto [loss, dlogits] = criterion(logits, g.randint(0, 27, 32));
        model.backward(dlogits);
        before.clear();
        model.for_each_parameter(
            [&](auto, auto value, auto) { before.emplace_back(value.begin(), value.end()); });
        observer.step(model, sgd, static_cast<double>(loss));
        std::size_t i = 0;
        model.for_each_parameter([&](std::string_view name, auto value, auto gradient) {
            const ParameterHistory& h = observer.parameters()[i];
            CHECK(h.name == name);
            std::vector<double> change;
            for (std::size_t k = 0; k < value.size(); ++k)
                change.push_back(static_cast<double>(value.data()[k]) - static_cast<double>(before[i][k]));
            const double update = statistics(xt::adapt(change, {change.size()})).std,
                         data = statistics(value).std;
            if (data > 0.01)
                CHECK(h.update_to_data.last() == doctest::Approx(std::log10(update / data)).epsilon(1e-4));
            CHECK(h.update_to_data.points().size() == step + 1);
            CHECK(h.std.points().size() == step / 2 + 1);
            if (step % 2 == 0) {
                CHECK(h.std.last() == doctest::Approx(data).epsilon(1e-9));
                CHECK(h.gradient_norm.last() == doctest::Approx(statistics(gradient).norm).epsilon(1e-9));
            }
            ++i;
        });
        CHECK(observer.loss().last() == static_cast<double>(loss));
    }
    CHECK(observer.steps() == 5);
    const LayerHistory& tanh = observer.layers()[3];
    CHECK(tanh.std.last() == doctest::Approx(statistics(model.output<3>()).std).epsilon(1e-9));
    CHECK(tanh.saturated.last() == saturated_share(model.output<3>(), output_limits<Tanh>::value));
    CHECK(tanh.gradient_std.last() ==
          doctest::Approx(statistics(model.output_gradient<3>()).std).epsilon(1e-9));
    CHECK(observer.layers()[1].saturated.empty());

    const auto layers = layer_statistics(model);
    REQUIRE(layers.size() == 5); // Flatten is no row
    CHECK(layers[3].output.std == statistics(model.output<3>()).std);
    CHECK(layers[3].gradient.norm == statistics(model.output_gradient<3>()).norm);
    CHECK(std::isnan(layers[4].saturated));
    const auto parameters = parameter_statistics(model);
    CHECK(parameters[1].name == "1.0.weight");
    CHECK(parameters[1].gradient_to_data == doctest::Approx(statistics(model.gradient<"1.0.weight">()).std /
                                                            statistics(model.parameter<"1.0.weight">()).std));
    const std::string table = text_table(layers) + text_table(parameters);
    CHECK(table.find("1.2 (Tanh)") != std::string::npos);
    CHECK(table.find("1.0.weight") != std::string::npos);
    CHECK(table.find("█") != std::string::npos);
}

TEST_CASE("observing changes nothing, and a choice is a choice")
{
    const auto train = [](auto make_observer) {
        Generator g{7};
        Model<Net, Train<32, RetainGradients>> model{g};
        Sgd sgd{model};
        CrossEntropy criterion;
        auto observer = make_observer(model);
        for (int step = 0; step < 20; ++step) {
            const auto& logits = model.forward(g.randint(0, 27, 32, 3));
            const auto [loss, dlogits] = criterion(logits, g.randint(0, 27, 32));
            model.backward(dlogits);
            observer.step(model, sgd, static_cast<double>(loss));
        }
        std::vector<float> weights(model.parameter_block(), model.parameter_block() + model.block_size());
        return std::pair{weights, std::move(observer)};
    };
    const auto plain = train([](auto& m) { return Observer<>{m}; }).first;
    CHECK(train([](auto& m) { return ObserveAll{m, {.every = 3}}; }).first == plain);

    const auto some =
        train([](auto& m) {
            return Observer<LayerOutputs<3>, Updates<"1.0.weight", "3.weight">>{m, {.every = 5}};
        }).second;
    CHECK(some.layers()[3].std.points().size() == 4);
    CHECK(some.layers()[3].gradient_std.empty());
    CHECK(some.layers()[2].std.empty());
    CHECK(some.loss().empty());
    CHECK(!some.parameters()[1].update_to_data.empty());
    CHECK(some.parameters()[0].update_to_data.empty());
    CHECK(some.parameters()[1].std.empty());

    Generator g{1};
    Model<Net, Train<32>> without{g}; // parameters alone need no retained gradients
    const Observer<Updates<>, ParameterGradients<"0.weight">> observer{without};
    CHECK(observer.layers().empty());
    CHECK_THROWS_AS((Observer<Losses>{without, {.every = 0}}), Error);
}

TEST_CASE("dead units, over a batch and over more samples than a piece")
{
    Generator g{3};
    Model<Plain, Train<8, RetainGradients>> model;
    auto w = model.parameter<"0.weight">();
    w = g.randn(2, 4) * 0.1F;
    auto b = model.parameter<"0.bias">();
    b.fill(0);
    b(1) = 20;
    b(3) = -20;
    const auto x = g.randn(8, 2);
    const auto y = model.forward(x);
    model.backward(y);
    const auto maps = saturation_maps(model);
    REQUIRE(maps.size() == 1);
    CHECK(maps[0].layer.name() == "1 (Tanh)");
    CHECK(maps[0].dead == std::vector<std::size_t>{1, 3});
    CHECK(maps[0].share() == 0.5);
    CHECK(maps[0].saturated.shape()[0] == 8);
    CHECK(maps[0].saturated(5, 3));
    CHECK(!maps[0].saturated(5, 2));

    auto many = g.randn(3000, 2);
    const auto all = dead_units(Model<Plain, Eval>{model}, many);
    REQUIRE(all.size() == 1);
    CHECK(all[0].samples == 3000);
    CHECK(all[0].dead == std::vector<std::size_t>{1, 3});
    w(0, 1) = -20; // one sample among 3000 wakes unit 1
    for (std::size_t i = 0; i < 3000; ++i) many(i, 0) = 0;
    many(2500, 0) = 1;
    const auto woken = dead_units(Model<Plain, Eval>{model}, many);
    CHECK(woken[0].dead == std::vector<std::size_t>{3});
    CHECK(woken[0].saturated(1) == doctest::Approx(2999.0 / 3000));
    CHECK_THROWS_WITH_AS(
        (void)dead_units(Model<Plain, Eval>{model}, xt::xtensor<float, 2>::from_shape({0, 2})),
        doctest::Contains("no samples"), Error);

    // Zeros of a ReLU, positions counted as samples.
    using Rectified = Sequential<Input<5, 2>, Linear<2, 3>, ReLU>;
    Model<Rectified, Train<4, RetainGradients>> relu{g};
    relu.parameter<"1.bias">()(2) = -100;
    const auto z = relu.forward(g.randn(4, 5, 2));
    relu.backward(z);
    const auto relu_maps = saturation_maps(relu);
    CHECK(relu_maps[0].saturated.shape()[0] == 20);
    CHECK(relu_maps[0].dead == std::vector<std::size_t>{2});
}

TEST_CASE("outputs of an eval model are those of its forward, layer by layer")
{
    Generator g{4};
    using Deep = Sequential<Embedding<27, 24, 8>, FlattenConsecutive<2>, Linear<48, 20, NoBias>,
                            BatchNorm<20>, Tanh, Dropout<1, 2>, Flatten, Linear<80, 7>>;
    Model<Deep, Train<4>> trained{g};
    (void)trained.forward(g.randint(0, 27, 4, 8), g);
    const Model<Deep, Eval> model{trained};
    const auto x = g.randint(0, 27, 2500, 8);
    const auto y = model.forward(x);
    std::size_t row = 0, calls = 0;
    double worst = 0;
    for_each_output(model, x, [&](std::size_t layer, auto in, auto out) {
        ++calls;
        if (layer == 0) CHECK(in.empty());
        if (layer == 4)
            for (const float v : out) REQUIRE(std::fabs(v) <= 1);
        if (layer != 7) return;
        for (std::size_t i = 0; i < out.size(); ++i)
            worst = std::max(worst, static_cast<double>(std::fabs(out[i] - y.data()[row * 7 + i])));
        row += out.size() / 7;
    });
    CHECK(row == 2500);
    CHECK(calls == 3 * 5); // three pieces, five layers that are run
    CHECK(worst == 0);
}

TEST_CASE("calibration: the statistics of a whole set, in each convention's own spread")
{
    const auto check = []<class Convention>(Convention) {
        using N =
            Sequential<Linear<3, 5>, BatchNorm<5, Convention>, Tanh, Linear<5, 4>, BatchNorm<4, Convention>>;
        Generator g{5};
        Model<N, Train<16>> trained{g};
        for (int i = 0; i < 10; ++i) (void)trained.forward(g.randn(16, 3));
        const Model<N, Eval> model{trained};
        const auto x = g.randn(2100, 3);
        const auto found = calibrate(model, x);
        REQUIRE(found.size() == 2);
        CHECK(found[0].layer.index == 1);
        CHECK(found[0].spread_is_std == std::is_same_v<Convention, LectureStd>);
        std::vector<double> into[5];
        for_each_output(model, x, [&](std::size_t layer, auto, auto out) {
            if (layer == 0)
                for (std::size_t i = 0; i < out.size(); ++i)
                    into[i % 5].push_back(static_cast<double>(out[i]));
        });
        for (std::size_t c = 0; c < 5; ++c) {
            const Statistics s = statistics(xt::adapt(into[c], {into[c].size()}));
            CHECK(found[0].mean(c) == doctest::Approx(s.mean).epsilon(1e-9));
            CHECK(found[0].spread(c) ==
                  doctest::Approx(found[0].spread_is_std ? s.std : s.std * s.std).epsilon(1e-9));
            CHECK(found[0].running_mean(c) ==
                  static_cast<double>(model.template parameter<"1.running_mean">()(c)));
        }
        CHECK(found[0].worst_std() >= 1);
        CHECK(judge(found).size() == 2);
    };
    check(PyTorchConvention{});
    check(LectureStd{});
    check(LectureVariance{});
    CHECK(calibrate(Model<Plain, Eval>{}, xt::xtensor<float, 2>::from_shape({2, 2})).empty());
    Calibration far;
    far.running_mean = {0, 0};
    far.mean = {0, 3};
    far.running_spread = {1, 1};
    far.spread = {4, 1};
    CHECK(far.worst_mean() == 3);
    CHECK(far.worst_std() == 2);
    CHECK(!sound(judge(std::vector{far})));
}

TEST_CASE("the theory of initialisation is what is measured, for every layer that states one")
{
    using Wide = Sequential<Linear<400, 300>, Tanh, Linear<300, 300>, ReLU, Linear<300, 300, NoBias>,
                            LeakyReLU, Linear<300, 300>, Sigmoid, Linear<300, 300>, GELU, Dropout<1, 4>,
                            Linear<300, 300>, LayerNorm<300>, ReLU, RmsNorm<300>, Linear<300, 300>,
                            GroupNorm<3, 300>, Linear<300, 300>, BatchNorm<300>, Linear<300, 20>>;
    Generator g{6};
    Model<Wide, Train<64>> model{g};
    model.for_each_parameter([&](auto, auto value, auto) {
        if (value.dimension() == 2) init::kaiming_normal(value, g, 1.5);
    });
    CrossEntropy criterion;
    const auto start = check_initialisation(model, criterion, g.randn(64, 400), g.randint(0, 20, 64));
    CHECK(start.expected_loss == doctest::Approx(std::log(20.0)));
    REQUIRE(start.predicted.size() == start.layers.size());
    for (std::size_t i = 0; i < start.layers.size(); ++i) {
        CAPTURE(start.layers[i].layer.name());
        CHECK(start.predicted[i].std == doctest::Approx(start.layers[i].output.std).epsilon(0.1));
        CHECK(std::fabs(start.predicted[i].mean - start.layers[i].output.mean) <=
              0.15 * start.layers[i].output.std);
    }
    // An embedding, ids, and a layer with no theory: what is after it goes on from what was measured.
    const auto ids = check_initialisation(Model<Net, Train<32>>{g}, criterion, g.randint(0, 27, 32, 3),
                                          g.randint(0, 27, 32));
    CHECK(ids.predicted[1].std == doctest::Approx(ids.layers[1].output.std).epsilon(0.15));
}

TEST_CASE("a bad start is called bad, with its figures and its units, and a good one is sound")
{
    const auto judged = [](float scale) {
        Generator g{8};
        using N =
            Sequential<Embedding<27, 10>, Linear<30, 100>, Tanh, Linear<100, 100>, Tanh, Linear<100, 27>>;
        Model<N, Train<32>> model{g};
        model.for_each_parameter([&](auto, auto value, auto) {
            if (value.dimension() == 2 && value.shape()[0] != 27)
                init::kaiming_normal(value, g, init::tanh_gain);
        });
        model.parameter<"5.weight">() *= 0.1F;
        model.for_each_parameter([&](auto, auto value, auto) { value *= scale; });
        CrossEntropy criterion;
        return judge(check_initialisation(model, criterion, g.randint(0, 27, 32, 3), g.randint(0, 27, 32)));
    };
    CHECK(sound(judged(1)));
    const auto large = judged(10);
    CHECK(!sound(large));
    CHECK(says(large, "The first loss is"));
    CHECK(says(large, "units are dead"));
    CHECK(says(large, "driven to its ends"));
    CHECK(text_of(large).find("WARNING") != std::string::npos);
    CHECK(text_of(large).find("Try: ") != std::string::npos);
    const auto small = judged(0.03F);
    CHECK(says(small, "straight line"));
    CHECK(says(small, "Gradients vanish"));
    const auto broken = judged(std::numeric_limits<float>::infinity());
    CHECK(says(broken, "not finite"));
}

TEST_CASE("a ReLU that answers 0 for one small batch is not called dead")
{
    using N = Sequential<Linear<64, 128>, ReLU, Linear<128, 10>>;
    CrossEntropy criterion;
    Generator g{1};
    Model<N, Train<32>> model{g};
    for (std::size_t unit = 0; unit < 24; ++unit) model.parameter<"0.bias">()(unit) = -50;
    const auto start = check_initialisation(model, criterion, g.rand(32, 64), g.randint(0, 10, 32));
    CHECK(start.maps.at(0).dead.size() >= 24);
    CHECK(!says(judge(start), "dead"));
}

TEST_CASE("what cannot be judged is not judged, and what is broken is named for what it is")
{
    // A loss of another kind, and a layer of a single number.
    Generator g{9};
    SquaredError error;
    const auto regression = check_initialisation(Model<Sequential<Linear<4, 1>>, Train<1>>{g}, error,
                                                 g.randn(1, 4), g.randn(1, 1));
    CHECK(std::isnan(regression.expected_loss));
    CHECK(sound(judge(regression)));
    // Nothing but zeros: no gradient, which is not an explosion.
    using Deep = Sequential<Linear<4, 5>, Tanh, Linear<5, 5>, ReLU, Linear<5, 3>>;
    CrossEntropy criterion;
    const auto zeros =
        judge(check_initialisation(Model<Deep, Train<8>>{}, criterion, g.randn(8, 4), g.randint(0, 3, 8)));
    CHECK(says(zeros, "No gradient arrives"));
    CHECK(!says(zeros, "explode"));
    // Another cure for a dead ReLU than for a dead tanh.
    Model<Deep, Train<8>> low{g};
    low.parameter<"2.bias">().fill(-50);
    const auto dead = judge(check_initialisation(low, criterion, g.randn(8, 4), g.randint(0, 3, 8)));
    CHECK(says(dead, "5 of 5 units are dead, zero"));
    CHECK(text_of(dead).find("LeakyReLU") != std::string::npos);
    CHECK(says(judge(dead_units(Model<Deep, Eval>{low}, g.randn(100, 4))),
               "zero for each of 100 samples: units 0, 1, 2, 3 and 4"));
    low.parameter<"2.bias">().fill(0);
    low.parameter<"4.weight">() *= std::numeric_limits<float>::max();
    CHECK(text_of(judge(check_initialisation(low, criterion, g.randn(8, 4), g.randint(0, 3, 8)))).size() <
          5000);
}

TEST_CASE("updates far from 1e-3 are named")
{
    const auto history = [](double log_ratio) {
        ParameterHistory h;
        h.name = "1.weight";
        h.shape = {30, 200};
        for (std::size_t i = 0; i < 10; ++i) h.update_to_data.add(i, log_ratio);
        ParameterHistory bias; // says nothing
        bias.shape = {200};
        bias.update_to_data.add(0, 5);
        return std::vector{h, bias};
    };
    CHECK(sound(judge(history(-3))));
    CHECK(sound(judge(history(-2))));
    CHECK(says(judge(history(-0.9)), "that is fast"));
    CHECK(says(judge(history(-6)), "that is slow"));
    CHECK(says(judge(history(-std::numeric_limits<double>::infinity())), "did not move"));
}

TEST_CASE("the sums behind update:data at every length")
{
    constexpr std::size_t W = simd::width<float>;
    for (const std::size_t n :
         std::initializer_list<std::size_t>{1, 2, W - 1, W, W + 1, 64 * W - 1, 64 * W, 64 * W + 1, 5000}) {
        if (n == 0) continue;
        CAPTURE(n);
        Generator g{n};
        const auto after = support::normals<float>(g, n), change = support::normals<float>(g, n, 1e-2);
        std::vector<float> before(after);
        for (std::size_t i = 0; i < n; ++i) before[i] -= change[i];
        const kernel::change_sums s = kernel::sums_of_change(before.data(), after.data(), n);
        double data = 0, data_squares = 0, update = 0, update_squares = 0;
        const double first = static_cast<double>(after[0] - before[0]);
        for (std::size_t i = 0; i < n; ++i) {
            const double d = static_cast<double>(after[i]) - static_cast<double>(after[0]),
                         u = static_cast<double>(after[i]) - static_cast<double>(before[i]) - first;
            data += d;
            data_squares += d * d;
            update += u;
            update_squares += u * u;
        }
        const double tolerance = 1e-5 * std::sqrt(static_cast<double>(n));
        CHECK(std::fabs(s.data - data) <= tolerance);
        CHECK(s.data_squares == doctest::Approx(data_squares).epsilon(1e-6));
        CHECK(std::fabs(s.update - update) <= tolerance);
        CHECK(s.update_squares == doctest::Approx(update_squares).epsilon(1e-6));
    }
}

TEST_CASE("update:data where all numbers move alike, and by hardly anything else")
{
    Generator g{2};
    const auto after = support::normals<float>(g, 1000), change = support::normals<float>(g, 1000, 1e-3);
    std::vector<float> before(after);
    double mean = 0, squares = 0;
    for (std::size_t i = 0; i < 1000; ++i) before[i] -= change[i] + 1;
    const auto update = [&](std::size_t i) {
        return static_cast<double>(after[i]) - static_cast<double>(before[i]);
    };
    for (std::size_t i = 0; i < 1000; ++i) mean += update(i) / 1000;
    for (std::size_t i = 0; i < 1000; ++i) squares += (update(i) - mean) * (update(i) - mean);
    const double data = detail::spread_of(std::span<const float>(after)).std;
    const double found =
        detail::log_update_to_data(std::span<const float>(before), std::span<const float>(after));
    CHECK(std::fabs(found - std::log10(std::sqrt(squares / 999) / data)) <= 1e-4);
}
