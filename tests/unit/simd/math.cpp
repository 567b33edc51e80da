// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/core/index.hpp>
#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/math.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "../../support/random.hpp"

using namespace ctnn;

namespace {

/// |ours - true| in units of the last place of the true value as a float.
double ulps(float ours, double truth)
{
    const auto rounded = static_cast<float>(truth);
    if (std::isnan(truth)) return std::isnan(ours) ? 0 : 1e9;
    if (std::isinf(rounded) || std::isinf(ours)) return ours == rounded ? 0 : 1e9;
    const double unit = std::ldexp(
        1.0, std::max(std::ilogb(std::max(std::fabs(static_cast<double>(rounded)), 1e-45)) - 23, -149));
    return std::fabs(static_cast<double>(ours) - truth) / unit;
}

/// Calls f(x, y) for every 509th float (a prime, so that all exponents and low bits occur), y computed in
/// full registers.
template <class Function, class F>
void for_floats(Function function, F f)
{
    constexpr std::size_t W = simd::width<float>;
    float x[W], y[W];
    for (std::uint64_t bits = 0; bits < 0x100000000ULL;) {
        for (float& e : x) {
            e = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
            bits += 509;
        }
        function(simd::vec<float>::load(x)).store(y);
        for (std::size_t i = 0; i < W; ++i) f(x[i], y[i]);
    }
}

template <class Function>
float one(Function function, float x)
{
    float lanes[simd::width<float>];
    function(simd::vec<float>(x)).store(lanes);
    return lanes[0];
}

} // namespace

TEST_CASE("tanh within 2 ulp on every 509th float")
{
    double worst = 0;
    for_floats(
        [](auto x) { return simd::tanh(x); },
        [&](float x, float y) { worst = std::max(worst, ulps(y, std::tanh(static_cast<double>(x)))); });
    CHECK(worst <= 2);
}

TEST_CASE("exp within 2 ulp from -87.68 to 88.37, and to its limits outside")
{
    double worst = 0;
    bool outside = true;
    for_floats([](auto x) { return simd::exp(x); },
               [&](float x, float y) {
                   if (x >= -87.68F && x <= 88.37F)
                       worst = std::max(worst, ulps(y, std::exp(static_cast<double>(x))));
                   if (x > 89) outside = outside && std::isinf(y);
                   if (x < -88) outside = outside && y == 0;
               });
    CHECK(worst <= 2);
    CHECK(outside);
}

TEST_CASE("log(1 + u) within 2 ulp on every 509th float from 0 to 1, and in double")
{
    double worst = 0;
    for_floats([](auto x) { return simd::log1p_of_part(x); },
               [&](float x, float y) {
                   if (x >= 0 && x <= 1) worst = std::max(worst, ulps(y, std::log1p(static_cast<double>(x))));
               });
    CHECK(worst <= 2);
    support::for_each_seed([](Generator& g) {
        for (int i = 0; i < 1000; ++i) {
            const double u = std::pow(g.rand<double>(1, 1)(0, 0), 1 + i % 30);
            double lanes[simd::width<double>];
            simd::log1p_of_part(simd::vec<double>(u)).store(lanes);
            CHECK(std::fabs(lanes[0] - std::log1p(u)) <= 4.5e-16 * std::log1p(u));
        }
    });
}

TEST_CASE("a rough tanh is within 8e-4, near 0 within 4e-3 of itself")
{
    double worst = 0, relative = 0;
    for (float x = -12; x < 12; x += 1e-3F) {
        float lanes[simd::width<float>];
        simd::rough_tanh(simd::vec<float>(x)).store(lanes);
        const double exact = std::tanh(static_cast<double>(x)),
                     off = std::fabs(static_cast<double>(lanes[0]) - exact);
        worst = std::max(worst, off);
        if (exact != 0) relative = std::max(relative, off / std::fabs(exact));
    }
    CHECK(worst <= 8e-4);
    CHECK(relative <= 4e-3);
    const auto of = [](float x) {
        float lanes[simd::width<float>];
        simd::rough_tanh(simd::vec<float>(x)).store(lanes);
        return lanes[simd::width<float> - 1];
    };
    CHECK(of(0.F) == 0);
    CHECK(std::signbit(of(-0.F)));
    CHECK(std::fabs(of(std::numeric_limits<float>::infinity()) - 1) < 1e-3F);
    CHECK(std::fabs(of(-std::numeric_limits<float>::infinity()) + 1) < 1e-3F);
    CHECK(std::isnan(of(std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("exp and tanh in double against the standard library")
{
    // A geometric walk through all sizes of both signs; the standard library's own error is below 1 ulp.
    double worst_exp = 0, worst_tanh = 0;
    const auto one_double = [](auto function, double x) {
        double lanes[simd::width<double>];
        function(simd::vec<double>(x)).store(lanes);
        return lanes[0];
    };
    const auto units = [](double ours, double truth) {
        return std::fabs(ours - truth) / std::max(std::ldexp(1.0, std::ilogb(truth) - 52), 5e-324);
    };
    for (double size = 1e-300; size < 708; size *= 1.0007)
        for (const double x : {size, -size}) {
            worst_exp =
                std::max(worst_exp, units(one_double([](auto v) { return simd::exp(v); }, x), std::exp(x)));
            worst_tanh = std::max(worst_tanh,
                                  units(one_double([](auto v) { return simd::tanh(v); }, x), std::tanh(x)));
        }
    CHECK(worst_exp <= 3);
    CHECK(worst_tanh <= 5);
    constexpr double inf = std::numeric_limits<double>::infinity(),
                     not_a_number = std::numeric_limits<double>::quiet_NaN();
    const auto tanh = [](auto x) { return simd::tanh(x); };
    const auto exp = [](auto x) { return simd::exp(x); };
    CHECK(one_double(tanh, inf) == 1);
    CHECK(one_double(tanh, -inf) == -1);
    CHECK(std::signbit(one_double(tanh, -0.0)));
    CHECK(std::isnan(one_double(tanh, not_a_number)));
    CHECK(one_double(exp, inf) == inf);
    CHECK(one_double(exp, -inf) == 0);
    CHECK(std::isnan(one_double(exp, not_a_number)));
}

TEST_CASE("the values where functions are exact")
{
    constexpr float inf = std::numeric_limits<float>::infinity(),
                    nan = std::numeric_limits<float>::quiet_NaN();
    const auto tanh = [](auto x) { return simd::tanh(x); };
    const auto exp = [](auto x) { return simd::exp(x); };
    CHECK(std::bit_cast<std::uint32_t>(one(tanh, 0.0F)) == 0);
    CHECK(std::bit_cast<std::uint32_t>(one(tanh, -0.0F)) == 0x80000000U);
    CHECK(one(tanh, inf) == 1);
    CHECK(one(tanh, -inf) == -1);
    CHECK(std::isnan(one(tanh, nan)));
    CHECK(one(exp, 0.0F) == 1);
    CHECK(one(exp, -0.0F) == 1);
    CHECK(one(exp, inf) == inf);
    CHECK(one(exp, -inf) == 0);
    CHECK(std::isnan(one(exp, nan)));
}

TEST_CASE("a part of a register reads and writes its elements and no others, in both scalar types")
{
    const auto check = []<class T>(T) {
        constexpr std::size_t W = simd::width<T>;
        const auto of = [](auto n) CTNN_INLINE_LAMBDA {
            // A heap array of exactly n elements: the address sanitizer sees a read past it.
            std::vector<T> x(n, T{3}), y(n + 1, T{-1});
            const simd::vec<T> v = simd::load_first(x.data(), n);
            T lanes[W];
            v.store(lanes);
            for (std::size_t i = 0; i < W; ++i) CHECK(lanes[i] == (i < n ? T{3} : T{0}));
            simd::store_first(y.data(), n, simd::vec<T>(T{7}));
            for (std::size_t i = 0; i < n; ++i) CHECK(y[i] == T{7});
            CHECK(y[n] == T{-1});
        };
        for (std::size_t n = 1; n <= W; ++n) of(n);
        // Half a register takes another way where the compiler knows that it is half.
        ctnn::detail::for_each_index<W>([&](auto i) { of(simd::constant<i() + 1>{}); });
    };
    check(float{});
    check(double{});
}

TEST_CASE("fma rounds once where the instruction set has it")
{
    // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24: a product rounded to float loses the last term.
    const float a = 1 + 0x1p-12F, c = -(1 + 0x1p-11F);
    const float y = one([&](auto x) { return simd::fma(x, x, simd::vec<float>(c)); }, a);
#if defined(__FMA__) || defined(__aarch64__)
    CHECK(y == 0x1p-24F);
#else
    CHECK((y == 0x1p-24F || y == 0));
#endif
}

TEST_CASE("reductions and lanes")
{
    std::vector<float> x(simd::width<float>);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
    const auto v = simd::vec<float>::load(x.data());
    const auto n = static_cast<float>(x.size());
    CHECK(simd::sum(v) == n * (n + 1) / 2);
    CHECK(simd::largest(v) == n);
    CHECK(one([&](auto e) { return simd::copysign(e, simd::vec<float>(-0.0F)); }, 2.0F) == -2);
    CHECK(one([](auto e) { return simd::scale_by_power(e, simd::vec<float>(-126.0F)); }, 1.5F) ==
          1.5F * 0x1p-126F);
    CHECK(one([](auto e) { return simd::sqrt(e); }, 9.0F) == 3);
    CHECK(std::isnan(one([](auto e) { return simd::max(simd::vec<float>(1.0F), e); },
                         std::numeric_limits<float>::quiet_NaN())));
}

TEST_CASE("the normal distribution on every 509th float")
{
    constexpr double eps = static_cast<double>(std::numeric_limits<float>::epsilon());
    double worst_below = 0, worst_density = 0;
    constexpr std::size_t block = simd::width<float>;
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
