// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

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
}
