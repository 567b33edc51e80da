// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/gradient_check.hpp>

#include <cmath>
#include <limits>

#include "support/layer_check.hpp"

using namespace support;

namespace {

/// f(x) = factor * x^2 with one learnt factor for each feature, written as a user would: gradients are added
/// to.
template <class Bug>
struct Square {
    static constexpr std::array parameters{Parameter{"factor", {7}, 1}};
    static constexpr extents output(const extents& x) { return x.last() == 7 ? x : extents::none(); }
    static void forward(const auto& pass)
    {
        const auto [factor] = pass.parameters();
        for (std::size_t i = 0; i < pass.x().size(); ++i)
            pass.y()[i] = factor[i % 7] * pass.x()[i] * pass.x()[i];
    }
    static void backward(const auto& pass)
    {
        const auto [factor] = pass.parameters();
        const auto [dfactor] = pass.gradients();
        for (std::size_t i = 0; i < pass.x().size(); ++i) {
            pass.dx()[i] = Bug::dx * factor[i % 7] * pass.x()[i] * pass.dy()[i];
            if (Bug::adds) dfactor[i % 7] += Bug::dfactor * pass.x()[i] * pass.x()[i] * pass.dy()[i];
            else dfactor[i % 7] = Bug::dfactor * pass.x()[i] * pass.x()[i] * pass.dy()[i];
        }
    }
};
struct Right {
    static constexpr double dx = 2, dfactor = 1;
    static constexpr bool adds = true;
};
struct WrongSign : Right {
    static constexpr double dx = -2;
};
struct MissingFactor : Right {
    static constexpr double dx = 1;
};
struct MissingShare : Right {
    static constexpr double dfactor = 1.0 / 5;
};
struct SetsInsteadOfAdds : Right {
    static constexpr bool adds = false;
};

struct NotANumber : Right {
    static constexpr double dfactor = std::numeric_limits<double>::quiet_NaN();
};

/// Batch normalisation that forgets that the mean and the variance depend on x.
struct BatchNormWithoutStatistics : BatchNorm<7> {
    template <class P>
    static void backward(const P& pass)
    {
        BatchNorm<7>::backward(pass);
        const auto gain = pass.parameters()[0];
        for (std::size_t i = 0; i < pass.x().size(); ++i)
            pass.dx()[i] = pass.dy()[i] * gain[i % 7] * pass.saved()[14 + i % 7];
    }
};
/// Layer normalisation that forgets the same of its group.
struct LayerNormWithoutSpread : LayerNorm<7> {
    template <class P>
    static void backward(const P& pass)
    {
        LayerNorm<7>::backward(pass);
        const auto gain = pass.parameters()[0];
        for (std::size_t i = 0; i < pass.x().size(); ++i)
            pass.dx()[i] = pass.dy()[i] * gain[i % 7] * pass.saved()[10 + i / 7];
    }
};
/// Tanh whose gradient reads the input where it should read the output.
struct TanhOfInput : Tanh {
    static constexpr uses derivative_uses = uses::both;
    static void backward(const auto& pass)
    {
        kernel::activate_backward<activation>(pass.dx().data(), pass.dy().data(), pass.x().data(),
                                              pass.x().size());
    }
};

template <class Net>
void fails(const std::string& where)
{
    Generator g{1};
    const GradientReport report = check_gradients<Net>(g);
    CHECK(!report.passed());
    CHECK(report.worst > 1e-2);
    CHECK(report.where == where);
}

} // namespace

TEST_CASE("whole nets")
{
    has_true_gradients<
        Sequential<Embedding<7, 3>, Linear<9, 12>, LayerNorm<12>, Tanh, Dropout<1, 4>, Linear<12, 8>,
                   GroupNorm<2, 8>, Sigmoid, Linear<8, 8>, GELU, Linear<8, 6>, LeakyReLU>>();
    has_true_gradients<
        Sequential<Embedding<7, 3>, Linear<9, 11>, BatchNorm<11, LectureStd>, Tanh, Linear<11, 7>>>();
    has_true_gradients<Sequential<Embedding<7, 3, 8>, FlattenConsecutive<2>, Linear<6, 5, NoBias>,
                                  BatchNorm<5>, Tanh, FlattenConsecutive<2>, Linear<10, 5, NoBias>,
                                  BatchNorm<5>, Tanh, Flatten, Linear<10, 3>>>();
    has_true_gradients<
        Sequential<Linear<3, 5>, Sequential<Tanh, Sequential<Linear<5, 4>, Tanh>>, Linear<4, 2>>>();
}

TEST_CASE("a user's own layer") { has_true_gradients<Sequential<Input<7>, Square<Right>>>(); }

TEST_CASE("seven seeded bugs, each of which must be found where it is")
{
    fails<Sequential<Input<7>, Square<WrongSign>>>("input");
    fails<Sequential<Input<7>, Square<MissingFactor>>>("input");
    fails<Sequential<Input<7>, Square<MissingShare>>>("1.factor");
    fails<Sequential<Input<7>, Square<SetsInsteadOfAdds>>>("1.factor");
    fails<Sequential<Input<7>, BatchNormWithoutStatistics>>("input");
    fails<Sequential<Input<7>, TanhOfInput>>("input");
    fails<Sequential<Input<7>, LayerNormWithoutSpread>>("input");
}

TEST_CASE("a gradient that is not a number is the worst and stays it")
{
    Generator g{1};
    const GradientReport report = check_gradients<Sequential<Input<7>, Square<NotANumber>, Linear<7, 3>>>(g);
    CHECK(!report.passed());
    CHECK(std::isnan(report.worst));
    CHECK(report.where == "1.factor");
}

TEST_CASE("groups of three numbers that are nearly equal, where h^2 is not small")
{
    Generator g{3523341780};
    CHECK(check_gradients<Sequential<Input<36>, GroupNorm<12, 36>>>(g).worst < 1e-7);
}
