// SPDX-License-Identifier: BSD-3-Clause
/// Containers, shared and fixed weights, several inputs and outputs, batches that are not full, weights apart
/// from workspaces.
#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/gradient_check.hpp>
#include <ctnn/inspect/inspect.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "../../support/branching.hpp"

using namespace ctnn;
using namespace support;

TEST_CASE("what is retained, and what is planned more tightly, changes no number")
{
    using Net =
        Sequential<Linear<7, 12>, Repeat<3, Mlp<12>>, Concat<Sequential<Linear<12, 5>, Tanh>, Identity>,
                   BatchNorm<17>, Tanh, Residual<Linear<17, 17>, ReLU>, Linear<17, 4>>;
    Generator a{3}, b{3};
    Model<Net, Train<16>> plain{a};
    Model<Net, Train<16, RetainGradients>> watched{b};
    for (int i = 0; i < 3; ++i) {
        const auto x = a.randn(16, 7), dy = a.randn(16, 4);
        CHECK(plain.forward(x) == watched.forward(x));
        plain.backward(dy);
        watched.backward(dy);
        CHECK(gradients_of(plain) == gradients_of(watched));
    }
    // Node 5 is the sum of the first block; its gradient goes on to the second block and past it.
    CHECK(layers_of<Net>()[5].type == "Add");
    CHECK(layers_of<Net>()[5].path == "1.0");
    CHECK(distance(watched.output_gradient<5>(), watched.output_gradient<4>()) == 0);
}

TEST_CASE("gradients of four batches of 8 are those of one of 32")
{
    using Net = Sequential<Embedding<27, 6, 3>, Flatten, Linear<18, 20>, Repeat<2, Mlp<20>>, Tanh,
                           Linear<20, 6>, Tied<"0", Linear<6, 27>>>;
    Generator a{5}, b{5};
    Model<Net, Train<32>> whole{a};
    Model<Net, Train<8>> part{b};
    const auto x = a.randint(0, 27, 32, 3);
    const auto dy = a.randn(32, 27);
    (void)whole.forward(x);
    whole.backward(dy);
    for (std::size_t i = 0; i < 4; ++i) {
        auto piece = xt::xtensor<int, 2>::from_shape({8, 3});
        auto of_dy = xt::xtensor<float, 2>::from_shape({8, 27});
        std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(i * 24), 24, piece.begin());
        std::copy_n(dy.begin() + static_cast<std::ptrdiff_t>(i * 8 * 27), 8 * 27, of_dy.begin());
        (void)part.forward(piece);
        if (i == 0) part.backward(of_dy);
        else part.backward(of_dy, accumulate);
    }
    CHECK(distance(gradients_of(whole), gradients_of(part)) <= 1e-5);
    // and a layer that can only set, such as BatchNorm, is added for
    using Norm = Sequential<Linear<5, 4>, BatchNorm<4>, Linear<4, 2>>;
    Model<Norm, Train<8>> norm{a};
    const auto z = a.randn(8, 5), dz = a.randn(8, 2);
    (void)norm.forward(z);
    norm.backward(dz);
    std::vector<float> twice = gradients_of(norm);
    for (float& g : twice) g += g;
    norm.backward(dz, accumulate);
    CHECK(gradients_of(norm) == twice);
}

TEST_CASE("a batch that is not full")
{
    using Net = Sequential<Linear<5, 9>, Tanh, Mlp<9>, Linear<9, 3>>;
    Generator a{7}, b{7};
    Model<Net, Train<32>> large{a};
    Model<Net, Train<5>> exact{b};
    const auto full = a.randn(32, 5), full_dy = a.randn(32, 3), x = a.randn(5, 5), dy = a.randn(5, 3);
    (void)large.forward(full); // what was there before does not matter
    large.backward(full_dy);
    const auto y = large.forward(x);
    CHECK(y.shape()[0] == 5);
    CHECK(distance(y, exact.forward(x)) <= 1e-6);
    CHECK(large.output<1>().shape()[0] == 5);
    large.backward(dy);
    exact.backward(dy);
    CHECK(distance(gradients_of(exact), gradients_of(large)) <= 1e-6);
    CHECK_THROWS_WITH_AS(large.backward(full_dy), doctest::Contains("has shape (32, 3), expected (5, 3)"),
                         Error);
    CHECK_THROWS_WITH_AS((void)large.forward(a.randn(33, 5)),
                         doctest::Contains("has shape (33, 5), expected (32, 5)"), Error);
    CHECK_THROWS_WITH_AS((void)large.forward(xt::xtensor<float, 2>::from_shape({0, 5})),
                         doctest::Contains("expected (32, 5)"), Error);
    (void)large.forward(full);
    large.backward(full_dy);

    Model<Sequential<Linear<5, 4>, BatchNorm<4>>, Train<32>> norm{a};
    CHECK_THROWS_WITH_AS((void)norm.forward(a.randn(1, 5)),
                         doctest::Contains("[ctnn.shape] a batch of one sample: layer 1"), Error);
    (void)norm.forward(a.randn(2, 5));
}

TEST_CASE("workers share weights and have a workspace each")
{
    using Net = Sequential<Linear<5, 9>, Tanh, Mlp<9>, Linear<9, 3>>;
    Generator a{7}, b{7};
    Weights<Net> weights{a};
    Workspace<Net, Train<16>> first, second;
    Model<Net, Train<32>> whole{b};
    const auto x = b.randn(32, 5), dy = b.randn(32, 3);
    const auto half = [](const auto& all, std::size_t from) {
        auto part = xt::xtensor<float, 2>::from_shape({16, all.shape()[1]});
        std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(from * all.shape()[1]), part.size(),
                    part.begin());
        return part;
    };
    (void)first.forward(weights, nullptr, half(x, 0));
    (void)second.forward(weights, nullptr, half(x, 16));
    first.backward(weights, half(dy, 0));
    second.backward(weights, half(dy, 16));
    for (std::size_t i = 0; i < first.gradients().size(); ++i) first.gradients()[i] += second.gradients()[i];
    (void)whole.forward(x);
    whole.backward(dy);
    CHECK(distance(whole.workspace().gradients(), first.gradients()) <= 1e-6);
    // A copy of a model has memory of its own; what is moved away keeps its numbers.
    Model<Net, Train<32>> copy{whole};
    copy.parameter<"0.weight">().fill(0);
    CHECK(whole.parameter<"0.weight">()(0, 0) != 0);
    const auto kept = gradients_of(whole);
    auto moved = std::move(whole);
    CHECK(gradients_of(moved) == kept);
    copy = moved;
    CHECK(gradients_of(copy) == kept);
}

TEST_CASE("eval into its own input")
{
    Generator g{9};
    const Model<Residual<Linear<4, 4>>, Eval> model{g};
    auto x = g.randn(100, 4);
    const auto y = model.forward(x);
    model.forward(x, x);
    CHECK(x == y);
}

TEST_CASE("several inputs and outputs in eval")
{
    using Net = Sequential<Inputs<Sequential<Embedding<27, 10, 3>, Flatten>, Linear<5, 8>>, Linear<38, 20>,
                           Tanh, Outputs<Linear<20, 6>, Sequential<Linear<20, 3>, Tanh>>>;
    static_assert(std::is_same_v<input_shape<Net, 1>, shape<5>> &&
                  std::is_same_v<output_shape<Net, 1>, shape<3>>);
    Generator g{11};
    Model<Net, Train<4>> model{g};
    const auto ids = g.randint(0, 27, 4, 3);
    const auto numbers = g.randn(4, 5);
    const auto [a, b] = model.forward(ids, numbers);
    const Model<Net, Eval> eval{model};
    const auto [c, d] = eval.forward(ids, numbers);
    CHECK(distance(a, c) <= 1e-6);
    CHECK(distance(b, d) <= 1e-6);
    auto e = xt::xtensor<float, 2>::from_shape({4, 6}), f = xt::xtensor<float, 2>::from_shape({4, 3});
    Workspace<Net, Eval> workspace;
    eval.forward(ids, numbers, std::tie(e, f), workspace);
    CHECK(e == c);
    CHECK(f == d);
    const auto [one, other] = eval.forward_one(std::vector<int>(ids.begin(), ids.begin() + 3),
                                               std::vector<float>(numbers.begin(), numbers.begin() + 5));
    CHECK(one[5] == c(0, 5));
    CHECK(other[2] == d(0, 2));
    CHECK_THROWS_WITH_AS((void)eval.forward(ids, g.randn(5, 5)),
                         doctest::Contains("different numbers of samples"), Error);
    CHECK_THROWS_WITH_AS((void)eval.forward(g.randint(27, 30, 4, 3), numbers),
                         doctest::Contains("[ctnn.class_id]"), Error);
    CHECK_THROWS_WITH_AS((void)model.forward(ids, g.randn(3, 5)),
                         doctest::Contains("has shape (3, 5), expected (4, 5)"), Error);
}

TEST_CASE("a first layer that is read twice, and outputs that are an input")
{
    using Net = Sequential<Input<5>, Outputs<Identity, Residual<Tanh>, Identity>>;
    Generator g{13};
    Model<Net, Train<4>> model;
    const auto x = g.randn(4, 5);
    const auto [a, b, c] = Model<Net, Eval>{model}.forward(x);
    CHECK(a == x);
    CHECK(c == x);
    CHECK(b == x + Model<Sequential<Input<5>, Tanh>, Eval>{}.forward(x));
    const auto [d, e, f] = model.forward(x);
    CHECK(d == x);
    CHECK(e == b);
    CHECK(f == x);
    CHECK(freeze(Model<Sequential<Input<5>, Identity>, Train<4>>{}).forward(x) == x);
    // One value that is given twice, and worked on after the first.
    Generator again{13};
    const Model<Sequential<Linear<5, 3>, Outputs<Identity, Tanh, Identity>>, Eval> twice{again};
    const auto [first, second, third] = twice.forward(x);
    CHECK(first == third);
    CHECK(distance(second, Model<Sequential<Input<3>, Tanh>, Eval>{}.forward(first)) == 0);
    CHECK(distance(first, x) == std::numeric_limits<double>::infinity()); // of another size
    Generator same{13};
    CHECK(first == Model<Linear<5, 3>, Eval>{same}.forward(x));
}

TEST_CASE("fixed layers: no gradient, no update, statistics still move")
{
    using Net = Sequential<Fixed<Sequential<Linear<5, 9>, BatchNorm<9>>>, Linear<9, 3>>;
    Generator g{15};
    Model<Net, Train<8>> model{g};
    static_assert(Model<Net, Train<8>>::block_size() < 64 + 32);
    std::vector<std::string> learning, all;
    model.for_each_parameter([&](std::string_view name, auto, auto) { learning.emplace_back(name); });
    model.weights().for_each_parameter([&](std::string_view name, auto) { all.emplace_back(name); });
    CHECK(learning == std::vector<std::string>{"1.weight", "1.bias"});
    CHECK(all ==
          std::vector<std::string>{"0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias", "1.weight", "1.bias"});
    const xt::xtensor<float, 2> before = model.parameter<"0.0.weight">();
    Sgd sgd{model, {.learning_rate = 0.5F, .momentum = 0.9F, .weight_decay = 0.1F}};
    for (int i = 0; i < 3; ++i) {
        (void)model.forward(g.randn(8, 5));
        model.backward(g.randn(8, 3));
        sgd.step(model);
    }
    CHECK(model.parameter<"0.0.weight">() == before);
    CHECK(model.parameter<"0.1.running_mean">()(0) != 0);
    CHECK_THROWS_WITH_AS((Sgd{model, {}, {{"0.*", {.learning_rate = 0.1F}}}}),
                         doctest::Contains("no parameter that learns has a name like '0.*'"), Error);
}

TEST_CASE("groups of an optimizer's options, by name")
{
    using Net = Sequential<Linear<5, 9>, Tanh, Linear<9, 3>>;
    Generator g{17};
    Model<Net, Train<8>> one{g};
    Model<Net, Train<8>> other{one}, plain{one};
    Sgd grouped{one,
                {.learning_rate = 0.1F, .momentum = 0.9F, .weight_decay = 0.1F},
                {{"*.bias", {.weight_decay = 0}}, {"2.*", {.learning_rate = 0.05F}}}};
    Sgd biases{other, {.learning_rate = 0.1F, .momentum = 0.9F}};
    Sgd weights{plain, {.learning_rate = 0.1F, .momentum = 0.9F, .weight_decay = 0.1F}};
    for (int i = 0; i < 3; ++i) {
        // The same gradient for all three, and a rate that is halved for all.
        const auto gradient = g.randn(Model<Net, Train<8>>::block_size());
        for (auto* m : {&one, &other, &plain})
            std::copy(gradient.begin(), gradient.end(), m->gradient_block());
        grouped.set_learning_rate(i == 2 ? 0.05 : 0.1);
        biases.set_learning_rate(i == 2 ? 0.05 : 0.1);
        weights.set_learning_rate(i == 2 ? 0.05 : 0.1);
        grouped.step(one);
        biases.step(other);
        weights.step(plain);
    }
    CHECK(one.parameter<"0.weight">() == plain.parameter<"0.weight">());
    CHECK(one.parameter<"0.bias">() == other.parameter<"0.bias">());
    CHECK(one.parameter<"2.weight">() != plain.parameter<"2.weight">());
    // Half the rate: half the way, for a bias without decay.
    Model<Net, Train<8>> start{one};
    const double full = static_cast<double>(other.parameter<"2.bias">()(0)),
                 half = static_cast<double>(one.parameter<"2.bias">()(0));
    Generator again{17};
    const double from = static_cast<double>(Model<Net, Train<8>>{again}.parameter<"2.bias">()(0));
    CHECK((half - from) * 2 == doctest::Approx(full - from).epsilon(1e-5));
    // What a checkpoint compares tells where options change, and a rate of a group beside that of all.
    CHECK(weights.settings() == "SGD with momentum 0.9, dampening 0, weight decay 0.1");
    CHECK(grouped.settings() ==
          "SGD with momentum 0.9, dampening 0, weight decay 0.1; from 0.bias with momentum 0.9, dampening 0, "
          "weight decay 0"
          "; from 2.weight with rate 0.05 for 0.1, momentum 0.9, dampening 0, weight decay 0.1"
          "; from 2.bias with rate 0.05 for 0.1, momentum 0.9, dampening 0, weight decay 0");
    using Shared = Sequential<Embedding<7, 5, 3>, Flatten, Linear<15, 5>, Tied<"0", Linear<5, 7>>>;
    Model<Shared, Train<2>> shared;
    CHECK((Sgd{shared, {}, {{"3.weight", {.weight_decay = 1}}}})
              .settings()
              .ends_with("from 2.weight with momentum 0, dampening 0, weight decay 0"));
    CHECK_THROWS_WITH_AS((Sgd{one, {}, {{"3.*", {.weight_decay = 0}}}}),
                         doctest::Contains("[ctnn.option] no parameter that learns"), Error);
    CHECK_THROWS_AS((Sgd{one, {}, {{"*", {.momentum = 1}}}}), Error);
    static_assert(detail::fits_pattern("0.weight", "*") && detail::fits_pattern("0.weight", "0.*") &&
                  detail::fits_pattern("h.10.mlp.bias", "h.*.bias"));
    static_assert(!detail::fits_pattern("10.weight", "0.*") && !detail::fits_pattern("0.weight", "0.bias") &&
                  !detail::fits_pattern("", "?"));
}

namespace {

template <class... L>
using frozen = Frozen<Sequential<L...>>;
using Norm = Sequential<Linear<8, 8, NoBias>, BatchNorm<8>>;
static_assert(
    std::is_same_v<frozen<Linear<3, 8>, Residual<Linear<8, 8, NoBias>, BatchNorm<8>, Dropout<1, 5>, Tanh>>,
                   Sequential<Linear<3, 8>, Residual<Linear<8, 8>, Tanh>>>);
static_assert(std::is_same_v<Frozen<Residual<Norm>>, Residual<Linear<8, 8>>>);
static_assert(std::is_same_v<frozen<Concat<Norm, Identity>, Linear<16, 2>>,
                             Sequential<Concat<Linear<8, 8>, Identity>, Linear<16, 2>>>);
static_assert(std::is_same_v<frozen<Multiply<Norm, Sequential<Norm, Sigmoid>>>,
                             Sequential<Multiply<Linear<8, 8>, Sequential<Linear<8, 8>, Sigmoid>>>>);
static_assert(std::is_same_v<frozen<Repeat<3, Residual<Norm, Tanh>>>,
                             Sequential<Repeat<3, Residual<Linear<8, 8>, Tanh>>>>);
static_assert(std::is_same_v<frozen<Named<"a", Linear<3, 8>>, Fixed<BatchNorm<8>>, Tanh>,
                             Sequential<Linear<3, 8>, Tanh>>);
static_assert(
    std::is_same_v<frozen<Inputs<Sequential<Embedding<27, 10, 3>, Linear<30, 8>>, Norm>, Linear<16, 2>>,
                   Sequential<Inputs<TableSum<27, 8, 3>, Linear<8, 8>>, Linear<16, 2>>>);
// A copy that changes the shape may fold in another way than the next: it stays. So does a user's container,
// and what no rule is for.
using Halves = Sequential<Input<8, 3>, Repeat<2, FlattenConsecutive<2>>, Linear<12, 5, NoBias>, BatchNorm<5>>;
static_assert(
    std::is_same_v<Frozen<Halves>, Sequential<Input<8, 3>, Repeat<2, FlattenConsecutive<2>>, Linear<12, 5>>>);
static_assert(std::is_same_v<frozen<Linear<3, 8>, Difference<Norm, Identity>>,
                             Sequential<Linear<3, 8>, Difference<Norm, Identity>>>);
static_assert(std::is_same_v<frozen<Linear<3, 8>, Mlp<8>>, Sequential<Linear<3, 8>, Mlp<8>>>);

} // namespace

TEST_CASE("frozen networks that branch answer as their layers do one by one")
{
    Generator g{19};
    const auto compare = [&]<class Net>(std::type_identity<Net>) {
        Model<Net, Train<8>> model{g};
        model.for_each_buffer([&](auto, auto value) { init::uniform(value, g, 0.5, 2); });
        const Model<Net, Eval> eval{model};
        const auto x = g.randn(11, input_shape<Net>::size);
        CHECK(distance(eval.forward(x), freeze(model).forward(x)) <= 1e-5);
        CHECK(freeze(eval).forward(x) == freeze(model).forward(x));
    };
    compare(std::type_identity<Sequential<Linear<3, 8>, Repeat<3, Residual<Norm, Tanh>>,
                                          Concat<Norm, Sequential<Norm, Sigmoid>>, Linear<16, 4>>>{});
    compare(std::type_identity<Sequential<Linear<3, 8>, Sum<Norm, Sequential<Norm, Tanh>, Identity>,
                                          Difference<Norm, Tanh>, Linear<8, 4>>>{});
    // A tie inside a container that stays as it is: the network stays too.
    using Kept =
        Sequential<Linear<4, 6>, Dropout<1, 2>, Tanh, Difference<Linear<6, 4>, Tied<"0", Linear<6, 4>>>>;
    static_assert(std::is_same_v<Frozen<Kept>, Kept>);
    compare(std::type_identity<Kept>{});
    compare(std::type_identity<Sequential<Linear<3, 8, NoBias>, BatchNorm<8>, Tanh, Tied<"0", Linear<8, 3>>,
                                          Residual<BatchNorm<3>>>>{});
}

TEST_CASE("layers, summary, calibration, non-finite numbers and theory in networks that branch")
{
    using Net =
        Sequential<Linear<3, 8>, Named<"body", Repeat<2, Residual<Linear<8, 8, NoBias>, BatchNorm<8>, Tanh>>>,
                   Outputs<Linear<8, 4>>>;
    CHECK(signature<Net>() == "Sequential<Linear<3, 8>, Named<\"body\", Repeat<2, Residual<Linear<8, 8, "
                              "NoBias>, BatchNorm<8>, Tanh>>>, Outputs<Linear<8, 4>>>");
    const std::string text = summary<Net>();
    CHECK(text.find("body.1.0  Linear<8, 8, NoBias>  (B, 8)") != std::string::npos);
    CHECK(text.find("body.1    Add") != std::string::npos);
    Generator g{21};
    Model<Net, Train<32, RetainGradients>> model{g};
    const auto x = g.randn(32, 3);
    (void)model.forward(x);
    const auto kept = calibrate(Model<Net, Eval>{model}, x);
    CHECK(kept.size() == 2);
    CHECK(kept[1].layer.path == "body.1.1");
    // The mean of what goes into the second BatchNorm: the same numbers by hand.
    const auto through = Model<Net, Eval>{model};
    double sum = 0;
    for_each_output(through, x, [&](std::size_t layer, auto, auto y) {
        if (layers_of<Net>()[layer].path != "body.1.0") return;
        for (std::size_t i = 0; i < y.size(); i += 8) sum += static_cast<double>(y[i]) / 32;
    });
    CHECK(kept[1].mean(0) == doctest::Approx(sum).epsilon(1e-6));
    CHECK(first_non_finite_layer(model).empty());
    model.parameter<"body.1.0.weight">()(0, 0) = std::numeric_limits<float>::infinity();
    (void)model.forward(x);
    CHECK(first_non_finite_layer(model) == "body.1.0 (Linear<8, 8, NoBias>)");

    // A sum of independent numbers of standard deviation 1.
    using Two = Sequential<Input<400>, Sum<Identity, LayerNorm<400>>>;
    Model<Two, Train<64>> two;
    auto nothing = [](const auto& y, int) { return std::tuple<float, xt::xtensor<float, 2>>{0.0F, y}; };
    const auto start = check_initialisation(two, nothing, g.randn(64, 400), 0);
    CHECK(start.predicted.back().std == doctest::Approx(std::sqrt(2.0)).epsilon(0.01));
}
