// SPDX-License-Identifier: BSD-3-Clause
/// Each layer, loss, optimizer and initialisation alone against PyTorch.
#include <string>

#include <doctest/doctest.h>

#include <ctnn/ctnn.hpp>

#include "../support/fixtures.hpp"

using namespace ctnn;
using support::fixtures;
using support::relative_error;

namespace {

/// Parameters randn in order, then x, then dy, as the script draws them. `Net` is the layer after an Input,
/// or an Embedding.
template <class Net, std::size_t B>
void check_layer(const std::string& name)
{
    CAPTURE(name);
    const std::string at = "layer/" + name + "/";
    Generator g{42};
    Model<Net, Train<B, RetainGradients>> model;
    model.for_each_parameter([&](auto, auto value, auto) { init::normal(value, g); });
    constexpr auto extents_of_x = detail::batch_extents<input_shape<Net>>(B);
    constexpr bool ids = Model<Net, Train<B>>::takes_ids;
    auto x = xt::xtensor<std::conditional_t<ids, std::int64_t, float>, extents_of_x.size()>::from_shape(
        extents_of_x);
    if constexpr (ids) g.fill_randint(std::span<std::int64_t>(x.data(), x.size()), 0, 11);
    else init::normal(x, g);

    Generator drawing{99};
    const auto& y = model.forward(x, drawing);
    CHECK(relative_error(y, fixtures()[at + "y"]) <= 1e-5);
    auto dy = xt::xtensor<float, output_shape<Net>::rank + 1>::from_shape(
        detail::batch_extents<output_shape<Net>>(B));
    init::normal(dy, g);
    model.backward(dy);
    if constexpr (!ids) CHECK(relative_error(model.input_gradient(), fixtures()[at + "dx"]) <= 1e-5);
    const auto last = [](std::string_view parameter) {
        return std::string(parameter.substr(parameter.rfind('.') + 1));
    };
    model.for_each_parameter([&](std::string_view parameter, auto, auto gradient) {
        CAPTURE(parameter);
        CHECK(relative_error(gradient, fixtures()[at + "gradient/" + last(parameter)]) <= 1e-5);
    });
    bool has_buffers = false;
    model.for_each_buffer([&](std::string_view buffer, auto value) {
        CAPTURE(buffer);
        CHECK(relative_error(value, fixtures()[at + "buffer/" + last(buffer)]) <= 1e-5);
        has_buffers = true;
    });
    if constexpr (!ids)
        if (has_buffers) CHECK(relative_error(freeze(model).forward(x), fixtures()[at + "eval"]) <= 1e-5);
}

} // namespace

TEST_CASE("Linear")
{
    check_layer<Sequential<Linear<13, 29>>, 7>("linear");
    check_layer<Sequential<Linear<13, 29, NoBias>>, 7>("linear_no_bias");
    check_layer<Sequential<Input<5, 13>, Linear<13, 29>>, 7>("linear_positions");
    check_layer<Sequential<Input<5, 13>, Linear<65, 29>>, 7>("linear_flattened");
}
TEST_CASE("Embedding") { check_layer<Sequential<Embedding<11, 19, 5>>, 7>("embedding"); }
TEST_CASE("Tanh") { check_layer<Sequential<Input<37>, Tanh>, 7>("tanh"); }
TEST_CASE("the other activations, and dropout with PyTorch's own draws")
{
    check_layer<Sequential<Input<37>, ReLU>, 7>("relu");
    check_layer<Sequential<Input<37>, LeakyReLU>, 7>("leaky_relu");
    check_layer<Sequential<Input<37>, LeakySlope<1, 5>>, 7>("leaky_slope");
    check_layer<Sequential<Input<37>, Sigmoid>, 7>("sigmoid");
    check_layer<Sequential<Input<37>, GELU>, 7>("gelu");
    check_layer<Sequential<Input<37>, Dropout<1, 5>>, 7>("dropout");
}
TEST_CASE("LayerNorm and GroupNorm, per sample and over positions")
{
    check_layer<Sequential<LayerNorm<37>>, 11>("layer_norm");
    check_layer<Sequential<Input<3, 37>, LayerNorm<37>>, 11>("layer_norm_positions");
    check_layer<Sequential<GroupNorm<4, 36>>, 11>("group_norm");
    check_layer<Sequential<GroupNorm<12, 36>>, 11>("group_norm_many");
    check_layer<Sequential<Input<3, 36>, GroupNorm<4, 36>>, 11>("group_norm_positions");
}
TEST_CASE("FlattenConsecutive")
{
    check_layer<Sequential<Input<6, 13>, FlattenConsecutive<2>>, 7>("flatten_consecutive");
}
TEST_CASE("BatchNorm in three conventions, per sample and per position")
{
    check_layer<Sequential<BatchNorm<37>>, 11>("batch_norm_pytorch");
    check_layer<Sequential<BatchNorm<37, LectureStd>>, 11>("batch_norm_std");
    check_layer<Sequential<BatchNorm<37, LectureVariance>>, 11>("batch_norm_variance");
    check_layer<Sequential<Input<3, 37>, BatchNorm<37>>, 11>("batch_norm_pytorch_positions");
    check_layer<Sequential<Input<3, 37>, BatchNorm<37, LectureStd>>, 11>("batch_norm_std_positions");
    check_layer<Sequential<Input<3, 37>, BatchNorm<37, LectureVariance>>, 11>(
        "batch_norm_variance_positions");
}

TEST_CASE("CrossEntropy")
{
    Generator g{42};
    const xt::xtensor<float, 2> logits = g.randn(19, 27) * 10.0F;
    CrossEntropy criterion;
    const auto [loss, dlogits] = criterion(logits, g.randint(0, 27, 19));
    CHECK(static_cast<double>(loss) ==
          doctest::Approx(fixtures()["cross_entropy/loss"].values[0]).epsilon(1e-6));
    CHECK(relative_error(dlogits, fixtures()["cross_entropy/dlogits"]) <= 1e-5);
}

namespace {

/// A layer of one weight, as far as an optimizer sees.
struct OneWeight {
    static constexpr std::array parameters{Parameter{"weight", {13, 29}}};
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto&) {}
    static void backward(const auto&) {}
};

} // namespace

TEST_CASE("Sgd with its options, ten steps")
{
    const std::pair<std::string, SgdOptions> cases[] = {
        {"plain", {}},
        {"decay", {.weight_decay = 0.01F}},
        {"momentum", {.momentum = 0.9F}},
        {"dampening", {.momentum = 0.9F, .dampening = 0.5F}},
        {"nesterov", {.momentum = 0.9F, .weight_decay = 0.01F, .nesterov = true}}};
    // doctest captures by lambda, which clang 14 cannot do with a structured binding
    for (const auto& one : cases) {
        const auto& name = one.first;
        CAPTURE(name);
        Generator g{42};
        Model<Sequential<Input<1>, OneWeight>, Train<1>> model;
        model.parameter<"1.weight">() = g.randn(13, 29);
        Sgd sgd{model, one.second};
        for (int step = 0; step < 10; ++step) {
            model.gradient<"1.weight">() = g.randn(13, 29);
            sgd.step(model);
        }
        CHECK(relative_error(model.parameter<"1.weight">(), fixtures()["sgd/" + name]) <= 1e-6);
    }
}

TEST_CASE("MultiStep")
{
    const MultiStep schedule{0.5, {3, 7}};
    for (std::size_t step = 0; step < 10; ++step)
        CHECK(static_cast<double>(schedule.at(step)) ==
              doctest::Approx(fixtures()["multi_step"].values[step]).epsilon(1e-7));
}

TEST_CASE("a model made with a generator has the initial values of the same torch.nn.Sequential")
{
    Generator g{42};
    Model<Sequential<Embedding<27, 10>, Flatten, Linear<30, 50>, Linear<50, 27, NoBias>>, Train<2>> model{g};
    model.for_each_parameter([](std::string_view name, auto value, auto) {
        CAPTURE(name);
        CHECK(relative_error(value, fixtures()["default/" + std::string(name)]) <= 1e-6);
    });
}

TEST_CASE("initialisations")
{
    auto w = xt::xtensor<float, 2>::from_shape({30, 50});
    const auto check = [&](const std::string& name, auto fill) {
        CAPTURE(name);
        Generator g{42};
        fill(g);
        CHECK(relative_error(w, fixtures()["init/" + name]) <= 1e-6);
    };
    check("kaiming_normal", [&](Generator& g) { init::kaiming_normal(w, g, init::relu_gain); });
    check("kaiming_uniform", [&](Generator& g) { init::kaiming_uniform(w, g, init::tanh_gain); });
    check("xavier_normal", [&](Generator& g) { init::xavier_normal(w, g, 1.5); });
    check("xavier_uniform", [&](Generator& g) { init::xavier_uniform(w, g); });
    check("normal", [&](Generator& g) { init::normal(w, g, 1, 2); });
    check("uniform", [&](Generator& g) { init::uniform(w, g, -1, 3); });
}
