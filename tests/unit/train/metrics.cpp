// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include "support/random.hpp"

using namespace ctnn;

TEST_CASE("accuracy and top k over batches of any size")
{
    Accuracy accuracy;
    TopK two{2, -1};
    CHECK(std::isnan(accuracy.value()));
    const xt::xtensor<float, 2> logits{{1, 3, 2}, {5, 4, 0}, {1, 1, 1}};
    accuracy.add(logits, xt::xtensor<int, 1>{1, 1, 0}); // of equal ones the first
    two.add(logits, xt::xtensor<int, 1>{0, 1, 2});
    CHECK(accuracy.value() == doctest::Approx(2.0 / 3));
    CHECK(two.value() == doctest::Approx(1.0 / 3));
    accuracy.add(xt::xtensor<float, 2>{{0, 1}}, xt::xtensor<int, 1>{1});
    two.add(xt::xtensor<float, 3>{{{0, 1, 2}, {0, 1, 2}}}, xt::xtensor<int, 2>{{-1, 1}});
    CHECK(accuracy.value() == 0.75);
    CHECK(accuracy.count() == 4);
    CHECK(two.value() == 0.5);
    accuracy.reset();
    accuracy.add(xt::xtensor<float, 2>{{std::nanf(""), 1}}, xt::xtensor<int, 1>{0});
    CHECK(accuracy.value() == 0);
    CHECK_THROWS_WITH_AS(accuracy.add(logits, xt::xtensor<int, 1>{0, 1, 3}),
                         doctest::Contains("[ctnn.class_id]"), Error);
    CHECK_THROWS_WITH_AS(accuracy.add(logits, xt::xtensor<int, 1>{0, 1}), doctest::Contains("[ctnn.shape]"),
                         Error);
    CHECK_THROWS_AS(TopK{0}, Error);
}

TEST_CASE("a confusion matrix, precision, recall and F1 as scikit-learn's")
{
    // y_true [0, 1, 2, 0, 1, 2, 0], y_pred [0, 2, 1, 0, 0, 1, 1], four classes of which the last never occurs
    ConfusionMatrix matrix{4};
    const int taken[] = {0, 2, 1, 0, 0, 1, 1}, is[] = {0, 1, 2, 0, 1, 2, 0};
    for (std::size_t i = 0; i < 7; ++i) {
        auto logits = xt::xtensor<float, 2>::from_shape({1, 4});
        logits.fill(0);
        logits(0, static_cast<std::size_t>(taken[i])) = 1;
        matrix.add(logits, xt::xtensor<int, 1>{is[i]});
    }
    CHECK(matrix.count() == 7);
    CHECK((matrix.at(0, 0) == 2 && matrix.at(0, 1) == 1 && matrix.at(1, 0) == 1 && matrix.at(1, 2) == 1));
    CHECK(matrix.accuracy() == doctest::Approx(2.0 / 7));
    CHECK(matrix.precision(0) == doctest::Approx(2.0 / 3));
    CHECK(matrix.recall(0) == doctest::Approx(2.0 / 3));
    CHECK(matrix.f1(0) == doctest::Approx(2.0 / 3));
    CHECK(matrix.f1(1) == 0);
    CHECK(std::isnan(matrix.recall(3)));
    CHECK(matrix.f1() == doctest::Approx(2.0 / 9));
    CHECK(matrix.recall() == doctest::Approx(2.0 / 9));
    CHECK_THROWS_WITH_AS(matrix.add(xt::xtensor<float, 2>{{1, 2}}, xt::xtensor<int, 1>{1}),
                         doctest::Contains("of 2 classes, the confusion matrix of 4"), Error);
    matrix.add(xt::xtensor<float, 2>{{std::nanf(""), 5, 1, 0}}, xt::xtensor<int, 1>{1});
    CHECK(matrix.at(1, 1) == 1);
    matrix.reset();
    CHECK(matrix.count() == 0);
}

TEST_CASE("errors of a regression keep their digits, in batches or at once")
{
    support::for_each_seed([](Generator& g) {
        RegressionErrors batches, at_once;
        xt::xtensor<double, 2> all_y = g.randn<double>(1000, 2),
                               all_t = all_y * 0.5 + g.randn<double>(1000, 2) + 1e5;
        all_y += 1e5;
        at_once.add(all_y, all_t);
        std::vector<std::int64_t> rows;
        for (std::int64_t i = 0; i < 1000; ++i) {
            rows.push_back(i);
            if (rows.size() < static_cast<std::size_t>(i / 3 + 1) && i < 999) continue;
            batches.add(rows_of(all_y, rows), rows_of(all_t, rows));
            rows.clear();
        }
        double mean = 0, squares = 0, spread = 0, absolute = 0;
        for (const double t : all_t) mean += (t - 1e5) / 2000;
        for (std::size_t i = 0; i < 2000; ++i) {
            const double d = all_y.data()[i] - all_t.data()[i], s = all_t.data()[i] - 1e5 - mean;
            squares += d * d;
            spread += s * s;
            absolute += std::fabs(d);
        }
        for (const RegressionErrors* errors : {&at_once, &batches}) {
            CHECK(errors->count() == 2000);
            CHECK(errors->mean_squared_error() == doctest::Approx(squares / 2000).epsilon(1e-12));
            CHECK(errors->root_mean_squared_error() ==
                  doctest::Approx(std::sqrt(squares / 2000)).epsilon(1e-12));
            CHECK(errors->mean_absolute_error() == doctest::Approx(absolute / 2000).epsilon(1e-12));
            CHECK(std::fabs(errors->r2() - (1 - squares / spread)) <= 1e-9);
        }
    });
    RegressionErrors same;
    same.add(xt::xtensor<float, 1>{1, 2}, xt::xtensor<float, 1>{3, 3});
    CHECK(std::isnan(same.r2()));
    CHECK_THROWS_WITH_AS(same.add(xt::xtensor<float, 1>{1, 2}, xt::xtensor<float, 1>{3}),
                         doctest::Contains("the answers have shape (2,), the targets (1,)"), Error);
}

TEST_CASE("a mean loss weighs batches by their rows")
{
    MeanLoss loss;
    loss.add(1, 3);
    loss.add(2, 1);
    CHECK(loss.value() == 1.25);
    CHECK(loss.perplexity() == doctest::Approx(std::exp(1.25)));
    CHECK(loss.count() == 4);
}
