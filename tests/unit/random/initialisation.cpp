// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include "support/fixtures.hpp"

using namespace ctnn;
using support::fixtures;
using support::relative_error;

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
    check("trunc_normal", [&](Generator& g) { init::truncated_normal(w, g, 0.5, 1.5, -2, 2.5); });
    check("orthogonal_rows", [&](Generator& g) { init::orthogonal(w, g, 1.5); });
}

TEST_CASE("recurrent layers and attention draw as PyTorch's do")
{
    using Net = Sequential<Input<7, 3>, Rnn<3, 5>, Lstm<5, 4, Layers<2>>, Bidirectional<Gru<4, 3, Layers<2>>>,
                           Linear<6, 8>, MultiheadAttention<8, 2>, PReLU<8>>;
    Generator g{42};
    Model<Net, Train<2>> model{g};
    std::size_t compared = 0;
    model.for_each_parameter([&](std::string_view name, auto value, auto) {
        CAPTURE(name);
        CHECK(relative_error(value, fixtures()["sequence/" + std::string(name)]) <= 1e-6);
        ++compared;
    });
    CHECK(compared == 4 + 8 + 16 + 2 + 4 + 1);
}

TEST_CASE("an orthogonal matrix has columns or rows at right angles, and a truncated normal its ends")
{
    Generator g{1};
    for (const std::size_t columns : {1U, 5U, 7U, 12U}) {
        auto w = xt::xtensor<double, 2>::from_shape({7, columns});
        init::orthogonal(w, g, 2);
        const bool by_rows = columns > 7;
        const std::size_t n = by_rows ? 7 : columns;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                double sum = 0;
                for (std::size_t k = 0; k < (by_rows ? columns : 7); ++k)
                    sum += by_rows ? w(i, k) * w(j, k) : w(k, i) * w(k, j);
                CHECK(sum == doctest::Approx(i == j ? 4 : 0).epsilon(1e-12));
            }
    }
    auto x = xt::xtensor<float, 1>::from_shape({100'000});
    init::truncated_normal(x, g);
    double sum = 0, squares = 0;
    for (const float e : x) {
        CHECK(std::fabs(e) <= 2);
        sum += static_cast<double>(e) / 1e5;
        squares += static_cast<double>(e) * static_cast<double>(e) / 1e5;
    }
    CHECK(std::fabs(sum) < 0.02);
    CHECK(std::fabs(squares - 0.7737) < 0.02); // of a normal cut at two deviations
}
