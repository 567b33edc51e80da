// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/kernel/group_norm.hpp>
#include <ctnn/layer/tanh.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

TEST_CASE("group normalisation in both directions against plain loops, and with an activation")
{
    const auto check = []<std::size_t C, std::size_t G>(simd::constant<C>, simd::constant<G>,
                                                        std::size_t positions) {
        CAPTURE(C);
        CAPTURE(G);
        constexpr std::size_t rows = 3, D = C / G;
        const std::size_t n = rows * positions * C;
        Generator g{C};
        const auto x = normals<float>(g, n, 3), gain = normals<float>(g, C), shift = normals<float>(g, C),
                   dy = normals<float>(g, n);
        std::vector<float> y(n), mean(2 * rows * G), inverse(rows * G), dx(n), dgain(C, 1e30F),
            dshift(C, 1e30F);
        kernel::group_norm<C, G>(y.data(), x.data(), gain.data(), shift.data(), mean.data(), inverse.data(),
                                 1e-5F, rows, positions);
        kernel::group_norm_backward<C, G>(dx.data(), dgain.data(), dshift.data(), dy.data(), y.data(),
                                          x.data(), gain.data(), mean.data(), inverse.data(), rows,
                                          positions);
        auto more = normals<float>(g, n);
        const auto before = more;
        std::vector<float> spare(C);
        kernel::group_norm_backward<C, G, no_activation, write_mode::add>(
            more.data(), spare.data(), spare.data(), dy.data(), y.data(), x.data(), gain.data(), mean.data(),
            inverse.data(), rows, positions);
        // The product that ends in dx may be fused with this addition: one rounding of dx and one of the sum.
        for (std::size_t i = 0; i < n; ++i)
            CHECK(std::fabs(static_cast<double>(more[i]) - static_cast<double>(before[i]) -
                            static_cast<double>(dx[i])) <=
                  eps * static_cast<double>(std::fabs(dx[i]) + std::fabs(more[i])));
        std::vector<double> dgain_sum(C), dshift_sum(C);
        const auto numbers = static_cast<double>(positions * D);
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t group = 0; group < G; ++group) {
                const auto each = [&](auto f) {
                    for (std::size_t p = 0; p < positions; ++p)
                        for (std::size_t d = 0; d < D; ++d)
                            f((r * positions + p) * C + group * D + d, group * D + d);
                };
                double m = 0, squares = 0, sum = 0, product = 0;
                each([&](std::size_t i, std::size_t) { m += static_cast<double>(x[i]) / numbers; });
                each([&](std::size_t i, std::size_t) {
                    squares += (static_cast<double>(x[i]) - m) * (static_cast<double>(x[i]) - m);
                });
                const double inv = 1 / std::sqrt(squares / numbers + 1e-5);
                const auto xhat = [&](std::size_t i) { return (static_cast<double>(x[i]) - m) * inv; };
                const auto h = [&](std::size_t i, std::size_t c) {
                    return static_cast<double>(dy[i]) * static_cast<double>(gain[c]);
                };
                each([&](std::size_t i, std::size_t c) {
                    CHECK(std::fabs(static_cast<double>(y[i]) - (xhat(i) * static_cast<double>(gain[c]) +
                                                                 static_cast<double>(shift[c]))) <= 2e-5);
                    dgain_sum[c] += static_cast<double>(dy[i]) * xhat(i);
                    dshift_sum[c] += static_cast<double>(dy[i]);
                    sum += h(i, c);
                    product += h(i, c) * xhat(i);
                });
                each([&](std::size_t i, std::size_t c) {
                    const double d = inv * (h(i, c) - sum / numbers - xhat(i) * product / numbers);
                    CHECK(std::fabs(static_cast<double>(dx[i]) - d) <= 2e-5 * std::max(1.0, inv));
                });
            }
        for (std::size_t c = 0; c < C; ++c) {
            CHECK(std::fabs(static_cast<double>(dgain[c]) - dgain_sum[c]) <= 5e-5);
            CHECK(std::fabs(static_cast<double>(dshift[c]) - dshift_sum[c]) <= 2e-5);
        }
        // The same with tanh, as two layers would do it; in place.
        using f = Tanh::activation;
        std::vector<float> joint(x), apart(y), d(n), dx_joint(dy), dgain_joint(C), dshift_joint(C);
        kernel::group_norm<C, G, f, float>(joint.data(), joint.data(), gain.data(), shift.data(), nullptr,
                                           nullptr, 1e-5F, rows, positions);
        kernel::activate<f>(apart.data(), apart.data(), n);
        CHECK(joint == apart);
        kernel::activate_backward<f>(d.data(), dy.data(), apart.data(), n);
        kernel::group_norm_backward<C, G>(dx.data(), dgain.data(), dshift.data(), d.data(), y.data(),
                                          x.data(), gain.data(), mean.data(), inverse.data(), rows,
                                          positions);
        kernel::group_norm_backward<C, G, f>(dx_joint.data(), dgain_joint.data(), dshift_joint.data(),
                                             dx_joint.data(), joint.data(), x.data(), gain.data(),
                                             mean.data(), inverse.data(), rows, positions);
        CHECK(dx_joint == dx);
        CHECK(dgain_joint == dgain);
        CHECK(dshift_joint == dshift);
    };
    const auto at = [&]<std::size_t C>(simd::constant<C> features) {
        check(features, simd::constant<1>{}, 1);
        check(features, simd::constant<1>{}, 3);
        check(simd::constant<3 * C>{}, simd::constant<3>{}, 1);
        check(simd::constant<3 * C>{}, simd::constant<3>{}, 5);
    };
    for_each_edge(at);
}

TEST_CASE("a group with a NaN is NaN and no other is, a constant group comes out as the shift, a large mean "
          "keeps its digits")
{
    constexpr std::size_t C = 12;
    Generator g{3};
    auto x = normals<float>(g, 2 * C);
    x[1] = not_a_number;                             // the first group of the first row
    for (std::size_t c = 4; c < 8; ++c) x[c] = 0.1F; // the second is constant
    for (std::size_t c = 8; c < 12; ++c) x[c] = 1e4F + x[c] * 0.1F;
    const std::vector<float> gain(C, 1), shift(C, 7);
    std::vector<float> y(2 * C), mean(12), inverse(6);
    kernel::group_norm<C, 3>(y.data(), x.data(), gain.data(), shift.data(), mean.data(), inverse.data(),
                             1e-5F, 2, 1);
    for (std::size_t c = 0; c < 2 * C; ++c) CHECK(std::isnan(y[c]) == (c < 4));
    for (std::size_t c = 4; c < 8; ++c) CHECK(y[c] == 7);
    const auto s = reference::batch_statistics({static_cast<double>(x[8]), static_cast<double>(x[9]),
                                                static_cast<double>(x[10]), static_cast<double>(x[11])},
                                               4, 1, 0);
    CHECK(static_cast<double>(inverse[2]) ==
          doctest::Approx(1 / std::sqrt(s.squares / 4 + 1e-5)).epsilon(1e-5));
    for (std::size_t c = 8; c < 12; ++c) {
        const double exact = 7 + (static_cast<double>(x[c]) - s.mean) /
                                     std::sqrt(s.squares / 4 + 1e-5); // the mean is no float
        CHECK(std::fabs(static_cast<double>(y[c]) - exact) <= 4e-6);
    }
}
