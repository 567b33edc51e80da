// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/kernel/convolution.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include "support/kernels.hpp"

using namespace ctnn;
using namespace support;
using ctnn::detail::sliding;

namespace {

constexpr std::size_t rows = 2;

/// f(y, x, w) for every product of a convolution: where in the three it stands.
template <class F>
void for_each_product(const sliding& s, std::size_t in, std::size_t out, std::size_t groups, F f)
{
    const window places = s.places();
    const std::size_t own_in = in / groups, own_out = out / groups;
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t p = 0; p < places.size(); ++p)
            for (std::size_t k = 0; k < s.size.size(); ++k) {
                const std::size_t h = p / places.w * s.step.h + k / s.size.w * s.spread.h,
                                  v = p % places.w * s.step.w + k % s.size.w * s.spread.w;
                if (h < s.before.h || h - s.before.h >= s.plane.h || v < s.before.w ||
                    v - s.before.w >= s.plane.w)
                    continue;
                const std::size_t pixel = (r * s.plane.h + h - s.before.h) * s.plane.w + v - s.before.w;
                for (std::size_t o = 0; o < out; ++o)
                    for (std::size_t i = 0; i < own_in; ++i)
                        f((r * places.size() + p) * out + o, pixel * in + o / own_out * own_in + i,
                          (i * s.size.size() + k) * out + o);
            }
}

struct exact {
    std::vector<double> sum, magnitude;
    std::vector<std::size_t> terms;
    explicit exact(std::size_t n) : sum(n), magnitude(n), terms(n) {}
    void add(std::size_t at, double term)
    {
        sum[at] += term;
        magnitude[at] += std::fabs(term);
        ++terms[at];
    }
    void is(const std::vector<float>& ours) const
    {
        REQUIRE(ours.size() == sum.size());
        for (std::size_t i = 0; i < ours.size(); ++i) {
            const double bound = static_cast<double>(terms[i] + 1) * eps * magnitude[i];
            CHECK(std::fabs(static_cast<double>(ours[i]) - sum[i]) <= bound);
        }
    }
};

/// Forward with a bias, in one chain and in many, and both gradients, set and added to.
template <sliding S, std::size_t In, std::size_t Out, std::size_t Groups>
void is_convolution(Generator& g)
{
    CAPTURE(In);
    CAPTURE(Out);
    CAPTURE(S.size.h);
    CAPTURE(S.size.w);
    using of = kernel::convolution<S, In, Out, Groups>;
    constexpr auto room = kernel::room_of_convolution(S, In, Out, Groups);
    const auto x = normals<float>(g, rows * S.plane.size() * In), b = normals<float>(g, Out),
               w = normals<float>(g, S.size.size() * In / Groups * Out),
               dy = normals<float>(g, rows * S.places().size() * Out);
    exact y(dy.size()), dx(x.size()), dw(w.size());
    for (std::size_t i = 0; i < dy.size(); ++i) y.add(i, static_cast<double>(b[i % Out]));
    for_each_product(S, In, Out, Groups, [&](std::size_t at_y, std::size_t at_x, std::size_t at_w) {
        const auto of_x = static_cast<double>(x[at_x]), of_w = static_cast<double>(w[at_w]),
                   of_dy = static_cast<double>(dy[at_y]);
        y.add(at_y, of_x * of_w);
        dx.add(at_x, of_dy * of_w);
        dw.add(at_w, of_dy * of_x);
    });
    std::vector<float> scratch(room.forward + room.backward, not_a_number), one(dy.size(), 1e30F),
        many = one, set(x.size(), 1e30F), set_w(w.size(), 1e30F);
    of::forward(one.data(), x.data(), w.data(), b.data(), scratch.data(), rows);
    y.is(one);
    of::template forward<of::template chains<float>>(many.data(), x.data(), w.data(), b.data(),
                                                     scratch.data(), rows);
    y.is(many);
    const float* const no_bias = nullptr;
    of::backward_input(set.data(), dy.data(), w.data(), no_bias, scratch.data(), rows, no_activation{});
    dx.is(set);
    of::template backward_weight<write_mode::set>(set_w.data(), dy.data(), x.data(), scratch.data(), rows);
    dw.is(set_w);
    auto twice = set, twice_w = set_w;
    of::backward_input(twice.data(), dy.data(), w.data(), no_bias, scratch.data(), rows,
                       kernel::add_to_result{});
    of::template backward_weight<write_mode::add>(twice_w.data(), dy.data(), x.data(), scratch.data(), rows);
    for (std::size_t i = 0; i < set.size(); ++i)
        CHECK(std::fabs(twice[i] - 2 * set[i]) <= 1e-4F * (1 + std::fabs(set[i])));
    for (std::size_t i = 0; i < set_w.size(); ++i)
        CHECK(std::fabs(twice_w[i] - 2 * set_w[i]) <= 1e-4F * (1 + std::fabs(set_w[i])));
}

constexpr sliding plain{.plane = {4, 5}, .size = {3, 3}, .before = {1, 1}, .after = {1, 1}},
    apart{
        .plane = {7, 6}, .size = {2, 3}, .step = {2, 3}, .spread = {3, 2}, .before = {0, 2}, .after = {2, 0}},
    smaller{.plane = {1, 2}, .size = {3, 5}, .before = {2, 3}, .after = {1, 2}},
    wave{.plane = {1, 19}, .size = {1, 3}, .spread = {1, 4}, .before = {0, 8}},
    single{.plane = {3, 3}, .size = {1, 1}, .step = {2, 2}};

struct few {
    static constexpr std::array<kernel::tap_of_sweep, 3> tap{};
    static constexpr std::size_t length = 16, columns = W;
};
struct many : few {
    static constexpr std::size_t columns = 8 * W;
};
struct nine {
    static constexpr std::array<kernel::tap_of_sweep, 9> tap{};
    static constexpr std::size_t length = 1, columns = 1;
};

} // namespace

TEST_CASE("convolutions of odd numbers of channels, with windows inside, apart, and larger than the picture")
{
    for_each_seed([](Generator& g) {
        is_convolution<plain, 1, 17, 1>(g);
        is_convolution<plain, 3, 7, 1>(g);
        is_convolution<plain, 17, 2, 1>(g);
        is_convolution<apart, 2, 3, 1>(g);
        is_convolution<apart, 7, W + 1, 1>(g);
        is_convolution<smaller, 3, 1, 1>(g);
        is_convolution<smaller, 7, 17, 1>(g);
        is_convolution<wave, 1, 2 * W, 1>(g);
        is_convolution<wave, 17, 17, 1>(g);
        is_convolution<single, 5, 3, 1>(g);
        is_convolution<plain, 2 * W, 4 * W + 3, 1>(g);
    });
}
TEST_CASE("convolutions in groups, and of each channel by itself")
{
    for_each_seed([](Generator& g) {
        is_convolution<plain, 6, 9, 3>(g);
        is_convolution<apart, 4, 4 * W, 2>(g);
        is_convolution<smaller, 3, 6, 3>(g);
        is_convolution<plain, 2, 2, 2>(g);
        is_convolution<apart, 7, 7, 7>(g);
        is_convolution<wave, 2 * W + 1, 2 * W + 1, 2 * W + 1>(g);
        is_convolution<smaller, 17, 17, 17>(g);
    });
}
TEST_CASE("the sums of a single pixel are in as many chains as hide their latency")
{
    CHECK(kernel::chains_of_sweep<few, float>() == kernel::sweep_chains{1, 2});
    CHECK(kernel::chains_of_sweep<many, float>() == kernel::sweep_chains{0, 1});
    CHECK(kernel::chains_of_sweep<nine, float>() == kernel::sweep_chains{3, 1});
}
