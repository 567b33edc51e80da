// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/recurrent.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;
using reference::numbers;

namespace {

constexpr std::size_t rows = 3;
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// A cell's step as plain loops, of one unit: its sums and its states before to its states after.
using unit_step = std::function<std::array<double, 2>(const numbers& sums, double h, double c)>;

std::array<double, 2> lstm(const numbers& a, double, double c)
{
    const double now = sigmoid(a[1]) * c + sigmoid(a[0]) * std::tanh(a[2]);
    return {sigmoid(a[3]) * std::tanh(now), now};
}
std::array<double, 2> gru(const numbers& a, double h, double)
{
    const double r = sigmoid(a[1]), z = sigmoid(a[2]), n = std::tanh(a[0] + r * a[3]);
    return {(1 - z) * n + z * h, 0};
}
/// The sum of n is given: what comes into it through r h is the layer's.
std::array<double, 2> updated(const numbers& a, double h, double)
{
    const double z = sigmoid(a[0]);
    return {(1 - z) * h + z * std::tanh(a[2]), 0};
}

/// What a step is given and gives, for `rows` rows of H units.
template <std::size_t H, std::size_t Gates>
struct Case {
    std::vector<float> sums, h, c, gates, h_after, c_after, dh, dc, dgates;
    explicit Case(Generator& g)
        : sums(normals<float>(g, rows * Gates * H, 2)), h(normals<float>(g, rows * H)),
          c(normals<float>(g, rows * H)), gates(sums), h_after(rows * H, 1e30F), c_after(h_after),
          dh(normals<float>(g, rows * H)), dc(normals<float>(g, rows * H)),
          dgates(rows * Gates * H, not_a_number)
    {}
    /// f(the sums of a unit, its states before, where its numbers are)
    template <class F>
    void for_each_unit(F f) const
    {
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t i = 0; i < H; ++i) {
                numbers a(Gates);
                for (std::size_t k = 0; k < Gates; ++k)
                    a[k] = static_cast<double>(sums[(r * Gates + k) * H + i]);
                f(a, static_cast<double>(h[r * H + i]), static_cast<double>(c[r * H + i]), r, i);
            }
    }
};

/// The states after, and by central differences the gradients of the sums in `Of`, and of both states before.
template <std::size_t H, std::size_t Gates>
void compare(const Case<H, Gates>& x, const unit_step& step, bool has_cell,
             const std::vector<float>& dh_before, const std::vector<float>& dc_before,
             const std::vector<std::size_t>& of)
{
    CAPTURE(H);
    x.for_each_unit([&](numbers a, double h, double c, std::size_t r, std::size_t i) {
        const std::size_t u = r * H + i;
        const auto after = step(a, h, c);
        CHECK(std::fabs(static_cast<double>(x.h_after[u]) - after[0]) <=
              16 * eps * (1 + std::fabs(after[0])));
        if (has_cell)
            CHECK(std::fabs(static_cast<double>(x.c_after[u]) - after[1]) <=
                  16 * eps * (1 + std::fabs(after[1])));
        const auto loss = [&] {
            const auto y = step(a, h, c);
            return y[0] * static_cast<double>(x.dh[u]) + (has_cell ? y[1] * static_cast<double>(x.dc[u]) : 0);
        };
        const auto slope = [&](double& at) {
            const double before = at;
            at = before + 1e-5;
            const double up = loss();
            at = before - 1e-5;
            const double down = loss();
            at = before;
            return (up - down) / 2e-5;
        };
        for (const std::size_t k : of)
            CHECK(std::fabs(static_cast<double>(x.dgates[(r * Gates + k) * H + i]) - slope(a[k])) <= 1e-5);
        if (!dh_before.empty()) CHECK(std::fabs(static_cast<double>(dh_before[u]) - slope(h)) <= 1e-5);
        if (has_cell) CHECK(std::fabs(static_cast<double>(dc_before[u]) - slope(c)) <= 1e-5);
    });
}

template <std::size_t H>
void is_lstm(Generator& g)
{
    Case<H, 4> x(g);
    kernel::lstm_step<H>(x.h_after.data(), x.c_after.data(), x.gates.data(), x.c.data(), rows);
    auto dc = x.dc;
    kernel::lstm_step_backward<H>(x.dgates.data(), dc.data(), x.dh.data(), x.gates.data(), x.c_after.data(),
                                  x.c.data(), rows);
    compare(x, lstm, true, {}, dc, {0, 1, 2, 3});
    auto in_place = x.c;
    auto gates = x.sums;
    kernel::lstm_step<H>(x.h.data(), in_place.data(), gates.data(), in_place.data(), rows);
    CHECK(in_place == x.c_after);
}
template <std::size_t H>
void is_gru(Generator& g)
{
    Case<H, 4> x(g);
    kernel::gru_step<H>(x.h_after.data(), x.gates.data(), x.h.data(), rows);
    auto dh = x.dh;
    kernel::gru_step_backward<H>(x.dgates.data(), dh.data(), x.gates.data(), x.h.data(), rows);
    compare(x, gru, false, dh, {}, {0, 1, 2, 3});
    auto gates = x.sums;
    kernel::gru_step<H>(x.h.data(), gates.data(), x.h.data(), rows);
    CHECK(x.h == x.h_after);
}
template <std::size_t H>
void is_reset_before(Generator& g)
{
    Case<H, 3> x(g);
    std::vector<float> reset(rows * H, 1e30F), again(rows * H, 1e30F);
    kernel::reset_step<H>(reset.data(), x.gates.data(), x.h.data(), rows);
    kernel::update_step<H>(x.h_after.data(), x.gates.data(), x.h.data(), rows);
    kernel::reset_states<H>(again.data(), x.gates.data(), x.h.data(), rows);
    auto dh = x.dh;
    kernel::update_step_backward<H>(x.dgates.data(), dh.data(), x.gates.data(), x.h.data(), rows);
    compare(x, updated, false, dh, {}, {0, 2});
    const auto dreset = normals<float>(g, rows * H), before = dh;
    kernel::reset_step_backward<H>(x.dgates.data(), dh.data(), dreset.data(), x.gates.data(), x.h.data(),
                                   rows);
    x.for_each_unit([&](const numbers& a, double h, double, std::size_t r, std::size_t i) {
        const std::size_t u = r * H + i;
        const double share = sigmoid(a[1]), d = static_cast<double>(dreset[u]);
        CHECK(std::fabs(static_cast<double>(reset[u]) - share * h) <= 16 * eps * (1 + std::fabs(h)));
        CHECK(std::fabs(static_cast<double>(again[u]) - share * h) <= 16 * eps * (1 + std::fabs(h)));
        CHECK(std::fabs(static_cast<double>(x.dgates[(r * 3 + 1) * H + i]) - d * h * share * (1 - share)) <=
              1e-5);
        CHECK(std::fabs(static_cast<double>(dh[u]) - (static_cast<double>(before[u]) + d * share)) <= 1e-5);
    });
}

} // namespace

TEST_CASE("steps of recurrent units of every number are those of plain loops, and so are their gradients")
{
    for_each_seed([](Generator& g) {
        for_each_edge([&](auto h) {
            is_lstm<h()>(g);
            is_gru<h()>(g);
            is_reset_before<h()>(g);
        });
    });
}

TEST_CASE("what is not a number stays in its unit")
{
    constexpr std::size_t H = W + 1;
    Generator g{1};
    Case<H, 4> x(g);
    x.gates[H - 1] = not_a_number;
    kernel::lstm_step<H>(x.h_after.data(), x.c_after.data(), x.gates.data(), x.c.data(), rows);
    for (std::size_t u = 0; u < rows * H; ++u) CHECK(std::isnan(x.h_after[u]) == (u == H - 1));
}

TEST_CASE("sums that are far from 0 saturate and do not overflow")
{
    constexpr std::size_t H = W;
    std::vector<float> gates(4 * H, 1e30F), h(H, 1e30F), c(H, 0.5F);
    kernel::lstm_step<H>(h.data(), c.data(), gates.data(), c.data(), 1);
    for (std::size_t i = 0; i < H; ++i) {
        CHECK(c[i] == 1.5F);
        CHECK(h[i] == doctest::Approx(std::tanh(1.5)));
    }
}
