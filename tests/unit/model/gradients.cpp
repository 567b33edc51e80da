// SPDX-License-Identifier: BSD-3-Clause
/// Gradients through every container, however tightly a model is planned.
#include "../../support/branching.hpp"

using namespace ctnn;
using namespace support;

TEST_CASE("gradients of every container are central differences")
{
    const auto passes = [](const GradientReport& r) {
        CAPTURE(r.where);
        CHECK(r.worst <= 1e-6);
        CHECK(r.compared > 0);
    };
    passes(check<Linear<3, 5>, Mlp<5>, Linear<5, 2>>());
    passes(check<Residual<Linear<5, 5>>>());
    passes(check<Linear<3, 5>, Residual<Tanh>, Residual<BatchNorm<5>, Tanh>, Residual<Dropout<1, 3>>,
                 Linear<5, 2>>());
    passes(check<Linear<3, 5>, Residual<Residual<GroupNorm<5, 5>>, ReLU>, Linear<5, 2>>());
    passes(check<Input<3, 4>, Residual<Linear<4, 4>, GELU>, Linear<4, 5>, Flatten>());
    passes(
        check<Linear<3, 5>, Sum<Linear<5, 4>, Linear<5, 4, NoBias>, Sequential<Tanh, Linear<5, 4>>>, Tanh>());
    passes(check<Linear<3, 5>, Sum<Linear<5, 4>>, Tanh>());
    passes(check<Linear<3, 5>, Multiply<Sequential<Linear<5, 4>, Tanh>, Sequential<Linear<5, 4>, Sigmoid>>,
                 Linear<4, 2>>());
    passes(check<Linear<3, 5>, Multiply<Identity, Identity>, Linear<5, 2>>());
    passes(check<Linear<3, 5>, Concat<Identity, Linear<5, 4>, BatchNorm<5>, Tanh>, Linear<19, 2>>());
    passes(check<Input<3, 4>, Concat<Linear<4, 2>, Identity, Identity>, Flatten, Linear<30, 2>>());
    passes(check<Linear<3, 5>, Difference<Linear<5, 4>, Sequential<Linear<5, 4>, Tanh>>, Linear<4, 2>>());
    passes(check<Linear<3, 5>, Difference<Identity, Tanh>, Tanh, Linear<5, 2>>());
    passes(check<Linear<5, 5>, Repeat<3, Mlp<5>>, Linear<5, 2>>());
    passes(
        check<Embedding<7, 5, 3>, Repeat<2, Residual<LayerNorm<5>, Linear<5, 5>>>, Flatten, Linear<15, 2>>());
    passes(check<Embedding<7, 5, 3>, Flatten, Linear<15, 5>, Tanh, Tied<"0", Linear<5, 7>>>());
    passes(check<Linear<4, 6>, Tanh, Tied<"0", Linear<6, 4>>>());
    passes(check<Linear<4, 4>, Tanh, Tied<"0", Linear<4, 4>>, Tied<"0", Linear<4, 4, NoBias>>>());
    passes(check<Tied<"2", Linear<4, 4>>, Tanh, Linear<4, 4>>()); // the first use comes before the owner
    passes(check<Linear<3, 5>, Fixed<Sequential<Linear<5, 4>, Tanh>>, Linear<4, 2>>());
    passes(check<Inputs<Sequential<Embedding<7, 5, 3>, Flatten>, Linear<3, 4>, Linear<2, 3>>, Linear<22, 6>,
                 Tanh, Outputs<Linear<6, 2>, Sequential<Linear<6, 3>, Tanh>, Identity, Identity>>());
    passes(check<Input<5>, Outputs<Identity, Linear<5, 3>, Identity>>());
    passes(check<Linear<3, 5>, Residual<Square<true>>, Linear<5, 2>>());
    passes(check<Linear<4, 4>, Tanh, Fixed<Tied<"0", Linear<4, 4>>>>());
    passes(check<Linear<4, 6>, Tanh, Tied<"0", Named<"out", Linear<6, 4>>>>());
    passes(check<Linear<3, 4>, SumThree<Identity, Identity, Linear<4, 4>>, Linear<4, 2>>());
    passes(check<Linear<3, 5>, Scale<true>, Tanh, Tied<"1", Scale<true>>, Linear<5, 2>>());
}

TEST_CASE("gradients do not depend on how tightly a model is planned, nor on what was in it before")
{
    consistent<Sequential<Fixed<Linear<4, 64>>, BatchNorm<64>, Linear<64, 2>>>();
    consistent<Sequential<Input<4>, Concat<Linear<4, 4>, BatchNorm<4>>, Linear<8, 2>>>();
    consistent<
        Sequential<Input<4>, Concat<Linear<4, 4>, Sequential<LayerNorm<4>, Tanh>, Inverse>, Linear<12, 2>>>();
    consistent<
        Sequential<Concat<Linear<4, 4>, Sequential<Fixed<Linear<4, 16>>, BatchNorm<16>>>, Linear<20, 2>>>();
    consistent<Sequential<Fixed<Embedding<7, 4, 3>>, Dropout<1, 4>, Residual<BatchNorm<4>, Linear<4, 4>>,
                          Tied<"0", Linear<4, 7>>>>();
    consistent<Sequential<Linear<6, 6>, BatchNorm<6>>>();
    consistent<Sequential<Linear<6, 6>, Dropout<1, 2>>>();
    consistent<Sequential<Linear<4, 4>, BatchNorm<4>, Inverse, Linear<4, 4>, Repeat<2, Dropout<1, 3>>>>();
    consistent<Sequential<Linear<3, 4>, Outputs<Identity, Identity>>>();
    consistent<Sequential<Linear<3, 4>, SumThree<Identity, Identity, Identity>,
                          SumThree<Identity, Identity, Linear<4, 4>>, Linear<4, 2>>>();
    consistent<Sequential<Linear<4, 4>, Tanh, Fixed<Tied<"0", Linear<4, 4>>>, Residual<Tanh>>>();
    consistent<Sequential<Inputs<Sequential<Embedding<7, 5, 3>, Flatten>, Linear<3, 4>>, Linear<19, 6>,
                          Outputs<Residual<BatchNorm<6>, Tanh>, Tanh>>>();
    consistent<Sequential<Linear<5, 6>, Residual<LayerNorm<6>, Linear<6, 6>, GELU>, Multiply<Tanh, Sigmoid>,
                          Difference<Linear<6, 3>, Linear<6, 3>>>>();
}

TEST_CASE("a gradient that is set where it must be added does not pass")
{
    CHECK(check<Linear<3, 5>, Residual<Square<false>>, Linear<5, 2>>().worst > 0.01);
    CHECK(check<Linear<3, 5>, Scale<false>, Tanh, Tied<"1", Scale<false>>, Linear<5, 2>>().worst > 0.01);
}
