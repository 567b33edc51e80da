// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>

#include <tuple>

#include "support/loss_check.hpp"
#include "support/random.hpp"

using namespace ctnn;

TEST_CASE("losses of parts of one output add up")
{
    support::for_each_seed([](Generator& g) {
        const xt::xtensor<double, 2> y = g.randn<double>(6, 7);
        const xt::xtensor<int, 1> ids = g.randint(0, 4, 6);
        const xt::xtensor<double, 2> heights = g.randn<double>(6, 2);
        auto pieces = [] {
            return std::tuple{part<0, 4>(CrossEntropy<double>{}), part<3, 5>(Huber<double>{}, 0.5)};
        }();
        using Sum = BasicLossSum<double, std::tuple_element_t<0, decltype(pieces)>,
                                 std::tuple_element_t<1, decltype(pieces)>>;
        Sum criterion{std::get<0>(pieces), std::get<1>(pieces)};
        const auto [loss, dy] = criterion(y, std::tie(ids, heights));
        xt::xtensor<double, 2> first = xt::xtensor<double, 2>::from_shape({6, 4});
        xt::xtensor<double, 2> second = xt::xtensor<double, 2>::from_shape({6, 2});
        for (std::size_t r = 0; r < 6; ++r) {
            for (std::size_t c = 0; c < 4; ++c) first(r, c) = y(r, c);
            for (std::size_t c = 0; c < 2; ++c) second(r, c) = y(r, 3 + c);
        }
        CrossEntropy<double> entropy;
        Huber<double> huber;
        CHECK(loss ==
              doctest::Approx(std::get<0>(entropy(first, ids)) + 0.5 * std::get<0>(huber(second, heights))));
        for (std::size_t r = 0; r < 6; ++r) CHECK((dy(r, 5) == 0 && dy(r, 6) == 0 && dy(r, 3) != 0));
        support::gradient_as_difference(criterion, y, std::tie(ids, heights));
    });
    const xt::xtensor<float, 2> narrow{{1, 2, 3}};
    LossSum criterion{part<0, 4>(MeanSquaredError{})};
    CHECK_THROWS_WITH_AS((void)criterion(narrow, std::tie(narrow)), doctest::Contains("has no columns 0..3"),
                         Error);
}
