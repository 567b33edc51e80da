// SPDX-License-Identifier: BSD-3-Clause
/// Layers with a window that slides: against PyTorch, each sample alone, their gradients; and what pools do
/// with ties and with what is not a number.
#include "support/layer_check.hpp"

#include <cmath>
#include <limits>

using namespace support;

#define CTNN_EXTENTS(...) __VA_ARGS__
#define LAYER(...)
#define RECURRENT(...)
#define STACKED(...)
#define BRANCHES(...)
#define ACTIVATION(...)
#define WINDOW(name, torch, rows, sample, ...)                                                               \
    TEST_CASE(#name) { is_right_alone<Sequential<Input<CTNN_EXTENTS sample>, __VA_ARGS__>, rows>(#name); }
#include "support/layers.def"

TEST_CASE("the gradient of a tie goes to the first, and a NaN is the largest")
{
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    Model<Sequential<Input<6, 1>, MaxPool<2>>, Train<1, RetainGradients>> model;
    const xt::xtensor<float, 3> x{{{3}, {3}, {-1}, {nan}, {nan}, {7}}}, dy{{{1}, {2}, {4}}};
    const auto& y = model.forward(x);
    CHECK(y(0, 0, 0) == 3);
    CHECK(std::isnan(y(0, 1, 0)));
    CHECK(std::isnan(y(0, 2, 0)));
    model.backward(dy);
    const float expected[]{1, 0, 0, 2, 4, 0};
    for (std::size_t i = 0; i < 6; ++i) CHECK(model.input_gradient()(0, i, 0) == expected[i]);
}

TEST_CASE("a window of nothing but minus infinity gives it, and its gradient goes to the first")
{
    constexpr float low = -std::numeric_limits<float>::infinity();
    Model<Sequential<Input<2, 2, 1>, MaxPool<2>>, Train<1, RetainGradients>> model;
    const xt::xtensor<float, 4> x{{{{low}, {low}}, {{low}, {low}}}}, dy{{{{5}}}};
    CHECK(model.forward(x)(0, 0, 0, 0) == low);
    model.backward(dy);
    CHECK(model.input_gradient()(0, 0, 0, 0) == 5);
    CHECK(model.input_gradient()(0, 1, 1, 0) == 0);
}

TEST_CASE("a number that is not one reaches the windows that see it, and no other")
{
    using Net = Sequential<Input<5, 5, 3>, Conv2d<3, 2, 3, Padding<1>>>;
    Generator g{1};
    const Model<Net, Eval> model{Model<Net, Train<1>>{g}};
    xt::xtensor<float, 4> x({1, 5, 5, 3});
    init::normal(x, g);
    x(0, 1, 3, 2) = std::numeric_limits<float>::quiet_NaN();
    const auto y = model.forward(x);
    for (std::size_t h = 0; h < 5; ++h)
        for (std::size_t w = 0; w < 5; ++w)
            for (std::size_t c = 0; c < 2; ++c) CHECK(std::isnan(y(0, h, w, c)) == (h <= 2 && w >= 2));
}

TEST_CASE("pictures go in and out with PyTorch's axes")
{
    using Net = Sequential<Image<3, 4, 5>, Conv2d<3, 2, 1, NoBias>, ChannelsFirst>;
    static_assert(input_shape<Net>::value == extents{3, 4, 5} &&
                  output_shape<Net>::value == extents{2, 4, 5});
    Model<Net, Train<2>> model;
    auto weight = model.parameter<"1.weight">();
    CHECK(weight.size() == 6);
    std::fill(weight.begin(), weight.end(), 0.F);
    weight.data()[2 * 2 + 1] = 1; // from channel 2 to 1
    xt::xtensor<float, 4> x({2, 3, 4, 5});
    Generator g{1};
    init::normal(x, g);
    const auto& y = model.forward(x);
    for (std::size_t r = 0; r < 2; ++r)
        for (std::size_t h = 0; h < 4; ++h)
            for (std::size_t w = 0; w < 5; ++w) {
                CHECK(y(r, 0, h, w) == 0);
                CHECK(y(r, 1, h, w) == x(r, 2, h, w));
            }
}

TEST_CASE("a convolution and the BatchNorm after it fold into one")
{
    const auto folds = []<class Net, class Folded>(std::type_identity<Net>, std::type_identity<Folded>) {
        static_assert(std::is_same_v<Frozen<Net>, Folded>);
        Generator g{5};
        Model<Net, Train<4>> model{g};
        model.for_each_parameter([&](auto, auto value, auto) { init::normal(value, g); });
        model.for_each_buffer([&](auto, auto value) { init::uniform(value, g, 0.5, 2); });
        auto x = xt::xtensor<float, input_shape<Net>::rank + 1>::from_shape(
            detail::batch_extents<input_shape<Net>>(3));
        init::normal(x, g);
        const auto as_two = Model<Net, Eval>{model}.forward(x), as_one = freeze(model).forward(x);
        for (std::size_t i = 0; i < as_two.size(); ++i)
            CHECK(std::fabs(as_one.data()[i] - as_two.data()[i]) <=
                  1e-5F * (1 + std::fabs(as_two.data()[i])));
    };
    folds(std::type_identity<Sequential<Input<6, 5, 3>, Conv2d<3, 7, 3, NoBias, Same>, BatchNorm<7>, ReLU>>{},
          std::type_identity<Sequential<Input<6, 5, 3>, Conv2d<3, 7, 3, NoBias, Same, WithBias>, ReLU>>{});
    folds(std::type_identity<Sequential<Input<6, 4>, Conv1d<4, 6, 2, Groups<2>>, BatchNorm<6, LectureStd>>>{},
          std::type_identity<Sequential<Input<6, 4>, Conv1d<4, 6, 2, Groups<2>, WithBias>>>{});
    folds(std::type_identity<Sequential<Input<5, 4>, ConvTranspose1d<4, 3, 3, NoBias>, BatchNorm<3>>>{},
          std::type_identity<Sequential<Input<5, 4>, ConvTranspose1d<4, 3, 3, NoBias, WithBias>>>{});
    folds(
        std::type_identity<Sequential<
            Input<3, 2, 4>, ConvTranspose2d<4, 6, window{2, 3}, Stride<2>, Groups<2>>, BatchNorm<6>, Tanh>>{},
        std::type_identity<Sequential<
            Input<3, 2, 4>, ConvTranspose2d<4, 6, window{2, 3}, Stride<2>, Groups<2>, WithBias>, Tanh>>{});
}
