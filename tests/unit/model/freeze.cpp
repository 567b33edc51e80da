// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "../../support/files.hpp"
#include "../../support/random.hpp"
#include "../../support/random_nets.hpp"

using namespace ctnn;

namespace {

// What folds into what, by type.
template <class... L>
using frozen = Frozen<Sequential<L...>>;
static_assert(
    std::is_same_v<frozen<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200>, Tanh, Linear<200, 27>>,
                   Sequential<TableSum<27, 200, 3>, Tanh, Linear<200, 27>>>);
static_assert(std::is_same_v<frozen<Linear<3, 5, NoBias>, BatchNorm<5>>, Sequential<Linear<3, 5>>>);
static_assert(std::is_same_v<frozen<Linear<3, 5>, BatchNorm<5>, BatchNorm<5, LectureStd>, Tanh>,
                             Sequential<Linear<3, 5>, Tanh>>);
static_assert(std::is_same_v<frozen<Sequential<Linear<3, 5>, Sequential<BatchNorm<5>>>, Tanh>,
                             Sequential<Linear<3, 5>, Tanh>>);
static_assert(std::is_same_v<frozen<Embedding<27, 24, 8>, FlattenConsecutive<2>, Linear<48, 128>, Tanh>,
                             Sequential<TableSum<27, 128, 2, 4>, Tanh>>);
static_assert(
    std::is_same_v<frozen<Embedding<27, 24, 8>, FlattenConsecutive<2>, Linear<48, 7>, Flatten, Linear<28, 2>>,
                   Sequential<TableSum<27, 7, 2, 4>, Flatten, Linear<28, 2>>>);
// A normalised table is a table, and then a table of sums; two products are one, unless that were more work.
static_assert(std::is_same_v<frozen<Embedding<27, 10, 3>, BatchNorm<10>, Tanh>,
                             Sequential<Embedding<27, 10, 3>, Tanh>>);
static_assert(std::is_same_v<frozen<Embedding<27, 10, 3>, BatchNorm<10>, Linear<30, 20>, Tanh>,
                             Sequential<TableSum<27, 20, 3>, Tanh>>);
static_assert(
    std::is_same_v<frozen<Linear<9, 5, NoBias>, Linear<5, 7>, BatchNorm<7>>, Sequential<Linear<9, 7>>>);
static_assert(std::is_same_v<frozen<Linear<90, 2>, Linear<2, 90>>, Sequential<Linear<90, 2>, Linear<2, 90>>>);
static_assert(std::is_same_v<frozen<Input<2, 4>, Linear<4, 3>, Linear<6, 5>>,
                             Sequential<Input<2, 4>, Linear<4, 3>, Linear<6, 5>>>);
static_assert(std::is_same_v<frozen<Input<4>, Tanh, BatchNorm<4>, Linear<4, 2>>,
                             Sequential<Input<4>, Tanh, BatchNorm<4>, Linear<4, 2>>>);
static_assert(
    std::is_same_v<frozen<Embedding<27, 10, 3>, BatchNorm<10>, Linear<30, 20>, Linear<20, 8>, BatchNorm<8>>,
                   Sequential<TableSum<27, 8, 3>>>);
static_assert(std::is_same_v<frozen<Embedding<27, 10, 3>, Linear<30, 2>, Linear<2, 80>>,
                             Sequential<TableSum<27, 2, 3>, Linear<2, 80>>>);
// Dropout goes, wherever it stands, and what it kept apart folds.
static_assert(std::is_same_v<
              frozen<Dropout<1, 5>, Linear<3, 5, NoBias>, Dropout<1, 2>, BatchNorm<5>, Tanh, Dropout<1, 2>>,
              Sequential<Linear<3, 5>, Tanh>>);
static_assert(std::is_same_v<frozen<Dropout<1, 5>, Dropout<1, 5>, Flatten, Linear<3, 5>>,
                             Sequential<Flatten, Linear<3, 5>>>);
// What is frozen stays so.
static_assert(std::is_same_v<frozen<TableSum<27, 200, 3>, Tanh, Linear<200, 27>>,
                             Sequential<TableSum<27, 200, 3>, Tanh, Linear<200, 27>>>);
// A table that would be too large for a near cache stays two layers; so does what has no rule, and then the
// type is the same.
static_assert(std::is_same_v<frozen<Embedding<5000, 10>, Linear<30, 200>, BatchNorm<200>>,
                             Sequential<Embedding<5000, 10>, Linear<30, 200>>>);
static_assert(std::is_same_v<frozen<Input<4>, BatchNorm<4>, Tanh>, Sequential<Input<4>, BatchNorm<4>, Tanh>>);
static_assert(std::is_same_v<frozen<Input<4>, Tanh, Sequential<Linear<4, 2>>>,
                             Sequential<Input<4>, Tanh, Sequential<Linear<4, 2>>>>);
// Normalising other features than the linear layer gives is not the same thing afterwards.
static_assert(std::is_same_v<frozen<Input<6, 2>, Linear<2, 3>, FlattenConsecutive<2>, BatchNorm<6>>,
                             Sequential<Input<6, 2>, Linear<2, 3>, FlattenConsecutive<2>, BatchNorm<6>>>);

/// The frozen model against the same layers in double, relative to the largest output; and the worst of the
/// model as it is and of eight others whose numbers are each this one's or a neighbour of it: what roundings
/// do to this network.
template <class Net, class X>
std::pair<double, double> errors(Generator& g, const X& x, double spread_low, double spread_high)
{
    Model<Net, Train<2>> model{g};
    model.for_each_buffer([&](auto name, auto value) {
        const bool mean = name.ends_with("mean");
        init::uniform(value, g, mean ? -spread_high : spread_low, spread_high);
    });
    Model<Net, Eval, double> exact;
    using from = detail::slots<Net, float>;
    using to = detail::slots<Net, double>;
    for (std::size_t i = 0; i < from::count; ++i) {
        const auto &f = from::value.slot_at[i], &t = to::value.slot_at[i];
        std::copy_n(model.parameter_block() + f.offset, f.shape.size(), exact.parameter_block() + t.offset);
    }
    const auto truth = exact.forward(x);
    const auto error = [&](const auto& y) {
        double worst = 0, largest = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
            worst = std::max(worst, std::fabs(static_cast<double>(y.data()[i]) - truth.data()[i]));
            largest = std::max(largest, std::fabs(truth.data()[i]));
        }
        return worst / largest;
    };
    double as_it_is = error(Model<Net, Eval>{model}.forward(x));
    for (int i = 0; i < 8; ++i) {
        Model<Net, Train<2>> other{model};
        const auto move = [&](auto, auto value, auto...) {
            for (float& v : value) v *= 1 + g.uniform(-0x1p-23F, 0x1p-23F);
        };
        other.for_each_parameter(move);
        other.for_each_buffer(move);
        as_it_is = std::max(as_it_is, error(Model<Net, Eval>{other}.forward(x)));
    }
    return {error(freeze(model).forward(x)), as_it_is};
}

template <class Net, class X>
double folding_error(Generator& g, const X& x, double spread_low, double spread_high)
{
    return errors<Net>(g, x, spread_low, spread_high).first;
}

} // namespace

TEST_CASE("a frozen network answers as its layers do one by one")
{
    support::for_each_seed([](Generator& g) {
        const auto ids = g.randint(0, 27, 40, 3);
        using A =
            Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200>, Tanh, Linear<200, 27>>;
        using Deep = Sequential<Embedding<27, 10>, Linear<30, 31>, Tanh, BatchNorm<31, LectureStd>,
                                Linear<31, 17, NoBias>, BatchNorm<17, LectureVariance>>;
        using Tree =
            Sequential<Embedding<27, 6, 8>, FlattenConsecutive<2>, Linear<12, 13, NoBias>, BatchNorm<13>,
                       Tanh, FlattenConsecutive<2>, Linear<26, 11>, Flatten, Linear<22, 5>, BatchNorm<5>>;
        CHECK(folding_error<A>(g, ids, 0.5, 2) <= 1e-6);
        CHECK(folding_error<Deep>(g, ids, 0.5, 2) <= 1e-6);
        CHECK(folding_error<Tree>(g, g.randint(0, 27, 40, 8), 0.5, 2) <= 1e-6);
        CHECK(folding_error<Sequential<Linear<7, 31, NoBias>, BatchNorm<31>>>(g, g.randn(40, 7), 0.5, 2) <=
              1e-6);
        CHECK(folding_error<Sequential<Linear<7, 31>, Linear<31, 5>>>(g, g.randn(40, 7), 0.5, 2) <= 1e-6);
        CHECK(folding_error<Sequential<Linear<7, 31, NoBias>, Linear<31, 5, NoBias>, BatchNorm<5>>>(
                  g, g.randn(40, 7), 0.5, 2) <= 1e-6);
        CHECK(folding_error<Sequential<Embedding<27, 10, 3>, BatchNorm<10, LectureStd>>>(g, ids, 0.5, 2) <=
              1e-6);
        CHECK(folding_error<Sequential<Embedding<27, 10, 3>, BatchNorm<10>, Linear<30, 11>, Tanh>>(
                  g, ids, 0.5, 2) <= 1e-6);
        CHECK(folding_error<Sequential<Embedding<27, 10, 3>, BatchNorm<10>>>(g, ids, 0, 1e-5) <= 1e-6);
        CHECK(folding_error<Sequential<Embedding<27, 10, 3>, BatchNorm<10>>>(g, ids, 1, 1e8) <= 1e-6);
        // Spreads down to the convention's epsilon and means of many sizes.
        CHECK(folding_error<Sequential<Linear<7, 31>, BatchNorm<31>>>(g, g.randn(40, 7), 0, 1e-5) <= 1e-6);
        CHECK(folding_error<Sequential<Linear<7, 31>, BatchNorm<31>>>(g, g.randn(40, 7), 1, 1e8) <= 1e-6);
    });
}

TEST_CASE(
    "where products and a running mean cancel, a frozen layer is off by the rounding of its sum and no more")
{
    support::for_each_seed([](Generator& g) {
        using Net = Sequential<Linear<7, 5, NoBias>, BatchNorm<5>>;
        Model<Net, Train<2>> model{g};
        auto x = g.randn(40, 7);
        for (float& value : x) value = 1000 + value;
        auto weight = model.parameter<"0.weight">();
        auto mean = model.parameter<"1.running_mean">(), variance = model.parameter<"1.running_var">();
        for (std::size_t o = 0; o < 5; ++o) { // the mean of the products over the data, and their own spread
            double sum = 0;
            for (std::size_t i = 0; i < 7; ++i) sum += static_cast<double>(weight(i, o));
            mean(o) = static_cast<float>(1000 * sum);
            variance(o) = 1;
        }
        const auto frozen = freeze(model);
        const auto w = frozen.parameter<"0.weight">();
        const auto b = frozen.parameter<"0.bias">();
        const auto y = frozen.forward(x);
        for (std::size_t r = 0; r < 40; ++r)
            for (std::size_t o = 0; o < 5; ++o) {
                double z = -static_cast<double>(mean(o)), size = std::fabs(static_cast<double>(b(o)));
                for (std::size_t i = 0; i < 7; ++i) {
                    z += static_cast<double>(x(r, i)) * static_cast<double>(weight(i, o));
                    size += std::fabs(static_cast<double>(x(r, i)) * static_cast<double>(w(i, o)));
                }
                z /= std::sqrt(1 + 1e-5);
                CHECK(std::fabs(static_cast<double>(y(r, o)) - z) <= (7 + 2) * 0x1p-24 * size);
            }
    });
}

TEST_CASE("random networks answer the same frozen")
{
    support::for_each_seed([](Generator& g) {
        support::for_each_random_net<6>([&]<class Net> {
            CAPTURE(signature<Net>());
            static_assert(std::is_same_v<Frozen<Frozen<Net>>, Frozen<Net>>);
            const auto check = [&](const auto& x) {
                for (const double spread : {2.0, 1e-4, 1e4}) {
                    // Several layers in float are themselves further than 1e-6 from the truth.
                    const auto [frozen, as_it_is] = errors<Net>(g, x, spread / 4, spread);
                    CHECK(frozen <= as_it_is + 1e-6);
                }
            };
            if constexpr (Model<Net, Eval>::takes_ids)
                check(g.randint(0, 11, 40, Model<Net, Eval>::sample_size));
            else check(g.randn(40, Model<Net, Eval>::sample_size));
        });
    });
}

TEST_CASE("a model that was loaded is frozen as one that was trained")
{
    Generator g{5};
    const Model<Sequential<Embedding<27, 10>, Linear<30, 20>, BatchNorm<20>, Tanh>, Train<2>> trained{g};
    const Model<decltype(trained)::network, Eval> loaded{trained};
    const auto x = g.randint(0, 27, 5, 3);
    CHECK(freeze(loaded).forward(x) == freeze(trained).forward(x));
    CHECK(freeze(freeze(loaded)).forward(x) == freeze(trained).forward(x));
}

TEST_CASE("a constant feature without epsilon folds into its shift")
{
    Generator g{3};
    Model<Sequential<Linear<4, 3>, BatchNorm<3, LectureStd>>, Train<2>> model{g};
    model.parameter<"1.bias">() = xt::xtensor<float, 1>{5, 6, 7};
    model.parameter<"1.running_std">() = xt::xtensor<float, 1>{1, 0, 1};
    const auto y = freeze(model).forward(g.randn(9, 4));
    for (std::size_t i = 0; i < 9; ++i) CHECK(y(i, 1) == 6);
}

TEST_CASE("what counts as a constant feature is the same in the frozen model")
{
    Generator g{8};
    for (const float spread : {0.F, 7e-43F, 1e-30F, 1e-12F}) {
        CAPTURE(spread);
        Model<Sequential<Embedding<5, 3>, Linear<6, 4>, BatchNorm<4, LectureStd>>, Train<2>> model{g};
        for (float& s : model.parameter<"2.running_std">()) s = spread;
        const auto x = g.randint(0, 5, 7, 2);
        const auto y = freeze(model).forward(x),
                   expected = Model<decltype(model)::network, Eval>{model}.forward(x);
        for (std::size_t i = 0; i < y.size(); ++i)
            CHECK(static_cast<double>(y.data()[i]) ==
                  doctest::Approx(static_cast<double>(expected.data()[i])).epsilon(1e-3));
    }
}

TEST_CASE("a frozen model refuses ids as the network did")
{
    Generator g{4};
    const auto model = freeze(Model<Sequential<Embedding<27, 10>, Linear<30, 5>>, Train<2>>{g});
    static_assert(std::is_same_v<decltype(model)::network, Sequential<TableSum<27, 5, 3>>>);
    CHECK_THROWS_WITH_AS((void)model.forward(xt::xtensor<std::int64_t, 2>{{1, 2, 27}}),
                         doctest::Contains("27 at (0, 2)"), Error);
    CHECK_THROWS_AS((void)model.forward(xt::xtensor<std::int64_t, 2>{{1, 2}}), Error);
}

namespace {

/// Twice x, exactly; folded into the layer before by rules that are wrong.
template <int Fault>
struct Twice {
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i) pass.y()[i] = 2 * pass.x()[i];
    }
    static void backward(const auto&) {}
};

} // namespace

template <class Input, int Fault>
struct ctnn::fold_rule<ctnn::Linear<3, 2>, Twice<Fault>, Input> {
    using type = ctnn::Linear<3, 2>;
    template <class>
    static ctnn::layer_values values(const ctnn::layer_values& linear, const ctnn::layer_values&)
    {
        if (Fault == 1) return {linear[0]};                               // no bias
        if (Fault == 2) return {linear[0], std::vector<double>(4000, 1)}; // a long one
        if (Fault == 3) return {linear[0], linear[1], linear[1]};         // one too many
        ctnn::layer_values twice = linear;
        for (auto& values : twice)
            for (double& v : values) v *= 2;
        return twice;
    }
};

TEST_CASE("a user's fold rule works, and numbers that do not fit its type are refused")
{
    Generator g{4};
    Model<Sequential<Linear<3, 2>, Twice<0>>, Eval> model{g};
    const auto x = g.randn(5, 3);
    const xt::xtensor<float, 2> y = model.forward(x);
    auto frozen_model = freeze(model);
    static_assert(std::is_same_v<decltype(frozen_model)::network, Sequential<Linear<3, 2>>>);
    const auto z = frozen_model.forward(x);
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(z.data()[i] == y.data()[i]);
    CHECK_THROWS_WITH_AS(
        (void)freeze(Model<Sequential<Linear<3, 2>, Twice<1>>, Eval>{g}),
        doctest::Contains("gives 0 numbers for 0.bias of Sequential<Linear<3, 2>>, expected 2"), Error);
    CHECK_THROWS_WITH_AS((void)freeze(Model<Sequential<Linear<3, 2>, Twice<2>>, Eval>{g}),
                         doctest::Contains("gives 4000 numbers for 0.bias"), Error);
    CHECK_THROWS_WITH_AS(
        (void)freeze(Model<Sequential<Linear<3, 2>, Twice<3>>, Eval>{g}),
        doctest::Contains("gives 3 arrays for a layer of Sequential<Linear<3, 2>> that has 2"), Error);
}

TEST_CASE("random networks give the same bits with packed weights")
{
    support::for_each_seed([](Generator& g) {
        support::for_each_random_net<6>([&]<class Net> {
            CAPTURE(signature<Net>());
            const auto check = [&](const auto& x) {
                const auto frozen = freeze(Model<Net, Eval>{g});
                const Model<Frozen<Net>, Eval> plain = frozen;
                CHECK(frozen.forward(x) == plain.forward(x));
            };
            if constexpr (Model<Net, Eval>::takes_ids)
                check(g.randint(0, 11, 40, Model<Net, Eval>::sample_size));
            else check(g.randn(40, Model<Net, Eval>::sample_size));
        });
    });
}

TEST_CASE("a model with packed weights answers any number of rows, is saved and is loaded")
{
    Generator g{11};
    using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, Tanh, Linear<200, 27>>;
    using places = detail::packed_slots<Frozen<Net>, float, float>;
    static_assert(places::value.bytes > 0 || simd::width<float> == 1); // or nothing here would be packed
    auto frozen = freeze(Model<Net, Eval>{g});
    const Model<Frozen<Net>, Eval> plain = frozen;
    for (const std::size_t rows : {1U, 2U, 7U, 13U, 100U}) {
        const auto x = g.randint(0, 27, rows, 3);
        const auto y = frozen.forward(x);
        CHECK(y == plain.forward(x));
        const auto last = frozen.forward_one(std::array{x(rows - 1, 0), x(rows - 1, 1), x(rows - 1, 2)});
        CHECK(std::equal(last.begin(), last.end(), y.data() + (rows - 1) * 27));
    }

    const support::Folder folder;
    const auto other = freeze(Model<Net, Eval>{g});
    const auto x = g.randint(0, 27, 5, 3);
    save(other, folder.file("other"));
    load(frozen, folder.file("other"));
    CHECK(frozen.forward(x) == other.forward(x));
    CHECK(frozen.forward(x) != plain.forward(x));
}

TEST_CASE("the weights of a frozen model can be read, and not changed")
{
    Generator g{9};
    using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, Tanh, Linear<200, 27>>;
    auto frozen = freeze(Model<Net, Eval>{g});
    const Model<Frozen<Net>, Eval>& as_eval = frozen;
    CHECK(xt::xtensor<float, 2>(frozen.parameter<"2.weight">()) ==
          xt::xtensor<float, 2>(as_eval.parameter<"2.weight">()));
    const auto can_write = []<class M>(M& model) {
        return requires { model.template parameter<"2.weight">()(0, 0) = 1.F; };
    };
    CHECK(!can_write(frozen));
    Model<Frozen<Net>, Eval> copy = frozen;
    CHECK(can_write(copy));
    copy.parameter<"2.weight">() *= 2.F;
    // A changed copy can be packed again.
    const auto x = g.randint(0, 27, 5, 3);
    CHECK(freeze(copy).forward(x) == copy.forward(x));
    CHECK(freeze(copy).forward(x) != frozen.forward(x));
}
