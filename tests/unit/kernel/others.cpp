// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/batch_norm.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/kernel/gather.hpp>
#include <ctnn/kernel/group_norm.hpp>
#include <ctnn/kernel/softmax.hpp>
#include <ctnn/kernel/transpose.hpp>
#include <ctnn/kernel/update.hpp>
#include <ctnn/layer/gelu.hpp>
#include <ctnn/layer/leaky_relu.hpp>
#include <ctnn/layer/relu.hpp>
#include <ctnn/layer/sigmoid.hpp>
#include <ctnn/layer/tanh.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

#include "../../support/random.hpp"
#include "../../support/reference.hpp"

using namespace ctnn;
using support::normals;

namespace {

constexpr std::size_t W = simd::width<float>;
constexpr std::size_t edges[] = {1,     2,         3,        W - 1 > 3 ? W - 1 : 4, W, W + 1, 2 * W - 1,
                                 2 * W, 2 * W + 1, 4 * W + 3};
constexpr float inf = std::numeric_limits<float>::infinity(),
                not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr double eps = static_cast<double>(std::numeric_limits<float>::epsilon());

} // namespace

TEST_CASE("tanh and its gradient at every length, and the same bits at every offset")
{
    for (const std::size_t n : edges) {
        CAPTURE(n);
        Generator g{n};
        const auto x = normals<float>(g, n), dy = normals<float>(g, n);
        std::vector<float> y(n), dx(n);
        kernel::activate<Tanh::activation>(y.data(), x.data(), n);
        kernel::activate_backward<Tanh::activation>(dx.data(), dy.data(), y.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            CHECK(std::fabs(static_cast<double>(y[i]) - std::tanh(static_cast<double>(x[i]))) <= 2 * eps);
            const double slope = 1 - static_cast<double>(y[i]) * static_cast<double>(y[i]);
            CHECK(std::fabs(static_cast<double>(dx[i]) - static_cast<double>(dy[i]) * slope) <=
                  2 * eps * std::fabs(static_cast<double>(dy[i])));
        }
        for (std::size_t first = 0; first < n; ++first) { // one by one, and the rest from there
            std::vector<float> part(n - first);
            kernel::activate<Tanh::activation>(part.data(), x.data() + first, n - first);
            for (std::size_t i = first; i < n; ++i) REQUIRE(part[i - first] == y[i]);
        }
    }
}

TEST_CASE("softmax and log softmax: sums, extremes, ties and one -inf")
{
    Generator g{1};
    for (const std::size_t n : edges) {
        CAPTURE(n);
        const auto check = [&](const std::vector<float>& x) {
            std::vector<float> y(n), p(n);
            kernel::log_softmax(y.data(), x.data(), n);
            kernel::softmax(p.data(), x.data(), n);
            const auto exact = reference::log_softmax(reference::widened(x));
            double sum = 0;
            for (std::size_t i = 0; i < n; ++i) {
                const double tolerance =
                    static_cast<double>(n + 8) * eps * std::max(1.0, std::fabs(exact[i]));
                CHECK(std::fabs(static_cast<double>(y[i]) - exact[i]) <= tolerance);
                sum += static_cast<double>(p[i]);
            }
            CHECK(std::fabs(sum - 1) <= static_cast<double>(n + 4) * eps);
        };
        check(normals<float>(g, n));
        check(normals<float>(g, n, 30));
        check(std::vector<float>(n, 5));
        std::vector<float> extreme(n, -3e38F);
        extreme[n / 2] = 3e38F;
        std::vector<float> y(n);
        kernel::log_softmax(y.data(), extreme.data(), n);
        for (std::size_t i = 0; i < n; ++i)
            CHECK((i == n / 2 ? y[i] == 0 : y[i] < -1e38F && std::isfinite(y[i])));
        if (n > 1) {
            std::vector<float> one_gone(n, 1);
            one_gone[0] = -inf;
            kernel::softmax(y.data(), one_gone.data(), n);
            CHECK(y[0] == 0);
            CHECK(y[1] == doctest::Approx(1.0 / static_cast<double>(n - 1)));
        }
        std::vector<float> bad(n, 1);
        bad[n - 1] = not_a_number;
        kernel::softmax(y.data(), bad.data(), n);
        for (const float e : y) CHECK(std::isnan(e));
    }
}

TEST_CASE("cross entropy: the loss of a plain loop, the gradient of softmax minus one-hot")
{
    for (const std::size_t C : edges) {
        CAPTURE(C);
        constexpr std::size_t rows = 7;
        Generator g{C};
        const auto x = normals<float>(g, rows * C, 5);
        std::vector<std::int32_t> targets(rows);
        g.fill_randint(std::span(targets), 0, static_cast<std::int64_t>(C));
        std::vector<float> dx(rows * C, 1e30F);
        const float loss = kernel::softmax_cross_entropy(dx.data(), x.data(), targets.data(), rows, C);
        double expected = 0;
        for (std::size_t r = 0; r < rows; ++r) {
            const auto log_p = reference::log_softmax(
                reference::numbers(x.begin() + static_cast<std::ptrdiff_t>(r * C),
                                   x.begin() + static_cast<std::ptrdiff_t>((r + 1) * C)));
            expected -= log_p[static_cast<std::size_t>(targets[r])] / rows;
            for (std::size_t c = 0; c < C; ++c) {
                const double d =
                    (std::exp(log_p[c]) - (static_cast<std::size_t>(targets[r]) == c ? 1 : 0)) / rows;
                CHECK(std::fabs(static_cast<double>(dx[r * C + c]) - d) <= static_cast<double>(C + 8) * eps);
            }
        }
        CHECK(static_cast<double>(loss) == doctest::Approx(expected).epsilon(1e-6));
    }
}

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
            std::vector<float> y(rows * C), mean(C), inverse(C), running_mean(C, 0.5F), running_spread(C, 2),
                dx(rows * C), dgain(C, 1e30F), dshift(C, 1e30F);
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
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (check(simd::constant<edges[I]>{}), ...);
    }(std::make_index_sequence<10>{});
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
        std::vector<float> apart(rows * C), joint(rows * C), mean(C), inverse(C), running_mean(C),
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
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (check(simd::constant<edges[I]>{}), ...);
    }(std::make_index_sequence<10>{});
}

TEST_CASE("activations against plain loops at every length, exact at their ends, NaN kept")
{
    const auto check = [](auto f, auto function, auto derivative, bool from_x) {
        using F = decltype(f);
        for (const std::size_t n : edges) {
            CAPTURE(n);
            Generator g{n};
            const auto x = normals<float>(g, n, 4), dy = normals<float>(g, n);
            std::vector<float> y(n), dx(n);
            kernel::activate<F>(y.data(), x.data(), n);
            kernel::activate_backward<F>(dx.data(), dy.data(), from_x ? x.data() : y.data(), n);
            for (std::size_t i = 0; i < n; ++i) {
                const auto at = static_cast<double>(x[i]);
                CHECK(std::fabs(static_cast<double>(y[i]) - function(at)) <=
                      8 * eps * std::fabs(function(at)) + 1e-38);
                // Relative to |dy|: near their zeros the slopes of GELU and of a saturated sigmoid cancel.
                CHECK(std::fabs(static_cast<double>(dx[i]) - static_cast<double>(dy[i]) * derivative(at)) <=
                      8 * eps * std::fabs(static_cast<double>(dy[i])));
            }
        }
        float x[] = {not_a_number, inf, -inf, 0}, y[4], dx[4], dy[] = {1, 1, 1, 1};
        kernel::activate<F>(y, x, 4);
        CHECK(std::isnan(y[0]));
        CHECK(static_cast<double>(y[1]) == function(std::numeric_limits<double>::infinity()));
        const double low = function(-std::numeric_limits<double>::infinity());
        CHECK(static_cast<double>(y[2]) == (std::isnan(low) ? 0 : low));
        CHECK(static_cast<double>(y[3]) == function(0.0));
        kernel::activate_backward<F>(dx, dy, from_x ? x : y, 4);
        for (std::size_t i = 1; i < 3; ++i) CHECK(std::isfinite(dx[i]));
    };
    const auto logistic = [](double x) { return 1 / (1 + std::exp(-x)); };
    const auto below = [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; };
    check(
        Sigmoid::activation{}, logistic, [&](double x) { return logistic(x) * (1 - logistic(x)); }, false);
    check(
        ReLU::activation{}, [](double x) { return x > 0 ? x : 0; },
        [](double x) { return x > 0 ? 1.0 : 0.0; }, false);
    check(
        LeakySlope<1, 8>::activation{}, [](double x) { return x > 0 ? x : x / 8; },
        [](double x) { return x > 0 ? 1 : 0.125; }, false);
    check(
        GELU::function{}, [&](double x) { return x * below(x); },
        [&](double x) { return below(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979323846); },
        true);
}

TEST_CASE("the normal distribution on every 509th float")
{
    double worst_below = 0, worst_density = 0;
    constexpr std::size_t block = W;
    float x[block], below[block], density[block];
    for (std::uint64_t bits = 0; bits < 0x100000000ULL;) {
        for (float& e : x) {
            const auto b = static_cast<std::uint32_t>(bits);
            std::memcpy(&e, &b, sizeof e);
            bits += 509;
        }
        const auto at = simd::normal(simd::vec<float>::load(x));
        at.below.store(below);
        at.density.store(density);
        for (std::size_t i = 0; i < block; ++i) {
            const auto v = static_cast<double>(x[i]);
            if (!(std::fabs(v) < 12.9)) continue; // 1e-38 of a probability: subnormal
            const double b = std::erfc(-v / std::sqrt(2.0)) / 2,
                         d = std::exp(-v * v / 2) / std::sqrt(2 * 3.14159265358979323846);
            worst_below = std::max(worst_below, std::fabs(static_cast<double>(below[i]) / b - 1));
            worst_density = std::max(worst_density, std::fabs(static_cast<double>(density[i]) / d - 1));
        }
    }
    CAPTURE(worst_below / eps);
    CAPTURE(worst_density / eps);
    CHECK(worst_below <= 8 * eps);
    CHECK(worst_density <= 4 * eps);
}

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
        std::vector<float> y(n), mean(rows * G), inverse(rows * G), dx(n), dgain(C, 1e30F), dshift(C, 1e30F);
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
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (at(simd::constant<edges[I]>{}), ...);
    }(std::make_index_sequence<10>{});
}

TEST_CASE("a group with a NaN is NaN and no other is; a constant group comes out as the shift; a large mean "
          "keeps its digits")
{
    constexpr std::size_t C = 12;
    Generator g{3};
    auto x = normals<float>(g, 2 * C);
    x[1] = not_a_number;                             // the first group of the first row
    for (std::size_t c = 4; c < 8; ++c) x[c] = 0.1F; // the second is constant
    for (std::size_t c = 8; c < 12; ++c) x[c] = 1e4F + x[c] * 0.1F;
    const std::vector<float> gain(C, 1), shift(C, 7);
    std::vector<float> y(2 * C), mean(6), inverse(6);
    kernel::group_norm<C, 3>(y.data(), x.data(), gain.data(), shift.data(), mean.data(), inverse.data(),
                             1e-5F, 2, 1);
    for (std::size_t c = 0; c < 2 * C; ++c) CHECK(std::isnan(y[c]) == (c < 4));
    for (std::size_t c = 4; c < 8; ++c) CHECK(y[c] == 7);
    const auto s = reference::batch_statistics({static_cast<double>(x[8]), static_cast<double>(x[9]),
                                                static_cast<double>(x[10]), static_cast<double>(x[11])},
                                               4, 1, 0);
    CHECK(static_cast<double>(inverse[2]) ==
          doctest::Approx(1 / std::sqrt(s.squares / 4 + 1e-5)).epsilon(1e-3));
}

TEST_CASE(
    "batch statistics keep their digits for a large mean, and a constant feature comes out as the shift")
{
    constexpr std::size_t C = 3, rows = 64;
    Generator g{5};
    const auto noise = normals<float>(g, rows);
    std::vector<float> x(rows * C), y(rows * C), mean(C), inverse(C), running_mean(C), running_spread(C);
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
        CHECK(static_cast<double>(inverse[0]) == doctest::Approx(expected).epsilon(1e-3));
        for (std::size_t r = 0; r < rows; ++r) CHECK(y[r * C + 1] == 7);
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

TEST_CASE("gather and its scatter: repeated ids add, absent ones become 0")
{
    constexpr std::size_t V = 5, C = 19;
    Generator g{6};
    const auto table = normals<float>(g, V * C), dy = normals<float>(g, 6 * C);
    const std::vector<std::int32_t> ids{3, 1, 3, 0, 3, 1};
    std::vector<float> y(6 * C), dtable(V * C, 1e30F);
    kernel::gather<C>(y.data(), table.data(), ids.data(), 6);
    kernel::gather_backward<V, C>(dtable.data(), dy.data(), ids.data(), 6);
    std::vector<double> expected(V * C);
    for (std::size_t i = 0; i < 6; ++i)
        for (std::size_t c = 0; c < C; ++c) {
            CHECK(y[i * C + c] == table[static_cast<std::size_t>(ids[i]) * C + c]);
            expected[static_cast<std::size_t>(ids[i]) * C + c] += static_cast<double>(dy[i * C + c]);
        }
    for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(static_cast<double>(dtable[i]) == doctest::Approx(expected[i]).epsilon(1e-6));

    const auto before = normals<float>(g, V * C);
    auto more = before;
    kernel::gather_backward<V, C, write_mode::add>(more.data(), dy.data(), ids.data(), 6);
    for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(std::fabs(static_cast<double>(more[i]) - static_cast<double>(before[i]) - expected[i]) <=
              4 * eps * 10);
    CHECK(more[2 * C] == before[2 * C]); // an id that is not there
}

TEST_CASE("sums, products and copies at every length; what is added to keeps what was there")
{
    for (const std::size_t n : edges) {
        Generator g{n};
        const auto a = normals<float>(g, n), b = normals<float>(g, n), c = normals<float>(g, n);
        std::vector<float> sum(n + 1, 7), product(n + 1, 7), copy(n + 1, 7);
        auto more = c;
        kernel::add(sum.data(), a.data(), b.data(), n);
        kernel::multiply(product.data(), a.data(), b.data(), n);
        kernel::copy(copy.data(), a.data(), n);
        kernel::multiply_add(more.data(), a.data(), b.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            CHECK(sum[i] == a[i] + b[i]);
            CHECK(product[i] == a[i] * b[i]);
            CHECK(copy[i] == a[i]);
            const double expected =
                static_cast<double>(c[i]) + static_cast<double>(a[i]) * static_cast<double>(b[i]);
            CHECK(std::fabs(static_cast<double>(more[i]) - expected) <= 4 * eps * 10);
        }
        CHECK(sum[n] + product[n] + copy[n] == 21); // and nothing after the end
        auto in_place = a;
        kernel::add(in_place.data(), in_place.data(), b.data(), n);
        CHECK(std::equal(in_place.begin(), in_place.end(), sum.begin()));
    }
}

TEST_CASE("transposition, whole tiles and parts, in both scalar types")
{
    const auto check = []<std::size_t R, std::size_t C, class T>(simd::constant<R>, simd::constant<C>, T) {
        CAPTURE(R);
        CAPTURE(C);
        constexpr std::size_t stride = (R + W - 1) / W * W;
        std::vector<T> x(R * C), y(stride * C);
        for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i);
        for (const std::size_t rows : {R, (R + 1) / 2, std::size_t{1}}) {
            kernel::transpose_rows<C>(y.data(), x.data(), rows, stride);
            bool right = true;
            for (std::size_t r = 0; r < (rows + simd::width<T> - 1) / simd::width<T> * simd::width<T>; ++r)
                for (std::size_t c = 0; c < C; ++c)
                    right = right && y[c * stride + r] == (r < rows ? x[r * C + c] : T{0});
            CHECK(right);
        }
    };
    const auto both = [&](auto rows, auto columns) {
        check(rows, columns, float{});
        check(rows, columns, double{});
    };
    both(simd::constant<W>{}, simd::constant<W>{});
    both(simd::constant<W + 1>{}, simd::constant<3>{});
    both(simd::constant<1>{}, simd::constant<2 * W + 1>{});
    both(simd::constant<3>{}, simd::constant<W>{});
    both(simd::constant<30>{}, simd::constant<200>{});
    both(simd::constant<200>{}, simd::constant<27>{});
}

TEST_CASE("sums of rows and updates")
{
    constexpr std::size_t rows = 7, C = 2 * W + 1;
    Generator g{7};
    const auto x = normals<float>(g, rows * C);
    std::vector<float> sum(C, 1e30F);
    kernel::sum_rows<C>(sum.data(), x.data(), rows);
    for (std::size_t c = 0; c < C; ++c) {
        double expected = 0;
        for (std::size_t r = 0; r < rows; ++r) expected += static_cast<double>(x[r * C + c]);
        CHECK(std::fabs(static_cast<double>(sum[c]) - expected) <= 10 * eps);
    }
    auto more = normals<float>(g, C);
    const auto before = more;
    kernel::sum_rows<C, write_mode::add>(more.data(), x.data(), rows);
    for (std::size_t c = 0; c < C; ++c) CHECK(more[c] == before[c] + sum[c]);
    for (const std::size_t n : edges) {
        const auto w = normals<float>(g, n), d = normals<float>(g, n), v = normals<float>(g, n);
        auto plain = w, moved = w, velocity = v;
        using V = simd::vec<float>;
        kernel::update<float, 0>(plain.data(), d.data(), {}, n, [](V& a, V da, V*) { a = a - da; });
        kernel::update<float, 1>(moved.data(), d.data(), {velocity.data()}, n, [](V& a, V da, V* s) {
            *s = *s + da;
            a = a - *s;
        });
        for (std::size_t i = 0; i < n; ++i) {
            CHECK(plain[i] == w[i] - d[i]);
            CHECK(velocity[i] == v[i] + d[i]);
            CHECK(moved[i] == w[i] - velocity[i]);
        }
    }
}
