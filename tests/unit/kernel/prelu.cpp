// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/prelu.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

namespace {

constexpr std::size_t rows = 5;

/// Slopes of N features, for rows of C numbers: N is C, or 1.
template <std::size_t C, std::size_t N>
void is_prelu(Generator& g)
{
    CAPTURE(C);
    CAPTURE(N);
    auto x = normals<float>(g, rows * C);
    x[0] = 0;
    const auto weight = normals<float>(g, N), dy = normals<float>(g, rows * C);
    std::vector<float> y(x.size(), 1e30F), dx(x.size(), 1e30F), dweight(N, 1e30F), more(N, 2);
    kernel::prelu<N>(y.data(), x.data(), weight.data(), x.size());
    kernel::prelu_backward<N>(dx.data(), dy.data(), x.data(), weight.data(), x.size());
    kernel::prelu_backward_weight<N, write_mode::set>(dweight.data(), dy.data(), x.data(), x.size());
    kernel::prelu_backward_weight<N, write_mode::add>(more.data(), dy.data(), x.data(), x.size());
    std::vector<double> sum(N), magnitude(N);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const float slope = weight[i % N];
        CHECK(y[i] == (x[i] > 0 ? x[i] : x[i] * slope));
        CHECK(dx[i] == (x[i] > 0 ? dy[i] : dy[i] * slope));
        const double term = x[i] > 0 ? 0 : static_cast<double>(x[i]) * static_cast<double>(dy[i]);
        sum[i % N] += term;
        magnitude[i % N] += std::fabs(term);
    }
    for (std::size_t n = 0; n < N; ++n) {
        const double bound = rows * static_cast<double>(C) * eps * (magnitude[n] + 2);
        CHECK(std::fabs(static_cast<double>(dweight[n]) - sum[n]) <= bound);
        CHECK(std::fabs(static_cast<double>(more[n]) - sum[n] - 2) <= bound);
    }
    auto in_place = x;
    kernel::prelu<N>(in_place.data(), in_place.data(), weight.data(), x.size());
    CHECK(in_place == y);
    x[C - 1] = not_a_number;
    kernel::prelu<N>(y.data(), x.data(), weight.data(), x.size());
    for (std::size_t i = 0; i < y.size(); ++i) CHECK(std::isnan(y[i]) == (i == C - 1));
}

} // namespace

TEST_CASE("a slope for all numbers, and one for each feature, of every number of features")
{
    for_each_seed([](Generator& g) {
        for_each_edge([&](auto c) {
            is_prelu<c(), 1>(g);
            is_prelu<c(), c()>(g);
        });
    });
}
