// SPDX-License-Identifier: BSD-3-Clause
/// The slow scalar forms of every kernel, in double, without xtensor: what the fast ones are measured
/// against.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace reference {

using numbers = std::vector<double>;

template <class T>
numbers widened(const std::vector<T>& x)
{
    return numbers(x.begin(), x.end());
}

/// y(M,N) = a(M,K) b(K,N) + start(N), and the sum of the absolute values of all terms of each element.
struct product {
    numbers y, magnitude;
};
inline product matmul(const numbers& a, const numbers& b, const numbers& start, std::size_t M, std::size_t K,
                      std::size_t N)
{
    product p{numbers(M * N), numbers(M * N)};
    for (std::size_t m = 0; m < M; ++m)
        for (std::size_t n = 0; n < N; ++n) {
            double sum = start.empty() ? 0 : start[n], magnitude = std::fabs(sum);
            for (std::size_t k = 0; k < K; ++k) {
                sum += a[m * K + k] * b[k * N + n];
                magnitude += std::fabs(a[m * K + k] * b[k * N + n]);
            }
            p.y[m * N + n] = sum;
            p.magnitude[m * N + n] = magnitude;
        }
    return p;
}

inline numbers transposed(const numbers& x, std::size_t rows, std::size_t columns)
{
    numbers y(x.size());
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t c = 0; c < columns; ++c) y[c * rows + r] = x[r * columns + c];
    return y;
}

/// log softmax of one row.
inline numbers log_softmax(const numbers& x)
{
    const double most = *std::max_element(x.begin(), x.end());
    double sum = 0;
    for (const double e : x) sum += std::exp(e - most);
    numbers y(x);
    for (double& e : y) e = e - most - std::log(sum);
    return y;
}

/// y(T,C) of attention from x(T,3C): q, k, v beside each other, in heads of D features; to positions before
/// and itself if it looks back, and to none whose mask is 0.
inline numbers attention(const numbers& x, const std::vector<float>& mask, bool back, std::size_t T,
                         std::size_t heads, std::size_t D)
{
    const std::size_t C = heads * D;
    numbers y(T * C);
    for (std::size_t h = 0; h < C; h += D)
        for (std::size_t t = 0; t < T; ++t) {
            std::vector<std::size_t> seen;
            for (std::size_t s = 0; s < (back ? t + 1 : T); ++s)
                if (mask[s] != 0) seen.push_back(s);
            numbers z(seen.size());
            for (std::size_t i = 0; i < seen.size(); ++i) {
                for (std::size_t j = h; j < h + D; ++j) z[i] += x[t * 3 * C + j] * x[seen[i] * 3 * C + C + j];
                z[i] /= std::sqrt(static_cast<double>(D));
            }
            const numbers log_p = log_softmax(z);
            for (std::size_t i = 0; i < seen.size(); ++i)
                for (std::size_t j = h; j < h + D; ++j)
                    y[t * C + j] += std::exp(log_p[i]) * x[seen[i] * 3 * C + 2 * C + j];
        }
    return y;
}

/// Batch statistics of one feature.
struct statistics {
    double mean = 0, squares = 0; ///< squares : sum of squared deviations
};
inline statistics batch_statistics(const numbers& x, std::size_t rows, std::size_t C, std::size_t c)
{
    statistics s;
    for (std::size_t r = 0; r < rows; ++r) s.mean += x[r * C + c] / static_cast<double>(rows);
    for (std::size_t r = 0; r < rows; ++r) s.squares += (x[r * C + c] - s.mean) * (x[r * C + c] - s.mean);
    return s;
}

} // namespace reference
