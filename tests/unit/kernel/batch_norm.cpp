// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/batch_norm.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/layer/tanh.hpp>

#include <cmath>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

TEST_CASE("batch normalisation in both directions against plain loops, at every width")
{
    const auto check = []<std::size_t C>(simd::constant<C>) {
        CAPTURE(C);
        constexpr std::size_t rows = 11;
        for (const kernel::batch_norm_constants k : {kernel::batch_norm_constants{1e-5, 0.1, 0, 1, false},
                                                     {0, 0.001, 1, 1, true},
                                                     {1e-5, 0.1, 1, 1, false}}) {
            Generator g{C};
            const auto x = normals<float>(g, rows * C, 3), gain = normals<float>(g, C),
                       shift = normals<float>(g, C), dy = normals<float>(g, rows * C);
            std::vector<float> y(rows * C), mean(2 * C), inverse(C), running_mean(C, 0.5F),
                running_spread(C, 2), dx(rows * C), dgain(C, 1e30F), dshift(C, 1e30F);
            kernel::batch_norm<C, no_activation, float>(y.data(), x.data(),
                                                        {gain.data(), shift.data(), mean.data(),
                                                         inverse.data(), running_mean.data(),
                                                         running_spread.data()},
                                                        k, rows);
            kernel::batch_norm_backward<C>(dx.data(), dgain.data(), dshift.data(), dy.data(), y.data(),
                                           x.data(), gain.data(), mean.data(), inverse.data(), k, rows);
            const auto wide = reference::widened(x);
            for (std::size_t c = 0; c < C; ++c) {
                const auto s = reference::batch_statistics(wide, rows, C, c);
                const double inv = 1 / std::sqrt(s.squares / (rows - k.correction) + k.epsilon);
                const double variance = s.squares / (rows - k.running_correction);
                const double spread = k.running_is_std ? std::sqrt(variance) : variance;
                CHECK(static_cast<double>(running_mean[c]) ==
                      doctest::Approx((1 - k.momentum) * 0.5 + k.momentum * s.mean).epsilon(1e-5));
                CHECK(static_cast<double>(running_spread[c]) ==
                      doctest::Approx((1 - k.momentum) * 2 + k.momentum * spread).epsilon(1e-5));
                double sum = 0, product = 0;
                for (std::size_t r = 0; r < rows; ++r) {
                    const double xhat = (wide[r * C + c] - s.mean) * inv;
                    CHECK(std::fabs(static_cast<double>(y[r * C + c]) -
                                    (xhat * static_cast<double>(gain[c]) + static_cast<double>(shift[c]))) <=
                          2e-5);
                    sum += static_cast<double>(dy[r * C + c]);
                    product += static_cast<double>(dy[r * C + c]) * xhat;
                }
                CHECK(std::fabs(static_cast<double>(dgain[c]) - product) <= 2e-5);
                CHECK(std::fabs(static_cast<double>(dshift[c]) - sum) <= 2e-5);
                for (std::size_t r = 0; r < rows; ++r) {
                    const double xhat = (wide[r * C + c] - s.mean) * inv;
                    const double d = static_cast<double>(gain[c]) * inv *
                                     (static_cast<double>(dy[r * C + c]) - sum / rows -
                                      xhat * product / (rows - k.correction));
                    CHECK(std::fabs(static_cast<double>(dx[r * C + c]) - d) <= 2e-5);
                }
            }
        }
    };
    for_each_edge(check);
}

TEST_CASE("batch normalisation applies an activation in both directions as two layers would")
{
    const auto check = []<std::size_t C>(simd::constant<C>) {
        CAPTURE(C);
        constexpr std::size_t rows = 9;
        using f = Tanh::activation;
        const kernel::batch_norm_constants k{1e-5, 0.1, 1, 1, false};
        Generator g{C};
        const auto x = normals<float>(g, rows * C, 3), gain = normals<float>(g, C),
                   shift = normals<float>(g, C), dy = normals<float>(g, rows * C);
        std::vector<float> apart(rows * C), joint(rows * C), mean(2 * C), inverse(C), running_mean(C),
            running_spread(C), d(rows * C);
        const kernel::batch_norm_arguments<float> arguments{gain.data(),         shift.data(),
                                                            mean.data(),         inverse.data(),
                                                            running_mean.data(), running_spread.data()};
        kernel::batch_norm<C>(apart.data(), x.data(), arguments, k, rows);
        kernel::activate<f>(apart.data(), apart.data(), rows * C);
        kernel::batch_norm<C, f>(joint.data(), x.data(), arguments, k, simd::constant<rows>{});
        CHECK(joint == apart);
        std::vector<float> dx(rows * C), dx_joint(dy), dgain(C), dshift(C), dgain_joint(C), dshift_joint(C);
        kernel::activate_backward<f>(d.data(), dy.data(), apart.data(), rows * C);
        kernel::batch_norm_backward<C>(dx.data(), dgain.data(), dshift.data(), d.data(), apart.data(),
                                       x.data(), gain.data(), mean.data(), inverse.data(), k, rows);
        kernel::batch_norm_backward<C, f>(dx_joint.data(), dgain_joint.data(), dshift_joint.data(),
                                          dx_joint.data(), joint.data(), x.data(), gain.data(), mean.data(),
                                          inverse.data(), k, simd::constant<rows>{});
        for (std::size_t i = 0; i < dx.size(); ++i)
            CHECK(static_cast<double>(dx_joint[i]) ==
                  doctest::Approx(static_cast<double>(dx[i])).epsilon(1e-5));
        for (std::size_t c = 0; c < C; ++c) {
            CHECK(static_cast<double>(dgain_joint[c]) ==
                  doctest::Approx(static_cast<double>(dgain[c])).epsilon(1e-5));
            CHECK(static_cast<double>(dshift_joint[c]) ==
                  doctest::Approx(static_cast<double>(dshift[c])).epsilon(1e-5));
        }
        kernel::batch_norm_eval<C>(apart.data(), x.data(), gain.data(), shift.data(), mean.data(),
                                   gain.data(), {0, 0.1, 1, 1, true}, rows);
        kernel::activate<f>(apart.data(), apart.data(), rows * C);
        kernel::batch_norm_eval<C, f>(joint.data(), x.data(), gain.data(), shift.data(), mean.data(),
                                      gain.data(), {0, 0.1, 1, 1, true}, rows);
        CHECK(joint == apart);
    };
    for_each_edge(check);
}

TEST_CASE(
    "batch statistics keep their digits for a large mean, and a constant feature comes out as the shift")
{
    constexpr std::size_t C = 3, rows = 64;
    Generator g{5};
    const auto noise = normals<float>(g, rows);
    std::vector<float> x(rows * C), y(rows * C), mean(2 * C), inverse(C), running_mean(C), running_spread(C);
    for (std::size_t r = 0; r < rows; ++r) {
        x[r * C] = 1e4F + 1e-2F * noise[r];
        x[r * C + 1] = 0.1F; // 0.1 times 64 rows is not 64 * 0.1 in float
        x[r * C + 2] = noise[r];
    }
    const std::vector<float> gain{1, 1, 1}, shift{0, 7, 0};
    for (const double epsilon : {0.0, 1e-5}) {
        const kernel::batch_norm_constants k{epsilon, 0.1, 1, 1, epsilon == 0.0};
        kernel::batch_norm<C, no_activation, float>(y.data(), x.data(),
                                                    {gain.data(), shift.data(), mean.data(), inverse.data(),
                                                     running_mean.data(), running_spread.data()},
                                                    k, rows);
        const auto s = reference::batch_statistics(reference::widened(x), rows, C, 0);
        const double expected = 1 / std::sqrt(s.squares / (rows - 1) + epsilon);
        CHECK(static_cast<double>(inverse[0]) == doctest::Approx(expected).epsilon(1e-5));
        for (std::size_t r = 0; r < rows; ++r) {
            CHECK(y[r * C + 1] == 7);
            const double exact = (static_cast<double>(x[r * C]) - s.mean) * expected;
            CHECK(std::fabs(static_cast<double>(y[r * C]) - exact) <= 2e-6); // the mean is no float
        }
    }
    std::vector<float> eval(rows * C);
    const std::vector<float> no_spread{0, 0, 0};
    kernel::batch_norm_eval<C>(eval.data(), x.data(), gain.data(), shift.data(), x.data(), no_spread.data(),
                               {0, 0.1, 1, 1, true}, rows);
    for (std::size_t r = 0; r < rows; ++r) CHECK(eval[r * C + 1] == 7);
    x[2] = not_a_number;
    kernel::batch_norm<C, no_activation, float>(
        y.data(), x.data(),
        {gain.data(), shift.data(), mean.data(), inverse.data(), running_mean.data(), running_spread.data()},
        {0, 0.1, 1, 1, true}, rows);
    CHECK(std::isnan(y[2]));
    CHECK(y[1] == 7);
}

TEST_CASE("the gradients keep their digits for a large mean too")
{
    // The layer's result does not change when 10,000 is added to x, and so do its gradients not.
    constexpr std::size_t C = 5, rows = 32;
    Generator g{6};
    auto x = normals<float>(g, rows * C, 0.01);
    for (float& e : x) e = 1e4F + e;
    auto near = x;
    for (float& e : near) e -= 1e4F; // exact
    const auto gain = normals<float>(g, C), shift = normals<float>(g, C), dy = normals<float>(g, rows * C);
    const kernel::batch_norm_constants k{1e-5, 0.1, 0, 1, false};
    const auto gradients = [&](const std::vector<float>& at) {
        std::vector<float> y(rows * C), mean(2 * C), inverse(C), running_mean(C), running_spread(C),
            all(rows * C + 2 * C);
        kernel::batch_norm<C, no_activation, float>(y.data(), at.data(),
                                                    {gain.data(), shift.data(), mean.data(), inverse.data(),
                                                     running_mean.data(), running_spread.data()},
                                                    k, rows);
        kernel::batch_norm_backward<C>(all.data(), all.data() + rows * C, all.data() + rows * C + C,
                                       dy.data(), y.data(), at.data(), gain.data(), mean.data(),
                                       inverse.data(), k, rows);
        return all;
    };
    const auto far_away = gradients(x), close = gradients(near);
    for (std::size_t i = 0; i < close.size(); ++i)
        CHECK(std::fabs(static_cast<double>(far_away[i]) - static_cast<double>(close[i])) <=
              1e-5 * (100 + std::fabs(static_cast<double>(close[i]))));
}
