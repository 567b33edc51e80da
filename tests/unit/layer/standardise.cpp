// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/gradient_check.hpp>
#include <ctnn/io/model_file.hpp>

#include <cmath>

#include "support/files.hpp"
#include "support/random.hpp"

using namespace ctnn;

TEST_CASE("a model with a Standardise takes raw numbers, and keeps doing so in a file")
{
    using Net = Sequential<Standardise<19>, Linear<19, 4>, Tanh, Linear<4, 2>>;
    support::for_each_seed([](Generator& g) {
        xt::xtensor<float, 2> x = g.randn(50, 19) * 0.01F + 1e4F; // a large mean keeps its digits
        for (std::size_t r = 0; r < 50; ++r) x(r, 7) = 3;         // and a constant is no division by 0
        Model<Net, Train<50>> model{g};
        model.parameter<"0.mean">() = column_means(x);
        model.parameter<"0.std">() = column_stds(x);
        CHECK(model.parameter<"0.std">()(7) == 1);
        (void)model.forward(x);
        Model<Sequential<Standardise<19>>, Eval> first;
        first.parameter<"0.mean">() = column_means(x);
        first.parameter<"0.std">() = column_stds(x);
        const auto y = first.forward(x);
        for (std::size_t c = 0; c < 19; ++c) {
            double mean = 0, squares = 0;
            for (std::size_t r = 0; r < 50; ++r) mean += static_cast<double>(y(r, c)) / 50;
            for (std::size_t r = 0; r < 50; ++r) squares += static_cast<double>(y(r, c) * y(r, c)) / 50;
            // float holds the mean of a column near 1e4 to half of the 2^-10 between its numbers there
            const double off = c == 7 ? 0 : 0x1p-11 / static_cast<double>(first.parameter<"0.std">()(c));
            CHECK(std::fabs(mean) <= off + 1e-6);
            CHECK(std::fabs(squares - (c == 7 ? 0 : 1)) <= off * off + 1e-5);
        }
        const support::Folder folder;
        save(model, folder.file("model.safetensors"));
        Model<Net, Eval> loaded;
        load(loaded, folder.file("model.safetensors"));
        CHECK(loaded.forward(x) == Model<Net, Eval>{model}.forward(x));
        const auto frozen = freeze(model);
        const auto near = frozen.forward(x), exact = loaded.forward(x);
        for (std::size_t i = 0; i < near.size(); ++i)
            CHECK(std::fabs(near.data()[i] - exact.data()[i]) <= 1e-5F);
    });
}

TEST_CASE("the gradient of a Standardise is divided by its std")
{
    Generator g{1};
    Model<Sequential<Input<19>, Standardise<19>>, Train<3, RetainGradients>> model;
    xt::xtensor<float, 1> std = xt::xtensor<float, 1>::from_shape({19});
    for (float& s : std) s = g.uniform(0.5F, 2.0F);
    model.parameter<"1.std">() = std;
    const auto dy = g.randn(3, 19);
    (void)model.forward(g.randn(3, 19));
    model.backward(dy);
    const auto dx = model.input_gradient();
    for (std::size_t r = 0; r < 3; ++r)
        for (std::size_t c = 0; c < 19; ++c) CHECK(dx(r, c) == dy(r, c) / std(c));
}

TEST_CASE("means and spreads of columns")
{
    const xt::xtensor<double, 2> x{{1, 5, 1e9}, {3, 5, 1e9 + 2}};
    CHECK(column_means(x) == xt::xtensor<double, 1>{2, 5, 1e9 + 1});
    CHECK(column_stds(x) == xt::xtensor<double, 1>{1, 1, 1});
    xt::xtensor<double, 2> same = xt::xtensor<double, 2>::from_shape({100000, 1});
    same.fill(0.1);
    CHECK(column_stds(same)(0) == 1);
    CHECK(column_means(same)(0) == 0.1);
    CHECK(column_means(xt::xtensor<int, 2>{{1}, {2}})(0) == 1.5F);
    CHECK_THROWS_WITH_AS((void)column_means(xt::xtensor<float, 2>::from_shape({0, 3})),
                         doctest::Contains("expected (n, columns)"), Error);
}
