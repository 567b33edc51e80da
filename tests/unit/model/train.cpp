// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#if __has_include(<xtensor/views/xview.hpp>)
#include <xtensor/generators/xbuilder.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xbuilder.hpp>
#include <xtensor/xview.hpp>
#endif

#include "../../support/random.hpp"

using namespace ctnn;

namespace {

using Net = Sequential<Embedding<27, 10>, Linear<30, 50, NoBias>, BatchNorm<50>, Tanh, Linear<50, 27>>;

template <class M>
std::vector<float> all_numbers(M& model)
{
    std::vector<float> numbers;
    model.for_each_parameter(
        [&](auto, auto value, auto) { numbers.insert(numbers.end(), value.begin(), value.end()); });
    model.for_each_buffer(
        [&](auto, auto value) { numbers.insert(numbers.end(), value.begin(), value.end()); });
    return numbers;
}

/// x / (1 + |x|), with no word about how it is made: the model runs it by itself.
struct PlainSoftsign {
    struct softsign {
        template <class T>
        simd::vec<T> operator()(simd::vec<T> x) const
        {
            return x / (simd::vec<T>(T{1}) + simd::abs(x));
        }
        template <class T>
        simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> y) const
        {
            const simd::vec<T> rest = simd::vec<T>(T{1}) - simd::abs(y);
            return dy * (rest * rest);
        }
    };
    static constexpr uses derivative_uses = uses::output;
    static constexpr bool in_place = true;
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass)
    {
        kernel::activate<softsign>(pass.y().data(), pass.x().data(), pass.x().size());
    }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<softsign>(pass.dx().data(), pass.dy().data(), pass.y().data(),
                                            pass.y().size());
    }
};
/// The same, stating its activation: the layer before applies it, and these passes are never run.
struct Softsign : PlainSoftsign {
    using self = Softsign;
    using activation = softsign;
    static void forward(const auto&) { throw std::logic_error("the layer before should have done this"); }
    static void backward(const auto&) { throw std::logic_error("the layer before should have done this"); }
};

/// Adds a learnt number to every element; states nothing, so its gradients are added to.
struct Offset {
    static constexpr std::array parameters{Parameter{"offset", {5}, 0.25}};
    static constexpr extents output(const extents& x) { return x.last() == 5 ? x : extents::none(); }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i)
            pass.y()[i] = pass.x()[i] + pass.parameters()[0][i % 5];
    }
    static void backward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i) {
            pass.dx()[i] = pass.dy()[i];
            pass.gradients()[0][i % 5] += pass.dy()[i];
        }
    }
};

} // namespace

TEST_CASE("parameters by name, gradients overwritten and not added to")
{
    Generator g{1};
    Model<Net, Train<4>> model{g};
    auto w = model.parameter<"1.weight">();
    CHECK(w.shape()[0] == 30);
    CHECK(w.shape()[1] == 50);
    w.fill(0.5F);
    CHECK(model.parameter<"1.weight">()(29, 49) == 0.5F);
    const auto& constant = model;
    CHECK(constant.parameter<"2.running_var">()(49) == 1);
    model.parameter<"2.weight">() = g.randn(50) * 2.0F; // an expression assigns through a temporary view
    CHECK(model.parameter<"2.weight">()(0) != 1);

    const auto x = g.randint(0, 27, 4, 3);
    const auto dy = g.randn(4, 27);
    (void)model.forward(x);
    model.backward(dy);
    const xt::xtensor<float, 2> once = model.gradient<"1.weight">(), table = model.gradient<"0.weight">();
    (void)model.forward(x);
    model.backward(dy);
    CHECK(model.gradient<"1.weight">() == once);
    CHECK(model.gradient<"0.weight">() == table);
}

TEST_CASE("a user's layer that adds to its gradients meets zeroed ones each time")
{
    Model<Sequential<Input<5>, Offset, Tanh>, Train<3>> model;
    CHECK(model.parameter<"1.offset">()(4) == 0.25F);
    Generator g{1};
    const auto x = g.randn(3, 5), dy = g.randn(3, 5);
    xt::xtensor<float, 1> first;
    for (int i = 0; i < 3; ++i) {
        (void)model.forward(x);
        model.backward(dy);
        if (i == 0) first = model.gradient<"1.offset">();
        CHECK(model.gradient<"1.offset">() == first);
    }
}

TEST_CASE("nested networks: names, order and the same numbers as flat ones")
{
    using Flat = Sequential<Linear<3, 5>, Tanh, Linear<5, 4>, Tanh, Linear<4, 2>>;
    using Nested = Sequential<Linear<3, 5>, Sequential<Tanh, Sequential<Linear<5, 4>, Tanh>>, Linear<4, 2>>;
    Generator a{1}, b{1};
    Model<Flat, Train<2>> flat{a};
    Model<Nested, Train<2>> nested{b};
    std::vector<std::string> names;
    nested.for_each_parameter([&](std::string_view name, auto, auto) { names.emplace_back(name); });
    CHECK(names ==
          std::vector<std::string>{"0.weight", "0.bias", "1.1.0.weight", "1.1.0.bias", "2.weight", "2.bias"});
    const auto x = a.randn(2, 3);
    CHECK(flat.forward(x) == nested.forward(x));
}

TEST_CASE("RetainGradients keeps what a plain model overwrites, and changes no number")
{
    Generator a{1}, b{1};
    Model<Net, Train<32>> plain{a};
    Model<Net, Train<32, RetainGradients>> watched{b};
    CrossEntropy criterion;
    Sgd one{plain};
    Sgd other{watched};
    for (int i = 0; i < 20; ++i) {
        const auto x = a.randint(0, 27, 32, 3), y = a.randint(0, 27, 32, 1);
        const auto targets = view_of(y.data(), std::array<std::size_t, 1>{32});
        const auto step = [&](auto& model, auto& sgd) {
            const auto& logits = model.forward(x);
            const auto [loss, dlogits] = criterion(logits, targets);
            model.backward(dlogits);
            sgd.step(model);
        };
        step(plain, one);
        step(watched, other);
    }
    CHECK(all_numbers(plain) == all_numbers(watched));
    // dtanh is dlogits times the transposed weight; here just that it is kept and has the right extents.
    const auto dtanh = watched.output_gradient<3>();
    CHECK(dtanh.shape()[1] == 50);
    double size = 0;
    for (const float e : dtanh) size += std::fabs(static_cast<double>(e));
    CHECK(size > 0);
}

TEST_CASE("an activation that a user's layer states is applied by the layer before, and changes no number")
{
    using Stated = Sequential<Embedding<27, 10>, Linear<30, 50, NoBias>, BatchNorm<50>, Softsign,
                              Linear<50, 27>, BatchNorm<27>, Softsign>;
    using Plain = Sequential<Embedding<27, 10>, Linear<30, 50, NoBias>, BatchNorm<50>, PlainSoftsign,
                             Linear<50, 27>, BatchNorm<27>, PlainSoftsign>;
    Generator a{5}, b{5};
    Model<Stated, Train<32>> stated{a};
    Model<Plain, Train<32>> plain{b};
    CrossEntropy criterion;
    Sgd one{stated};
    Sgd other{plain};
    for (int i = 0; i < 10; ++i) {
        const auto x = a.randint(0, 27, 32, 3);
        const auto targets = a.randint(0, 27, 32);
        const auto step = [&](auto& model, auto& sgd) {
            const auto [loss, dlogits] = criterion(model.forward(x), targets);
            model.backward(dlogits);
            sgd.step(model);
        };
        step(stated, one);
        step(plain, other);
    }
    CHECK(all_numbers(stated) == all_numbers(plain));
    const auto x = a.randint(0, 27, 40, 3);
    CHECK(Model<Stated, Eval>{stated}.forward(x) == Model<Plain, Eval>{plain}.forward(x));
    CHECK(freeze(stated).forward(x) == freeze(plain).forward(x));
}

/// Half-wave: an activation that is no in-place layer.
struct Rectifier {
    using self = Rectifier;
    struct activation {
        template <class T>
        simd::vec<T> operator()(simd::vec<T> x) const
        {
            return simd::max(simd::vec<T>(T{0}), x);
        }
        template <class T>
        simd::vec<T> backward(simd::vec<T> dy, simd::vec<T> y) const
        {
            return simd::select<T>(y > simd::vec<T>(T{0}), dy, simd::vec<T>(T{0}));
        }
    };
    static constexpr uses derivative_uses = uses::output;
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass)
    {
        kernel::activate<activation>(pass.y().data(), pass.x().data(), pass.x().size());
    }
    static void backward(const auto& pass)
    {
        kernel::activate_backward<activation>(pass.dx().data(), pass.dy().data(), pass.y().data(),
                                              pass.y().size());
    }
};
/// The same, and not a word of what another layer could make of it.
struct PlainRectifier : Rectifier {};
/// Layers with passes of their own that inherit what Tanh and Linear state.
struct HalfTanh : Tanh {
    static void forward(const auto& pass)
    {
        Tanh::forward(pass);
        for (float& y : pass.y()) y *= 0.5F;
    }
};
struct Doubled : Linear<13, 13> {
    static void forward(const auto& pass)
    {
        Linear<13, 13>::forward(pass);
        for (float& y : pass.y()) y *= 2;
    }
};

TEST_CASE("an activation that does not work in place, over wide layers, in training and in eval")
{
    const auto outputs = []<class Activation>(Activation) {
        using Wide = Sequential<Linear<4, 128>, Activation, Linear<128, 128>, Activation, Linear<128, 128>,
                                Activation, Linear<128, 4>>;
        Generator g{9};
        Model<Wide, Train<40>> model{g};
        const auto x = g.randn(40, 4);
        const xt::xtensor<float, 2> trained = model.forward(x);
        return std::array{trained, Model<Wide, Eval>{model}.forward(x), freeze(model).forward(x)};
    };
    const auto stated = outputs(Rectifier{}), plain = outputs(PlainRectifier{});
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(stated[i] == plain[i]);
        for (std::size_t k = 0; k < plain[0].size(); ++k)
            CHECK(std::fabs(plain[i].data()[k] - plain[0].data()[k]) <= 1e-5F);
    }
}

TEST_CASE("a layer that inherits from one of ours has its own passes run")
{
    using Own = Sequential<Linear<7, 13>, HalfTanh, Doubled, Tanh, Linear<13, 5>>;
    using Ours = Sequential<Linear<7, 13>, Tanh, Linear<13, 13>, Tanh, Linear<13, 5>>;
    Generator g{10};
    Model<Own, Train<9>> own{g};
    Model<Ours, Train<9>> ours;
    std::copy_n(own.parameter_block(), own.block_size(), ours.parameter_block());
    for (float& b : ours.parameter<"2.bias">()) b *= 2; // 2 (w t / 2 + b) = w t + 2 b
    const auto x = g.randn(9, 7);
    const xt::xtensor<float, 2> expected = ours.forward(x);
    const xt::xtensor<float, 2> trained = own.forward(x);
    for (const auto& y : {trained, Model<Own, Eval>{own}.forward(x), freeze(own).forward(x)})
        for (std::size_t i = 0; i < y.size(); ++i)
            CHECK(std::fabs(y.data()[i] - expected.data()[i]) <= 1e-5F);
}

TEST_CASE("a Linear that applies an activation in training leaves the gradient to the activation")
{
    using Stated = Sequential<Linear<7, 13>, Tanh, Linear<13, 5>>;
    Generator g{6};
    Model<Stated, Train<9>> plain{g};
    Model<Stated, Train<9, RetainGradients>> watched{plain};
    const auto x = g.randn(9, 7), dy = g.randn(9, 5);
    CHECK(plain.forward(x) == watched.forward(x));
    plain.backward(dy);
    watched.backward(dy);
    CHECK(std::equal(plain.gradient_block(), plain.gradient_block() + plain.block_size(),
                     watched.gradient_block()));
}

TEST_CASE("a copy of a model is a model of its own")
{
    Generator g{1};
    Model<Net, Train<4>> a{g};
    Model<Net, Train<4>> b{a};
    b.parameter<"4.bias">().fill(9);
    CHECK(a.parameter<"4.bias">()(0) != 9);
    a = b;
    CHECK(a.parameter<"4.bias">()(0) == 9);
    Model<Net, Train<4>> c{std::move(a)};
    CHECK(c.parameter<"4.bias">()(0) == 9);
}

TEST_CASE("a model that was moved from can be copied and assigned to")
{
    Generator g{1};
    Model<Net, Train<4>> a{g};
    const auto numbers = all_numbers(a);
    Model<Net, Train<4>> b{std::move(a)};
    Model<Net, Train<4>> c{a}; // empty, like a
    c = b;
    a = std::move(b);
    CHECK(all_numbers(a) == numbers);
    CHECK(all_numbers(c) == numbers);
    std::size_t count = 0;
    std::as_const(a).for_each_parameter([&](auto, auto value, auto gradient) {
        count += value.size() == gradient.size() ? value.size() : 0;
    });
    CHECK(count == parameter_count<Net>);
}

TEST_CASE("gradients that come as views with gaps, expressions or column-major are read in their own order")
{
    Generator g{1};
    Model<Net, Train<4>> model{g};
    const auto x = g.randint(0, 27, 4, 3);
    const xt::xtensor<float, 3> many = g.randn(2, 4, 27);
    const xt::xtensor<float, 2> dense = xt::view(many, 1, xt::all(), xt::all());
    const xt::xtensor<float, 2> wide = g.randn(9, 27);
    (void)model.forward(x);
    const auto gradient_for = [&](const auto& dy) {
        model.backward(dy);
        return xt::xtensor<float, 2>(model.gradient<"1.weight">());
    };
    const auto expected = gradient_for(dense);
    CHECK(gradient_for(xt::view(many, 1, xt::all(), xt::all())) == expected);
    CHECK(gradient_for(xt::xtensor<float, 2, xt::layout_type::column_major>(dense)) == expected);
    CHECK(gradient_for(dense * 1.0F) == expected);
    CHECK(gradient_for(xt::xtensor<double, 2>(dense)) == expected);
    const xt::xtensor<float, 2> lower = xt::view(wide, xt::range(5, 9), xt::all());
    CHECK(gradient_for(xt::view(wide, xt::range(5, 9), xt::all())) == gradient_for(lower));

    CrossEntropy criterion;
    const xt::xtensor<int, 1> targets{1, 2, 3, 4};
    const float loss = std::get<0>(criterion(dense, targets));
    CHECK(std::get<0>(criterion(xt::view(many, 1, xt::all(), xt::all()), targets)) == loss);
    CHECK(std::get<0>(criterion(xt::view(wide, xt::range(5, 9), xt::all()), targets)) ==
          std::get<0>(criterion(lower, targets)));
}

TEST_CASE("what goes in is checked before anything is changed")
{
    Generator g{1};
    Model<Net, Train<4>> model{g};
    const auto before = all_numbers(model);
    auto x = g.randint(0, 27, 4, 3);
    x(1, 2) = 100;
    CHECK_THROWS_WITH_AS((void)model.forward(x),
                         "[ctnn.class_id] class id 100 at (1, 2) of the input is outside 0..26", Error);
    CHECK_THROWS_WITH_AS(
        (void)model.forward(g.randint(0, 27, 5, 3)),
        "[ctnn.shape] the input has shape (5, 3), expected (4, 3), or fewer rows, at least one", Error);
    CHECK_THROWS_WITH_AS(model.backward(g.randn(27, 4)),
                         doctest::Contains("the gradient of the output has shape (27, 4), expected (4, 27)"),
                         Error);
    CHECK(all_numbers(model) == before);
}

TEST_CASE("the place where numbers stop being finite is named")
{
    Generator g{1};
    Model<Net, Train<4>> model{g};
    const auto x = g.randint(0, 27, 4, 3);
    (void)model.forward(x);
    CHECK(first_non_finite_layer(model).empty());
    model.parameter<"4.weight">()(0, 0) = std::numeric_limits<float>::infinity();
    (void)model.forward(x);
    CHECK(first_non_finite_layer(model) == "4 (Linear<50, 27>)");
}

TEST_CASE("summary prints the table of layers, alike under every compiler")
{
    CHECK(summary<Net>() == R"(   layer                   output      parameters
-------------------------------------------------
   input                   (B, 3)                
0  Embedding<27, 10>       (B, 3, 10)         270
1  Linear<30, 50, NoBias>  (B, 50)          1,500
2  BatchNorm<50>           (B, 50)            100
3  Tanh                    (B, 50)              0
4  Linear<50, 27>          (B, 27)          1,377
-------------------------------------------------
3,247 parameters (12,988 bytes), 2,850 multiply-adds a sample
)");
    CHECK(summary<Sequential<Input<5>, Sequential<Offset, BatchNorm<5, LectureStd>>>>().find(
              "1.1  BatchNorm<5, LectureStd>  (B, 5)") != std::string::npos);
    CHECK(summary<Sequential<Input<5>, Sequential<Offset, BatchNorm<5, LectureStd>>>>().find(
              "1.0  Offset                    (B, 5)") != std::string::npos);
}

TEST_CASE("dropout: a share of zeros, the mean kept, the draws of the generator, nothing in eval")
{
    using Dropped = Sequential<Input<1000>, Dropout<1, 4>>;
    Model<Dropped, Train<32>> model;
    const xt::xtensor<float, 2> ones = xt::ones<float>({32, 1000});
    Generator g{5}, again{5};
    const xt::xtensor<float, 2> y = model.forward(ones, g);
    std::size_t zeros = 0;
    for (const float v : y) {
        CHECK((v == 0 || v == 1 / 0.75F));
        zeros += v == 0 ? 1 : 0;
    }
    CHECK(std::fabs(static_cast<double>(zeros) / 32000 - 0.25) < 0.01);
    const xt::xtensor<float, 2> same = model.forward(ones, again);
    CHECK(same == y);
    CHECK(g.state() == again.state());
    const xt::xtensor<float, 2> other = model.forward(ones, g);
    CHECK(other != y);
    model.backward(ones); // the mask of the last forward
    CHECK(Model<Dropped, Eval>{model}.forward(ones) == ones);

    using WithDropout = Sequential<Linear<4, 5>, Dropout<1, 2>, BatchNorm<5>, Dropout<1, 2>, Tanh,
                                   Dropout<1, 2>, Linear<5, 3>, Dropout<1, 2>>;
    static_assert(std::is_same_v<Frozen<WithDropout>, Sequential<Linear<4, 5>, Tanh, Linear<5, 3>>>);
    static_assert(std::is_same_v<Frozen<Dropped>, Sequential<Input<1000>>>);
    Model<WithDropout, Train<8>> net{g};
    const auto x = g.randn(8, 4);
    (void)net.forward(x, g); // moves the running statistics
    const auto kept = Model<WithDropout, Eval>{net}.forward(x), frozen = freeze(net).forward(x);
    for (std::size_t i = 0; i < kept.size(); ++i)
        CHECK(std::fabs(frozen.data()[i] - kept.data()[i]) <= 1e-5F);
    CHECK(kept(0, 0) != 0);
}

TEST_CASE("NaN goes through every layer, in training and in eval")
{
    const auto check = []<class L>(L*) {
        using One = Sequential<Input<12>, L>;
        Model<One, Train<4>> model;
        Generator g{1};
        auto x = g.randn(4, 12);
        x(1, 5) = std::numeric_limits<float>::quiet_NaN();
        CHECK(std::isnan(model.forward(x, g)(1, 5)));
        CHECK(std::isnan(freeze(model).forward(x)(1, 5)));
        model.backward(x);
    };
    const auto all = [&]<class... L>(Sequential<L...>*) { (check(static_cast<L*>(nullptr)), ...); };
    all(static_cast<Sequential<Tanh, ReLU, LeakyReLU, Sigmoid, GELU, LayerNorm<12>, GroupNorm<3, 12>,
                               Dropout<1, 1'000'000'000>>*>(nullptr));
}
