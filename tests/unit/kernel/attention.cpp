// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/attention.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

namespace {

using kernel::looks;

template <looks At, std::size_t T, std::size_t Heads, std::size_t D>
std::vector<float> attention(const std::vector<float>& x, const float* mask = nullptr)
{
    std::vector<float> y(T * Heads * D, 1e30F), scratch(kernel::attention_scratch(T, D), not_a_number);
    kernel::attention<At, T, Heads, D, float>(y.data(), x.data(), mask, scratch.data());
    return y;
}

template <looks At, std::size_t T, std::size_t Heads, std::size_t D>
void is_attention(bool masks = false)
{
    CAPTURE(T);
    CAPTURE(Heads);
    CAPTURE(D);
    constexpr std::size_t C = Heads * D;
    Generator g{T * 100 + D};
    auto x = normals<float>(g, T * 3 * C, 2);
    std::vector<float> mask(T, 1);
    for (std::size_t t = 0; t < T; ++t)
        if (masks) mask[t] = t % 3 == 1 ? 0.F : 2.F; // the first is there, or it would look at nothing
    const auto y = attention<At, T, Heads, D>(x, masks ? mask.data() : nullptr);
    const bool back = At == looks::back;
    const auto exact = reference::attention(reference::widened(x), mask, back, T, Heads, D);
    double largest = 0;
    for (const float e : x) largest = std::max(largest, std::fabs(static_cast<double>(e)));
    // A score of D products has an error of D eps times their size, and e to it that relative one.
    const double tolerance = static_cast<double>(D + T + 16) * eps * largest * largest * largest;
    for (std::size_t i = 0; i < y.size(); ++i)
        CHECK(std::fabs(static_cast<double>(y[i]) - exact[i]) <= tolerance);

    // The gradient by central differences of the plain loops, in double.
    const auto dy = normals<float>(g, T * C);
    std::vector<float> dx(x.size(), 1e30F), scratch(kernel::attention_backward_scratch(T, D), not_a_number);
    kernel::attention_backward<At, T, Heads, D>(
        dx.data(), dy.data(), x.data(), masks ? mask.data() : static_cast<float*>(nullptr), scratch.data());
    const auto loss = [&](const reference::numbers& at) {
        const auto out = reference::attention(at, mask, back, T, Heads, D);
        double sum = 0;
        for (std::size_t i = 0; i < out.size(); ++i) sum += out[i] * static_cast<double>(dy[i]);
        return sum;
    };
    auto at = reference::widened(x);
    const std::size_t step = std::max<std::size_t>(1, x.size() / 40);
    for (std::size_t i = 0; i < x.size(); i += step) {
        const double before = at[i];
        at[i] = before + 1e-5;
        const double up = loss(at);
        at[i] = before - 1e-5;
        const double down = loss(at);
        at[i] = before;
        CHECK(std::fabs((up - down) / 2e-5 - static_cast<double>(dx[i])) <= 2e-4);
    }

    // What is not a number is seen from its position on.
    x[(T - 1) * 3 * C + 2 * C] = not_a_number; // the last value of the first feature
    if (masks) return;
    const auto bad = attention<At, T, Heads, D>(x);
    for (std::size_t t = 0; t < T; ++t)
        for (std::size_t c = 0; c < C; ++c)
            CHECK(std::isnan(bad[t * C + c]) == ((!back || t == T - 1) && c == 0));
}

} // namespace

TEST_CASE("attention of every size is that of plain loops, and so is its gradient")
{
    is_attention<looks::back, 1, 1, 1>();
    is_attention<looks::everywhere, 1, 1, 1>();
    is_attention<looks::back, 2, 1, 3>();
    is_attention<looks::everywhere, 2, 1, 3>();
    is_attention<looks::back, 3, 2, 1>();
    is_attention<looks::everywhere, 3, 2, 1>();
    is_attention<looks::back, 7, 3, 5>();
    is_attention<looks::everywhere, 7, 3, 5>();
    is_attention<looks::back, 16, 4, 16>();
    is_attention<looks::everywhere, 16, 4, 16>();
    is_attention<looks::back, 17, 1, 17>();
    is_attention<looks::everywhere, 17, 1, 17>();
    is_attention<looks::back, 33, 2, 8>();
    is_attention<looks::everywhere, 33, 2, 8>();
    is_attention<looks::back, 7, 3, 5>(true);
    is_attention<looks::everywhere, 17, 2, 3>(true);
    is_attention<looks::everywhere, 1, 1, 2>(true);
}

TEST_CASE("scores far apart: a share of one, and nothing overflows")
{
    constexpr std::size_t T = 5, D = 4;
    std::vector<float> x(T * 3 * D);
    for (std::size_t t = 0; t < T; ++t)
        for (std::size_t j = 0; j < D; ++j) {
            x[t * 3 * D + j] = 1e15F;
            x[t * 3 * D + D + j] = t == 1 ? 1e15F : -1e15F;
            x[t * 3 * D + 2 * D + j] = static_cast<float>(t);
        }
    const auto y = attention<looks::back, T, 1, D>(x);
    for (std::size_t t = 1; t < T; ++t) CHECK(y[t * D] == 1); // all look at position 1
    CHECK(y[0] == 0);
}
