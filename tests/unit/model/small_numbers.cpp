// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>

#include <xtensor/xview.hpp>

#include "../../support/files.hpp"
#include "../../support/random.hpp"

using namespace ctnn;

namespace {

using Names = Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200>, Tanh, Linear<200, 27>>;
using Pictures =
    Sequential<Input<12, 12, 3>, Conv2d<3, 8, 3, Padding<1>>, ReLU, MaxPool<2>, Conv2d<8, 16, 3, Stride<2>>,
               BatchNorm<16>, ReLU, Flatten, Linear<64, 32>, Sigmoid, Linear<32, 10>>;
using Signals = Sequential<Input<40, 2>, Conv1d<2, 16, 3, Causal>, Tanh,
                           Residual<Conv1d<16, 16, 3, Causal, Dilation<4>>, Tanh>, Conv1d<16, 4, 1>>;

// A model of fewer bytes answers something else than the Model<Net, Eval> of its weights, and is not one.
template <class N>
using frozen_model = Model<Frozen<Names>, Packed<N>>;
static_assert(std::is_convertible_v<frozen_model<float>&, const Model<Frozen<Names>, Eval>&>);
static_assert(!std::is_convertible_v<frozen_model<bfloat16>&, const Model<Frozen<Names>, Eval>&>);
static_assert(!std::is_convertible_v<frozen_model<std::int8_t>&, const Model<Frozen<Names>, Eval>&>);
static_assert(std::is_default_constructible_v<frozen_model<bfloat16>>);
static_assert(!std::is_default_constructible_v<frozen_model<std::int8_t>>);

/// The same bits whatever stands beside a sample, one way or the other; and not those of float.
template <class M, class X>
void check_rows(const M& model, const X& x)
{
    const auto all = model.forward(x);
    const std::size_t n = x.shape(0), size = M::sample_size, gives = M::output_size;
    for (const std::size_t rows : {1U, 2U, 3U, 7U, 12U, 13U}) {
        if (rows > n) continue;
        const auto some = model.forward(xt::view(x, xt::range(n - rows, n)));
        CHECK(std::equal(some.begin(), some.end(), all.end() - static_cast<std::ptrdiff_t>(rows * gives)));
    }
    for (std::size_t i = 0; i < n; ++i) {
        const auto y = model.forward_one(std::span(x.data() + i * size, size));
        CHECK(std::equal(y.begin(), y.end(), all.data() + i * gives));
    }
}

/// What small numbers cost, for a network and samples: `most` is the relative error of bytes.
template <class Net, class X>
void check_cost(const Model<Net, Eval>& model, const X& x, double most)
{
    const auto exact = freeze(model);
    const auto two = freeze<bfloat16>(model);
    const auto one = freeze<std::int8_t>(model, x);
    check_rows(two, x);
    check_rows(one, x);
    const Comparison c2 = compare(exact, two, x), c1 = compare(exact, one, x);
    CAPTURE(text(c2));
    CAPTURE(text(c1));
    CHECK(c2.relative > 1e-5); // it is really computed in other numbers
    CHECK(c2.relative < 0.006);
    CHECK(c1.relative > 1e-4);
    CHECK(c1.relative < most);
    CHECK(c1.largest < 20 * c1.mean);
    CHECK(compare(exact, exact, x).largest == 0);
}

} // namespace

TEST_CASE("networks of small numbers answer almost as those of float")
{
    Generator g{1};
    Model<Names, Train<32>> names(g);
    for (int i = 0; i < 20; ++i) (void)names.forward(g.randint(0, 27, 32, 3)); // BatchNorm sees something
    check_cost(Model<Names, Eval>(names), g.randint(0, 27, 60, 3), 0.02);
    check_cost(Model<Pictures, Eval>(g), g.randn<float>(25, 12, 12, 3), 0.03);
    check_cost(Model<Signals, Eval>(g), g.randn<float>(15, 40, 2), 0.03);
}

TEST_CASE("what has no form of small numbers stays as it is")
{
    // three columns; groups; a weight that two layers share
    Generator g{2};
    using Net = Sequential<Linear<6, 3>, Tanh>;
    const Model<Net, Eval> model(g);
    const auto x = g.randn<float>(9, 6);
    CHECK(compare(freeze(model), freeze<bfloat16>(model), x).largest == 0);
    CHECK(compare(freeze(model), freeze<std::int8_t>(model, x), x).largest == 0);
    using Grouped = Sequential<Input<9, 8>, Conv1d<8, 8, 3, Groups<8>>, Tanh>;
    const Model<Grouped, Eval> grouped(g);
    CHECK(compare(freeze(grouped), freeze<std::int8_t>(grouped, g.randn<float>(4, 9, 8)),
                  g.randn<float>(5, 9, 8))
              .largest == 0);
    using Tied = Sequential<Named<"a", Linear<8, 8>>, ReLU, Tied<"a", Linear<8, 8>>>;
    const Model<Tied, Eval> tied(g);
    const auto z = g.randn<float>(5, 8);
    CHECK(compare(freeze(tied), freeze<bfloat16>(tied), z).largest == 0);
    CHECK(compare(freeze(tied), freeze<std::int8_t>(tied, z), z).largest == 0);
}

TEST_CASE("more than 16 layers, and windows of more numbers than are converted at once")
{
    Generator g{8};
    using Block = Residual<LayerNorm<24>, Linear<24, 48>, Tanh, Linear<48, 24>>;
    using Deep = Sequential<Linear<9, 24>, Repeat<6, Block>, Named<"head", Linear<24, 5>>>;
    check_cost(Model<Deep, Eval>(g), g.randn<float>(30, 9), 0.05);
    using Large = Sequential<Input<6, 6, 40>, Conv2d<40, 30, 5, Padding<2>>, ReLU, Conv2d<30, 4, 3>>;
    check_cost(Model<Large, Eval>(g), g.randn<float>(9, 6, 6, 40), 0.03);
}

TEST_CASE("a network that is wider than the stack, and a workspace")
{
    Generator g{3};
    using Wide = Sequential<Linear<700, 3000>, ReLU, Linear<3000, 40>>;
    const Model<Wide, Eval> model(g);
    const auto x = g.randn<float>(30, 700);
    check_cost(model, x, 0.03);
    const auto frozen = freeze<std::int8_t>(model, x);
    Workspace<Frozen<Wide>, Eval> workspace;
    CHECK(frozen.forward(x, workspace) == frozen.forward(x));
}

TEST_CASE("weights of small numbers are those of float for who reads or saves them")
{
    Generator g{4};
    const Model<Names, Eval> model(g);
    const auto x = g.randint(0, 27, 50, 3);
    const auto exact = freeze(model);
    auto two = freeze<bfloat16>(model);
    const auto one = freeze<std::int8_t>(model, x);
    CHECK(two.template parameter<"2.weight">() == exact.template parameter<"2.weight">());
    CHECK(one.template parameter<"2.weight">() == exact.template parameter<"2.weight">());
    CHECK(Model<Frozen<Names>, Eval>(one).forward(x) == exact.forward(x));

    const support::Folder folder;
    const std::string file = folder.file("saved");
    save(one, file);
    Model<Frozen<Names>, Packed<bfloat16>> loaded;
    CHECK(loaded.forward(x) != two.forward(x));
    load(loaded, file);
    CHECK(loaded.forward(x) == two.forward(x));
    auto copy = one;
    CHECK(copy.forward(x) == one.forward(x));
}

TEST_CASE("more samples than are looked at at once show the same")
{
    Generator g{5};
    const Model<Sequential<Linear<5, 8>, ReLU, Linear<8, 4>>, Eval> model(g);
    auto x = g.randn<float>(3000, 5);
    x(2999, 4) = 50.F; // only the last shows how far numbers reach
    const auto all = freeze<std::int8_t>(model, x);
    const auto few = freeze<std::int8_t>(model, xt::eval(xt::view(x, xt::range(0, 1000))));
    const auto last = xt::eval(xt::view(x, xt::range(2999, 3000)));
    CHECK(compare(freeze(model), all, last).relative < 0.05);
    CHECK(compare(freeze(model), few, last).relative > 0.2);
}

TEST_CASE("numbers that bytes cannot hold, and samples that show nothing, are refused")
{
    Generator g{6};
    using Net = Sequential<Linear<5, 8>, Tanh, Linear<8, 4>>;
    Model<Net, Eval> model(g);
    auto x = g.randn<float>(10, 5);
    CHECK_THROWS_WITH((void)freeze<std::int8_t>(model, g.randn<float>(0, 5)),
                      "[ctnn.shape] there are no samples to see what the layers' numbers lie between");
    CHECK_THROWS_AS((void)freeze<std::int8_t>(model, g.randn<float>(10, 6)), Error);
    CHECK_THROWS_WITH((void)compare(model, model, g.randn<float>(0, 5)),
                      "[ctnn.shape] there are no samples to compare two models with");
    auto wrong = x;
    wrong(3, 3) = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH((void)freeze<std::int8_t>(model, wrong),
                      "[ctnn.option] layer '0' of Sequential<Linear<5, 8>, Tanh, Linear<8, 4>> reads NaN or "
                      "infinity: numbers of one byte with a scale cannot hold that");
    model.template parameter<"2.bias">()(1) = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_WITH(
        (void)freeze<std::int8_t>(model, x),
        "[ctnn.option] parameter '2.bias' has NaN or infinity: numbers of one byte with a scale "
        "cannot hold that");
    CHECK(std::isnan(freeze<bfloat16>(model).forward(x)(0, 1)));
}

TEST_CASE("a comparison of two models, in numbers and in words")
{
    Model<Sequential<Linear<2, 2>>, Eval> a, b;
    a.parameter<"0.weight">() = xt::xtensor<float, 2>{{1, 0}, {0, 1}};
    b.parameter<"0.weight">() = xt::xtensor<float, 2>{{1, 0}, {0, 2}};
    const xt::xtensor<float, 2> x{{3, 2}, {5, 1}};
    const Comparison c = compare(a, b, x); // (3, 2), (5, 1) and (3, 4), (5, 2)
    CHECK(c.samples == 2);
    CHECK(c.largest == 2);
    CHECK(c.mean == 0.75);
    CHECK(c.relative == doctest::Approx(std::sqrt(5.0 / 39)));
    CHECK(c.same_choice == 0.5);
    CHECK(text(c) == "difference at most 2, 0.75 on average, 36 % in all; the same choice for 50.00 %");
    Model<Sequential<Linear<2, 1>>, Eval> one;
    CHECK(!compare(one, one, x).same_choice);
    a.parameter<"0.bias">()(1) = b.parameter<"0.bias">()(1) = std::numeric_limits<float>::infinity();
    CHECK(compare(a, b, x).largest == 0); // the same infinity
    b.parameter<"0.weight">()(0, 0) = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(compare(a, b, x).largest));
}
