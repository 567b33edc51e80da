// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <ctnn/core/memory.hpp>
#include <ctnn/kernel/sync_batch_norm.hpp>
#include <ctnn/kernel/tree_sum.hpp>
#include <ctnn/random/generator.hpp>
#include <doctest/doctest.h>

using namespace ctnn;

namespace {

/// The definition: the first half's sum plus the second half's.
template <class T>
T tree_of(const std::vector<std::vector<T>>& x, std::size_t first, std::size_t count, std::size_t i)
{
    if (count == 1) return x[first][i];
    return tree_of(x, first, count / 2, i) + tree_of(x, first + count / 2, count / 2, i);
}

template <class T>
void check_sums()
{
    Generator generator{3};
    for (std::size_t count = 1; count <= 128; count *= 2)
        for (const std::size_t n : {1U, 7U, 16U, 31U, 256U, 257U, 600U}) {
            CAPTURE(count);
            CAPTURE(n);
            std::vector<std::vector<T>> x(count, std::vector<T>(n));
            std::vector<const T*> from;
            for (auto& one : x) {
                generator.fill_randn(std::span<T>(one));
                from.push_back(one.data());
            }
            const T factor = T{1} / static_cast<T>(count);
            std::vector<T> sum(n + 1, T{7}), expected(n + 1, T{7}), plain(n + 1, T{7});
            for (std::size_t i = 0; i < n; ++i) {
                plain[i] = tree_of(x, 0, count, i);
                expected[i] = plain[i] * factor;
            }
            kernel::tree_sum(sum.data(), from.data(), count, n, factor);
            CHECK(sum == expected);
            // Where it is cut makes no difference, nor that it is written over what it reads.
            std::vector<const T*> second = from;
            const std::size_t cut = n / 3;
            for (const T*& p : second) p += cut;
            std::vector<T> parts(n + 1, T{7});
            kernel::tree_sum(parts.data() + cut, second.data(), count, n - cut, factor);
            kernel::tree_sum(parts.data(), from.data(), count, cut, factor);
            CHECK(parts == expected);

            detail::memory_block past((n + 64) * sizeof(T));
            kernel::tree_sum_to_others(past.at<T>(0), from.data(), count, n);
            simd::finish_streams();
            CHECK(std::vector<T>(past.at<T>(0), past.at<T>(0) + n) ==
                  std::vector<T>(plain.begin(), plain.end() - 1));
            CHECK(past.at<T>(0)[n] == 0);

            kernel::tree_sum(x[0].data(), from.data(), count, n, factor);
            CHECK(x[0] == std::vector<T>(expected.begin(), expected.end() - 1));
        }
}

} // namespace

TEST_CASE("tree_sum: a balanced tree, of float and double, whatever is cut or overwritten")
{
    check_sums<float>();
    check_sums<double>();
}

TEST_CASE("batch norm in parts: moments merged are those of all, far from 0 too")
{
    constexpr std::size_t C = 19, rows = 8, parts = 8;
    Generator generator{4};
    std::vector<float> x(parts * rows * C);
    generator.fill_randn(std::span<float>(x));
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = x[i] * static_cast<float>(1 + i % C) + 1000.0F * static_cast<float>(i % C) +
               static_cast<float>(i / (rows * C));
    std::vector<std::vector<float>> moments(parts, std::vector<float>(3 * C));
    for (std::size_t p = 0; p < parts; ++p)
        kernel::batch_norm_moments<C>(moments[p].data(), x.data() + p * rows * C, rows);
    for (std::size_t step = 1; step < parts; step *= 2)
        for (std::size_t p = 0; p < parts; p += 2 * step)
            kernel::merge_moments<C>(moments[p].data(), moments[p + step].data(), rows * step);
    for (std::size_t c = 0; c < C; ++c) {
        double mean = 0, squares = 0;
        for (std::size_t r = 0; r < parts * rows; ++r) mean += static_cast<double>(x[r * C + c]);
        mean /= parts * rows;
        for (std::size_t r = 0; r < parts * rows; ++r) {
            const double d = static_cast<double>(x[r * C + c]) - mean;
            squares += d * d;
        }
        const double found = static_cast<double>(moments[0][c]) + static_cast<double>(moments[0][C + c]);
        CHECK(std::fabs(found - mean) < 1e-6 * std::sqrt(squares));
        CHECK(static_cast<double>(moments[0][2 * C + c]) == doctest::Approx(squares).epsilon(1e-5));
    }
}
