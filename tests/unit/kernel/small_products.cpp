// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/small_products.hpp>
#include <ctnn/kernel/small_tables.hpp>
#include <ctnn/kernel/small_window.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;

namespace {

/// Bytes that start on a cache line, exactly as many as asked for.
class line_of_bytes {
public:
    explicit line_of_bytes(std::size_t n)
        : data_(static_cast<std::byte*>(::operator new(n, std::align_val_t{64})))
    {}
    line_of_bytes(const line_of_bytes&) = delete;
    line_of_bytes& operator=(const line_of_bytes&) = delete;
    ~line_of_bytes() { ::operator delete(data_, std::align_val_t{64}); }
    [[nodiscard]] std::byte* data() const { return data_; }

private:
    std::byte* data_;
};

/// y of whole numbers, by long arithmetic.
std::vector<float> int8_reference(const std::vector<float>& x, const std::vector<float>& w,
                                  const std::vector<float>& b, std::size_t in, std::size_t out, value_range r)
{
    const float step = r.high / 255 - r.low / 255, per_step = 1 / step;
    const auto zero = static_cast<std::int64_t>(std::round(-r.low * per_step));
    std::vector<float> y;
    for (std::size_t row = 0; row < x.size() / in; ++row)
        for (std::size_t o = 0; o < out; ++o) {
            float largest = 0;
            for (std::size_t k = 0; k < in; ++k) largest = std::max(largest, std::fabs(w[k * out + o]));
            const double unit = static_cast<double>(largest) / 127;
            std::int64_t sum = std::llround(static_cast<double>(b[o]) / (unit * static_cast<double>(step)));
            for (std::size_t k = 0; k < in; ++k) {
                const double steps = static_cast<double>(x[row * in + k] * per_step);
                const auto u = static_cast<std::int64_t>(std::clamp(
                    std::nearbyint(std::clamp(steps, -1e6, 1e6) + static_cast<double>(zero)), 0.0, 255.0));
                sum += (u - zero) * std::llround(static_cast<double>(w[k * out + o]) / unit);
            }
            y.push_back(static_cast<float>(sum) * static_cast<float>(unit * static_cast<double>(step)));
        }
    return y;
}

template <class N, std::size_t In, std::size_t Out>
std::vector<float> product(const std::vector<float>& x, const std::vector<float>& w,
                           const std::vector<float>& b, value_range r)
{
    using matrix = kernel::small_matrix<N, In, Out>;
    const line_of_bytes packed(matrix::bytes);
    matrix::pack(
        packed.data(), [&](std::size_t k, std::size_t o) { return w[k * Out + o]; }, b.data(), r);
    const std::size_t rows = x.size() / In;
    std::vector<float> y(rows * Out, std::numeric_limits<float>::quiet_NaN());
    kernel::small_affine<N, In, Out>(y.data(), x.data(), packed.data(), rows, no_activation{});

    std::vector<float> one_by_one(y.size());
    for (std::size_t i = 0; i < rows; ++i)
        kernel::small_affine<N, In, Out>(one_by_one.data() + i * Out, x.data() + i * In, packed.data(), 1,
                                         no_activation{});
    CHECK(std::memcmp(one_by_one.data(), y.data(), y.size() * sizeof(float)) == 0); // whatever is beside it
    return y;
}

template <std::size_t In, std::size_t Out>
void check_products(Generator& g)
{
    CAPTURE(In);
    CAPTURE(Out);
    for (const std::size_t rows : {1U, 2U, 5U, 13U, 50U}) {
        auto x = normals<float>(g, rows * In);
        const auto w = normals<float>(g, In * Out), b = normals<float>(g, Out, 3.0);
        // some lie outside of the range that was seen
        const value_range range{-1.5F, 2.5F};
        CHECK(product<std::int8_t, In, Out>(x, w, b, range) == int8_reference(x, w, b, In, Out, range));
        const value_range positive{0, 2};
        CHECK(product<std::int8_t, In, Out>(x, w, b, positive) == int8_reference(x, w, b, In, Out, positive));

        const auto y = product<bfloat16, In, Out>(x, w, b, {});
        double worst = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
            double sum = static_cast<double>(b[i % Out]), magnitude = std::fabs(sum);
            for (std::size_t k = 0; k < In; ++k) {
                const auto rounded = [](float v) { return static_cast<double>(float(bfloat16(v))); };
                const double term = rounded(x[i / Out * In + k]) * rounded(w[k * Out + i % Out]);
                sum += term;
                magnitude += std::fabs(term);
            }
            const double bound = 2 * static_cast<double>(In + 2) * eps * magnitude;
            worst = std::max(worst, std::fabs(static_cast<double>(y[i]) - sum) / bound);
        }
        CHECK(worst <= 1);
    }
}

} // namespace

TEST_CASE("a bfloat16 is the nearest one, alone and in a register")
{
    CHECK(float(bfloat16(1.F)) == 1.F);
    CHECK(float(bfloat16(1.00390625F)) == 1.F); // a tie goes to even
    CHECK(float(bfloat16(1.01171875F)) == 1.015625F);
    CHECK(float(bfloat16(-3.4e38F)) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(float(bfloat16(std::numeric_limits<float>::quiet_NaN()))));
    CHECK(std::isnan(float(bfloat16(std::bit_cast<float>(0x7fffffffU)))));
    CHECK(std::isnan(float(bfloat16(std::bit_cast<float>(0xff800001U)))));

    Generator g{5};
    auto x = normals<float>(g, 4096);
    x[0] = std::numeric_limits<float>::infinity();
    x[1] = -x[0];
    x[2] = 0.F;
    x[3] = -0.F;
    x[4] = 1.00390625F;
    x[5] = -3.4e38F;
    std::vector<std::uint16_t> bits(x.size() + 64);
    kernel::small<bfloat16>::input{}.convert(bits.data(), x.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) CHECK(bits[i] == bfloat16(x[i]).bits);
    for (const std::uint32_t nan : {0x7fc00000U, 0x7fffffffU, 0xffffffffU, 0x7f800001U}) {
        const float v = std::bit_cast<float>(nan);
        kernel::small<bfloat16>::input{}.convert(bits.data(), &v, 1);
        CHECK((bits[0] & 0x7fffU) > 0x7f80U);
    }
}

TEST_CASE("products of bytes are those of long arithmetic, of bfloat16 those of the rounded numbers")
{
    Generator g{6};
    check_products<4, 4>(g);
    check_products<5, 7>(g);
    check_products<33, 10>(g);
    check_products<64, 16>(g);
    check_products<100, 27>(g);
    check_products<130, 100>(g);
    check_products<255, 33>(g);
    check_products<513, 40>(g); // more than is converted at once
    check_products<1030, 70>(g);
}

TEST_CASE("products of bytes have the same bits on every CPU")
{
    Generator g{7};
    const auto x = normals<float>(g, 9 * 77), w = normals<float>(g, 77 * 35), b = normals<float>(g, 35);
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const float v : product<std::int8_t, 77, 35>(x, w, b, {-2, 2}))
        hash = (hash ^ std::bit_cast<std::uint32_t>(v)) * 0x100000001b3U;
    CHECK(hash == 15308762877701504025U);
}

TEST_CASE("numbers outside of the range become its ends, and a NaN is no accident")
{
    const std::vector<float> w{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}, b(4), x{inf, -inf, 100, -100},
        nan(4, std::numeric_limits<float>::quiet_NaN());
    const auto y = product<std::int8_t, 4, 4>(x, w, b, {-1, 3});
    CHECK(y[0] == doctest::Approx(3).epsilon(0.01));
    CHECK(y[1] == doctest::Approx(-1).epsilon(0.01));
    CHECK(y[2] == y[0]);
    CHECK(y[3] == y[1]);
    CHECK(product<std::int8_t, 4, 4>(nan, w, b, {-1, 3}) ==
          product<std::int8_t, 4, 4>(std::vector<float>(4, -inf), w, b, {-1, 3})); // the lower end
    for (const float v : product<bfloat16, 4, 4>(nan, w, b, {})) CHECK(std::isnan(v));

    // columns of zeros, a bias far larger than the weights, a range of nothing
    const std::vector<float> zeros(16), large(4, 1e20F);
    CHECK(product<std::int8_t, 4, 4>(x, zeros, b, {-1, 3}) == std::vector<float>(4));
    for (const float v : product<std::int8_t, 4, 4>(x, w, large, {0, 0}))
        CHECK(v == doctest::Approx(1e20).epsilon(1e-6));
}

namespace {

using ctnn::detail::sliding;

/// A window over pictures is the product of all that it sees.
template <sliding S, std::size_t In, std::size_t Out, class N>
void check_window(Generator& g)
{
    constexpr std::size_t seen = S.size.size() * In, pictures = 3;
    using matrix = kernel::small_matrix<N, seen, Out>;
    const auto x = normals<float>(g, pictures * S.plane.size() * In), w = normals<float>(g, seen * Out),
               b = normals<float>(g, Out);
    std::vector<float> rows;
    for (std::size_t p = 0; p < pictures; ++p)
        for (std::size_t h = 0; h < S.places().h; ++h)
            for (std::size_t v = 0; v < S.places().w; ++v)
                for (std::size_t i = 0; i < S.size.h; ++i)
                    for (std::size_t j = 0; j < S.size.w; ++j)
                        for (std::size_t c = 0; c < In; ++c) {
                            const std::size_t y = h * S.step.h + i * S.spread.h - S.before.h,
                                              z = v * S.step.w + j * S.spread.w - S.before.w;
                            const bool is_inside = y < S.plane.h && z < S.plane.w; // below 0 is very large
                            rows.push_back(is_inside ? x[((p * S.plane.h + y) * S.plane.w + z) * In + c]
                                                     : 0.F);
                        }
    const value_range range{-1.5F, 2.5F};
    const line_of_bytes packed(matrix::bytes);
    matrix::pack(
        packed.data(), [&](std::size_t k, std::size_t o) { return w[k * Out + o]; }, b.data(), range);
    std::vector<float> y(pictures * S.places().size() * Out);
    matrix::multiply(y.data(), packed.data(), pictures * S.places().size(),
                     kernel::small_window<S, In>{x.data()}, no_activation{});
    CHECK(y == product<N, seen, Out>(rows, w, b, range));
}
template <sliding S, std::size_t In, std::size_t Out>
void check_window(Generator& g)
{
    check_window<S, In, Out, std::int8_t>(g);
    check_window<S, In, Out, bfloat16>(g);
}

} // namespace

TEST_CASE("windows over pictures and signals: borders, steps, gaps, many channels")
{
    Generator g{8};
    check_window<sliding{.plane = {7, 6}, .size = {3, 3}}, 3, 5>(g);
    check_window<sliding{.plane = {7, 6}, .size = {3, 3}, .before = {1, 1}, .after = {1, 1}}, 1, 4>(g);
    check_window<sliding{.plane = {7, 9}, .size = {3, 2}, .step = {2, 3}, .before = {2, 1}, .after = {0, 2}},
                 5, 8>(g);
    check_window<
        sliding{.plane = {8, 8}, .size = {3, 3}, .spread = {2, 2}, .before = {2, 2}, .after = {2, 2}}, 4, 20>(
        g);
    check_window<sliding{.plane = {1, 30}, .size = {1, 3}, .spread = {1, 4}, .before = {0, 8}}, 16, 16>(g);
    check_window<sliding{.plane = {1, 12}, .size = {1, 20}, .before = {0, 19}}, 2, 4>(
        g); // wider than the signal
    check_window<sliding{.plane = {5, 5}, .size = {5, 5}, .before = {2, 2}, .after = {2, 2}}, 48, 12>(g);
}

namespace {

template <std::size_t Rows, std::size_t Out, std::size_t Ids>
void check_tables(Generator& g)
{
    constexpr std::size_t V = Rows / Ids, n = 9;
    const auto table = normals<float>(g, Rows * Out), b = normals<float>(g, Out);
    std::vector<std::int32_t> ids(n * Ids);
    for (auto& id : ids) id = static_cast<std::int32_t>(g.randint(0, V));
    const auto sums = [&]<class N>(N) {
        using tables = kernel::small_tables<N, Rows, Out, Ids>;
        const line_of_bytes packed(tables::bytes);
        tables::pack(packed.data(), table.data(), b.data());
        std::vector<float> y(n * Out, std::numeric_limits<float>::quiet_NaN());
        tables::template sum<V>(y.data(), packed.data(), ids.data(), n, no_activation{});
        return y;
    };
    const auto y2 = sums(bfloat16{});
    const auto y1 = sums(std::int8_t{});
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t o = 0; o < Out; ++o) {
            float largest = 0, two = b[o];
            for (std::size_t r = 0; r < Rows; ++r) largest = std::max(largest, std::fabs(table[r * Out + o]));
            const double unit = static_cast<double>(largest) / 127;
            std::int64_t one = std::llround(static_cast<double>(b[o]) / static_cast<double>(float(unit)));
            for (std::size_t t = 0; t < Ids; ++t) {
                const float w = table[(t * V + static_cast<std::size_t>(ids[i * Ids + t])) * Out + o];
                two += float(bfloat16(w));
                one += std::llround(static_cast<double>(w) / unit);
            }
            CHECK(y2[i * Out + o] == two);
            CHECK(y1[i * Out + o] == static_cast<float>(one) * static_cast<float>(unit));
        }
}

} // namespace

TEST_CASE("sums of table rows of small numbers")
{
    Generator g{9};
    check_tables<81, 200, 3>(g);
    check_tables<27, 4, 1>(g);
    check_tables<54, 33, 2>(g);
    check_tables<512, 65, 256>(g); // as many bytes as a sum can hold
}
