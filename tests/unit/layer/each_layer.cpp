// SPDX-License-Identifier: BSD-3-Clause
#include "support/layer_check.hpp"

using namespace support;

template <class... L>
constexpr bool are_layers = ((Layer<L> || ctnn::detail::container<L>)&&...);

#define CTNN_EXTENTS(...) __VA_ARGS__
#define LAYER(name, torch, rows, sample, ...)                                                                \
    TEST_CASE(#name)                                                                                         \
    {                                                                                                        \
        static_assert(are_layers<__VA_ARGS__>);                                                              \
        using Net = Sequential<Input<CTNN_EXTENTS sample>, __VA_ARGS__>;                                     \
        agrees_with_pytorch<Net, rows>(#name);                                                               \
        has_true_gradients<Net>();                                                                           \
    }
#define WINDOW(...)
#define RECURRENT(...)
#define STACKED(...)
#define BRANCHES(...)
#define ACTIVATION(...)
#include "support/layers.def"

TEST_CASE("embedding")
{
    agrees_with_pytorch<Sequential<Embedding<11, 19, 5>>, 7>("embedding");
    has_true_gradients<Sequential<Embedding<5, 3, 4>, Flatten>, 7>(); // 28 ids of 5 classes: some occur again
    has_true_gradients<Sequential<Embedding<5, 3>>>();
}
TEST_CASE("attention inside a KeyPadding leaves out what is filling")
{
    using Net = KeyPadding<5, Input<5, 8>, MultiheadAttention<8, 2>>;
    Generator g{42};
    Model<Net, Train<4, RetainGradients>> model;
    model.for_each_parameter([&](auto, auto value, auto) { init::normal(value, g); });
    xt::xtensor<float, 3> x({4, 5, 8});
    init::normal(x, g);
    const std::vector<std::vector<class_id>> words{{1, 2, 3, 4, 5}, {1}, {1, 2, 3}, {1, 2, 3, 4}};
    const auto& mask = pad_sequences(words, 5).mask;
    const std::string at = "layer/masked_attention/";
    CHECK(relative_error(model.forward(x, mask), fixtures()[at + "y"]) <= 1e-5);
    xt::xtensor<float, 3> dy({4, 5, 8});
    init::normal(dy, g);
    model.backward(dy);
    CHECK(relative_error(model.input_gradient(), fixtures()[at + "dx"]) <= 1e-5);
    model.for_each_parameter([&](std::string_view name, auto, auto gradient) {
        CAPTURE(name);
        const std::string key(name.substr(name.find('.') + 1));
        CHECK(relative_error(gradient, fixtures()[at + "gradient/" + key]) <= 1e-5);
    });
    for (const float e : model.input_gradient<1>()) CHECK(e == 0); // a mask is not learnt
    CHECK(relative_error(Model<Net, Eval>{model}.forward(x, mask), fixtures()[at + "y"]) <= 1e-5);

    // So does attention without projections, and what is outside of the padding sees all.
    using Bare = KeyPadding<5, Input<5, 6>, SelfAttention<2>>;
    xt::xtensor<float, 3> qkv({4, 5, 6});
    init::normal(qkv, g);
    const auto masked = Model<Bare, Eval>{}.forward(qkv, mask),
               all = Model<Sequential<Input<5, 6>, SelfAttention<2>>, Eval>{}.forward(qkv);
    for (std::size_t t = 0; t < 5; ++t)
        for (std::size_t c = 0; c < 2; ++c) {
            CHECK(masked(0, t, c) == all(0, t, c));
            CHECK(masked(1, t, c) == qkv(1, 0, 4 + c)); // one position: its value
            CHECK(masked(2, t, c) != all(2, t, c));
        }
}
TEST_CASE("attention answers each sample alone")
{
    answers_each_alone<Sequential<Input<9, 6>, CausalSelfAttention<1>>>();
    answers_each_alone<Sequential<Input<4, 18>, SelfAttention<3>>>();
    answers_each_alone<Sequential<Input<5, 6>, MultiheadAttention<6, 3, Causal>, PReLU<6>>>();
    answers_each_alone<Sequential<Input<40>, Linear<40, 1>>>();
}
TEST_CASE("layers of one row")
{
    has_true_gradients<Sequential<LayerNorm<7>>, 1>();
    has_true_gradients<Sequential<GroupNorm<3, 12>>, 1>();
}
static_assert(Layer<Embedding<27, 10>> && Layer<Flatten> && Layer<Input<3>>);
