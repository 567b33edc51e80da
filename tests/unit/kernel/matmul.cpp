// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/affine.hpp>
#include <ctnn/kernel/update.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

namespace {

constexpr std::size_t longest = 211;

/// The distance of y from the exact product: at most 2 (K + 2) eps times the sum of the terms' absolute
/// values. One rounding of half an eps a term would do; the factor covers the reference's own rounding and
/// instruction sets without FMA, which round twice.
template <class T>
void check_close(const std::vector<T>& y, const reference::product& exact, std::size_t K)
{
    double worst = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const double bound = 2 * static_cast<double>(K + 2) *
                                 static_cast<double>(std::numeric_limits<T>::epsilon()) * exact.magnitude[i] +
                             static_cast<double>(std::numeric_limits<T>::min());
        worst = std::max(worst, std::fabs(static_cast<double>(y[i]) - exact.y[i]) / bound);
    }
    CHECK(worst <= 1);
}

/// N is compiled in; M and K vary while running. Everything stands in exact heap arrays, so that a sanitizer
/// sees any overrun.
template <std::size_t N, class T>
void check_matmul(Generator& g, std::size_t M, std::size_t K, double scale)
{
    CAPTURE(M);
    CAPTURE(K);
    CAPTURE(N);
    // Rows of `a` are `longest` apart because a stride is a type.
    const auto a = normals<T>(g, M * K, scale), b = normals<T>(g, K * N), start = normals<T>(g, N, scale);
    std::vector<T> spread((M - 1) * longest + K);
    for (std::size_t m = 0; m < M; ++m)
        for (std::size_t k = 0; k < K; ++k) spread[m * longest + k] = a[m * K + k];
    std::vector<T> y(M * N, std::numeric_limits<T>::quiet_NaN()); // overwritten, not added to
    kernel::matmul<N>(kernel::rows_of<T, N>{y.data()}, kernel::left<T, longest, 1>{spread.data()},
                      kernel::rows_of<const T, N>{b.data()}, start.data(), M, K);
    check_close(
        y,
        reference::matmul(reference::widened(a), reference::widened(b), reference::widened(start), M, K, N),
        K);

    // The same sum in chains.
    if constexpr (N == W + 1 || N == 29) {
        std::fill(y.begin(), y.end(), std::numeric_limits<T>::quiet_NaN());
        kernel::matmul<N, 4>(kernel::rows_of<T, N>{y.data()}, kernel::left<T, longest, 1>{spread.data()},
                             kernel::rows_of<const T, N>{b.data()}, start.data(), M, K);
        check_close(y,
                    reference::matmul(reference::widened(a), reference::widened(b), reference::widened(start),
                                      M, K, N),
                    K);
    }

    // The transposed left side, without a start.
    std::vector<T> across((K - 1) * longest + M);
    for (std::size_t m = 0; m < M; ++m)
        for (std::size_t k = 0; k < K; ++k) across[k * longest + m] = a[m * K + k];
    std::vector<T> z(M * N, std::numeric_limits<T>::quiet_NaN());
    kernel::matmul<N, 1, T>(kernel::rows_of<T, N>{z.data()}, kernel::left<T, 1, longest>{across.data()},
                            kernel::rows_of<const T, N>{b.data()}, nullptr, M, K);
    check_close(z, reference::matmul(reference::widened(a), reference::widened(b), {}, M, K, N), K);
}

template <std::size_t N>
void check_edges()
{
    Generator g{N};
    for (const std::size_t M : edges)
        for (const std::size_t K : edges) check_matmul<N, float>(g, M, K, 1);
    if constexpr (N <= 2 * W + 1) check_matmul<N, double>(g, 5, 7, 1); // of twice as many registers
    check_matmul<N, float>(g, 5, 7, 1e18);
    check_matmul<N, float>(g, 5, 7, 1e-18);
    check_matmul<N, float>(g, 5, 7, 1e-40); // subnormal
}

} // namespace

TEST_CASE("products of every edge size")
{
    for_each_edge([](auto n) { check_edges<n()>(); });
}

TEST_CASE("products of random prime extents")
{
    constexpr std::size_t primes[] = {5, 7, 11, 13, 19, 29, 31, 37, 41, 61, 97, 101, 127, 151, 199, 211};
    support::for_each_seed([&](Generator& g) {
        const auto any = [&] { return primes[static_cast<std::size_t>(g.randint(0, 16))]; };
        for (int i = 0; i < 17; ++i) {
            check_matmul<29, float>(g, any(), any(), 1);
            check_matmul<101, float>(g, any(), any(), 1);
            check_matmul<199, double>(g, any(), any(), 1);
        }
    });
}

template <std::size_t In, std::size_t Out>
void check_row_bits()
{
    constexpr std::size_t rows = 67, parts = kernel::parts_of_sum<In, Out, float>();
    Generator g{1};
    const auto x = normals<float>(g, rows * In), w = normals<float>(g, In * Out), b = normals<float>(g, Out);
    std::vector<float> all(rows * Out), some(rows * Out);
    kernel::affine<In, Out, parts>(all.data(), x.data(), w.data(), b.data(), rows);
    for (const std::size_t block : {1U, 2U, 3U, 5U, 7U, 8U, 9U, 31U, 32U, 33U, 64U}) {
        for (std::size_t r = 0; r < rows; r += block) {
            const std::size_t n = std::min(block, rows - r);
            kernel::affine<In, Out, parts>(some.data() + r * Out, x.data() + r * In, w.data(), b.data(), n);
        }
        CHECK(some == all);
    }
    kernel::affine<In, Out, parts>(some.data(), x.data(), w.data(), b.data(), simd::constant<rows>{});
    CHECK(some == all);
}

TEST_CASE("a row's bits do not depend on how many rows there are or where it stands")
{
    check_row_bits<30, 200>();
    check_row_bits<200, 27>();
    check_row_bits<131, 3>();
    check_row_bits<31, 2 * W + 1>();
    CHECK(kernel::parts_of_sum<131, 3, float>() > 1);
}

TEST_CASE("the gradients of the affine map are the two other products")
{
    const auto check = []<std::size_t In, std::size_t Out, class T>(simd::constant<In>, simd::constant<Out>,
                                                                    T) {
        CAPTURE(In);
        CAPTURE(Out);
        constexpr std::size_t most_rows = 37;
        Generator g{2};
        const auto w = normals<T>(g, In * Out);
        const auto compare = [&](auto rows) {
            const auto x = normals<T>(g, rows * In), dy = normals<T>(g, rows * Out);
            std::vector<T> dx(rows * In, static_cast<T>(1e30)), dw(In * Out, static_cast<T>(1e30)),
                scratch(kernel::affine_scratch<In, Out>(rows));
            kernel::affine_backward_input<In, Out>(dx.data(), scratch.data(), dy.data(), w.data(), rows);
            kernel::affine_backward_weight<In, Out>(dw.data(), dy.data(), x.data(), rows);
            const auto wide = [](const auto& v) { return reference::widened(v); };
            check_close(
                dx, reference::matmul(wide(dy), reference::transposed(wide(w), In, Out), {}, rows, Out, In),
                Out);
            check_close(
                dw, reference::matmul(reference::transposed(wide(x), rows, In), wide(dy), {}, In, rows, Out),
                rows);

            // Added to what is there they are the same numbers and one addition.
            const auto before_x = normals<T>(g, dx.size()), before_w = normals<T>(g, dw.size());
            auto more_dx = before_x, more_dw = before_w;
            kernel::affine_backward_input<In, Out, write_mode::add>(more_dx.data(), scratch.data(), dy.data(),
                                                                    w.data(), rows);
            kernel::affine_backward_weight<In, Out, write_mode::add>(more_dw.data(), dy.data(), x.data(),
                                                                     rows);
            for (std::size_t i = 0; i < dx.size(); ++i) REQUIRE(more_dx[i] == before_x[i] + dx[i]);
            for (std::size_t i = 0; i < dw.size(); ++i) REQUIRE(more_dw[i] == before_w[i] + dw[i]);

            // On the weight the other way round all three are the same products.
            std::vector<T> turned(In * Out), y(rows * Out), spare(kernel::transposed_scratch<Out>(In)),
                dturned(In * Out);
            for (std::size_t i = 0; i < In; ++i)
                for (std::size_t o = 0; o < Out; ++o) turned[o * In + i] = w[i * Out + o];
            const auto b = normals<T>(g, Out);
            kernel::affine_transposed<In, Out>(y.data(), spare.data(), x.data(), turned.data(), b.data(),
                                               rows);
            check_close(y, reference::matmul(wide(x), wide(w), wide(b), rows, In, Out), In);
            kernel::affine_transposed_backward_input<In, Out>(dx.data(), dy.data(), turned.data(), rows);
            check_close(
                dx, reference::matmul(wide(dy), reference::transposed(wide(w), In, Out), {}, rows, Out, In),
                Out);
            kernel::affine_transposed_backward_weight<In, Out>(dturned.data(), dy.data(), x.data(), rows);
            check_close(
                dturned,
                reference::matmul(reference::transposed(wide(dy), rows, Out), wide(x), {}, Out, rows, In),
                rows);
        };
        for (std::size_t rows = 1; rows <= most_rows; ++rows) compare(rows);
        compare(simd::constant<1>{});
        compare(simd::constant<31>{});
        compare(simd::constant<2 * W>{}); // here dy and dx may be turned in place of w
        if constexpr (In > 1) {
            const auto x = normals<T>(g, 2 * W * In), dy = normals<T>(g, 2 * W * Out);
            std::vector<T> dx(x.size()), other(x.size()), scratch(kernel::affine_scratch<In, Out>(2 * W));
            kernel::affine_backward_input<In, Out>(dx.data(), scratch.data(), dy.data(), w.data(),
                                                   simd::constant<2 * W>{});
            kernel::affine_backward_input<In, Out>(other.data(), scratch.data(), dy.data(), w.data(), 2 * W);
            CHECK(dx == other);

            // A step of SGD while the gradient is in registers is that step.
            const T rate = static_cast<T>(0.1);
            std::vector<T> dw(In * Out), stepped = w, expected = w;
            kernel::affine_descend<In, Out>(dw.data(), dy.data(), x.data(), 2 * W,
                                            static_cast<const T*>(nullptr));
            kernel::affine_descend<In, Out>(stepped.data(), dy.data(), x.data(), 2 * W, &rate);
            kernel::descend(expected.data(), dw.data(), dw.size(), rate);
            CHECK(stepped == expected);
        }
    };
    check(simd::constant<13>{}, simd::constant<29>{}, float{});
    check(simd::constant<30>{}, simd::constant<7>{}, float{});
    check(simd::constant<3 * W>{}, simd::constant<W>{}, float{});
    check(simd::constant<5 * W + 1>{}, simd::constant<3 * W - 1>{}, double{});
    check(simd::constant<1>{}, simd::constant<1>{}, float{});
    check(simd::constant<6 * W + 4>{}, simd::constant<6 * W + 4>{}, float{});
    static_assert(kernel::detail::turns_rows<float>(6 * W + 4, 6 * W + 4, 2 * W) || W == 1);
}

TEST_CASE("the gradient of an input by a transpose that is turned piece by piece")
{
    constexpr std::size_t In = 21, Out = 7001, most = 13; // longer than is turned at once, for every register
    static_assert(W == 1 || kernel::detail::turned_at_once(Out) < Out);
    Generator g{12};
    const auto w = normals<float>(g, In * Out), dy = normals<float>(g, most * Out);
    std::vector<float> scratch(kernel::affine_scratch<In, Out>(most)), all(most * In);
    kernel::affine_backward_input<In, Out>(all.data(), scratch.data(), dy.data(), w.data(), most);
    check_close(all,
                reference::matmul(reference::widened(dy),
                                  reference::transposed(reference::widened(w), In, Out), {}, most, Out, In),
                Out);
    for (std::size_t r = 0; r < most; ++r) {
        std::vector<float> one(In);
        kernel::affine_backward_input<In, Out>(one.data(), scratch.data(), dy.data() + r * Out, w.data(),
                                               std::size_t{1});
        CHECK(std::equal(one.begin(), one.end(), all.data() + r * In));
    }
    std::vector<float> more(most * In, 3.F), y(most * In);
    kernel::affine_backward_input<In, Out, write_mode::add>(more.data(), scratch.data(), dy.data(), w.data(),
                                                            most);
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(static_cast<double>(more[i]) ==
              doctest::Approx(static_cast<double>(all[i]) + 3).epsilon(1e-4).scale(100));
    // the same of a weight that is used the other way round: y = x w^T + b
    const auto b = normals<float>(g, In);
    std::vector<float> turned(kernel::transposed_scratch<In>(Out));
    kernel::affine_transposed<Out, In>(y.data(), turned.data(), dy.data(), w.data(), b.data(), most);
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(static_cast<double>(y[i]) ==
              doctest::Approx(static_cast<double>(all[i]) + static_cast<double>(b[i % In]))
                  .epsilon(1e-4)
                  .scale(100));
}

TEST_CASE("rows that are filled up to whole registers give the same bits")
{
    Generator g{5};
    const auto check = [&]<std::size_t In, std::size_t Out>(simd::constant<In>, simd::constant<Out>) {
        constexpr std::size_t stride = (Out + W - 1) / W * W, parts = kernel::parts_of_sum<In, Out, float>();
        const auto x = normals<float>(g, 40 * In), w = normals<float>(g, In * Out),
                   b = normals<float>(g, Out);
        std::vector<float> padded(In * stride, std::numeric_limits<float>::quiet_NaN());
        for (std::size_t i = 0; i < In; ++i) std::copy_n(w.data() + i * Out, Out, padded.data() + i * stride);
        for (const std::size_t rows : {1U, 2U, 7U, 40U}) {
            std::vector<float> y(rows * Out), z(rows * Out);
            kernel::affine<In, Out, parts>(y.data(), x.data(), w.data(), b.data(), rows);
            kernel::affine_padded<In, Out, stride, parts>(z.data(), x.data(), padded.data(), b.data(), rows);
            CHECK(y == z);
        }
    };
    check(simd::constant<200>{}, simd::constant<27>{});
    check(simd::constant<30>{}, simd::constant<100>{});
    check(simd::constant<7>{}, simd::constant<W + 1>{});
    check(simd::constant<64>{}, simd::constant<3 * W>{});
    check(simd::constant<41>{}, simd::constant<5>{});
}

TEST_CASE("NaN and infinity come through")
{
    constexpr std::size_t In = 5, Out = 37;
    std::vector<float> x(In, 1), w(In * Out, 1), y(Out);
    x[3] = std::numeric_limits<float>::quiet_NaN();
    kernel::affine<In, Out>(y.data(), x.data(), w.data(), static_cast<const float*>(nullptr), 1);
    for (const float e : y) CHECK(std::isnan(e));
    x[3] = std::numeric_limits<float>::infinity();
    kernel::affine<In, Out>(y.data(), x.data(), w.data(), static_cast<const float*>(nullptr), 1);
    for (const float e : y) CHECK(std::isinf(e));
}
