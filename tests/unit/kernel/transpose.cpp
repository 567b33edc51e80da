// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/transpose.hpp>

#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

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
