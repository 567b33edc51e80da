// SPDX-License-Identifier: BSD-3-Clause
/// The exported networks against the library's answers; see export.cpp. Built without exceptions and run-time
/// types.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string_view>

#include <ctnn/embed/sample.hpp>

namespace {

/// Whether f(sample) gives the answers to all samples.
template <class Network, std::size_t X, std::size_t Y, class F>
bool answers(const float (&x)[X], const float (&y)[Y], const char* name, F f)
{
    static_assert(X / Network::in == Y / Network::out && X % Network::in == 0 && Y % Network::out == 0);
    float worst = 0, largest = 0;
    for (std::size_t s = 0; s * Network::in < X; ++s) {
        std::array<typename Network::input, Network::in> in{};
        for (std::size_t i = 0; i < in.size(); ++i)
            in[i] = static_cast<typename Network::input>(x[s * in.size() + i]);
        const auto out = f(in);
        for (std::size_t i = 0; i < out.size(); ++i) {
            const float expected = y[s * out.size() + i],
                        error = out[i] > expected ? out[i] - expected : expected - out[i];
            if (!(error <= worst)) worst = error;
            if (expected > largest) largest = expected;
            if (-expected > largest) largest = -expected;
        }
    }
    const bool good = worst <= 3e-6F * largest; // two ways to round each sum, tanh and norm
    if (!good)
        std::printf("%s: an error of %g, the largest answer is %g\n", name, static_cast<double>(worst),
                    static_cast<double>(largest));
    return good;
}

template <class Network, std::size_t X, std::size_t Y>
bool agrees(const Network& network, const float (&x)[X], const float (&y)[Y], const char* name)
{
    return answers<Network>(x, y, name, [&](const auto& in) { return network.forward(in); });
}
/// A step at a time, and from the start again.
template <class Network, std::size_t X, std::size_t Y>
bool streams(const Network& network, const float (&x)[X], const float (&y)[Y], const char* name)
{
    const auto from_start = [&] {
        auto state = network.start();
        return answers<Network>(x, y, name, [&](const auto& in) { return network.step(in, state); });
    };
    return from_start() && from_start();
}

} // namespace

/// What custom layers are exported as; see export.cpp.
namespace own {

template <class W>
struct squares_of {
    static constexpr std::size_t in = 3, out = 3;
    const W* a;
    const float* b;
    const float* shift;
    const float* scale = nullptr;

    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t o = 0; o < 3; ++o) {
            float sum = 0, root = 0;
            for (std::size_t k = 0; k < 3; ++k) {
                sum += x[k] * static_cast<float>(a[k * 3 + o]);
                root += x[k] * b[k * 3 + o];
            }
            y[o] = sum * (scale == nullptr ? 1.F : scale[o]) + root * root + shift[o];
        }
    }
};
using squares = squares_of<float>;
using small_squares = squares_of<std::int8_t>;

} // namespace own

#include "cases.hpp"

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity(),
                nan = std::numeric_limits<float>::quiet_NaN();
using namespace ctnn::embed;

// The functions at their ends.
static_assert(exp(0.F) == 1.F && exp(-1000.F) == 0.F && exp(-infinity) == 0.F && exp(1000.F) == infinity &&
              exp(infinity) == infinity);
static_assert(tanh(0.F) == 0.F && tanh(50.F) == 1.F && tanh(5e4F) == 1.F && tanh(3e38F) == 1.F &&
              tanh(-infinity) == -1.F && std::bit_cast<std::uint32_t>(tanh(-0.F)) == 0x80000000U);
static_assert(sigmoid(0.F) == 0.5F && sigmoid(-1000.F) == 0.F && sigmoid(1000.F) == 1.F);
static_assert(sqrt(4.F) == 2.F && sqrt(1e-30F) > 0.999999e-15F && sqrt(1e30F) < 1.000001e15F &&
              sqrt(infinity) == infinity && sqrt(0.F) == 0.F);
static_assert(ctnn::embed::detail::gelu_of{}(-3e38F) == 0.F &&
              ctnn::embed::detail::gelu_of{}(-13.1F) == 0.F &&
              ctnn::embed::detail::gelu_of{}(3e38F) == 3e38F);
static_assert(normal_below(0.F) > 0.4999999F && normal_below(0.F) < 0.5000001F && normal_below(20.F) == 1.F &&
              normal_below(-20.F) < 1e-30F);

// A class of chance 0 is never drawn.
constexpr bool draws_what_is_possible = [] {
    generator random{1};
    for (int i = 0; i < 500; ++i) {
        const class_id drawn = draw(std::array{-infinity, 0.F, -200.F, 1.F, -infinity}, random);
        if (drawn != 1 && drawn != 3) return false;
    }
    return draw(std::array{-infinity, -infinity}, random) == -1 &&
           draw(std::array{infinity, 0.F}, random) == -1 && draw(std::array{1.F, 0.F}, random, 0) == -1;
}();
static_assert(draws_what_is_possible);

constexpr float zero[3] = {}, likely[3] = {0.F, 1.F, 50.F};
// Classes that the vocabulary does not have are not drawn, however likely.
constexpr bool draws_what_it_can_spell = [] {
    const network net{embedding<3, 1, 1>{zero}, linear<1, 1, 3>{zero, likely}};
    generator random{1};
    for (int i = 0; i < 100; ++i) {
        const auto w = sample<8>(net, ".a", random);
        if (w.ended == status::bad_network) return false;
        for (const char c : w.view())
            if (c != 'a') return false;
    }
    return sample<8>(net, "", random).ended == status::bad_network &&
           sample<8>(net, ".a", random, "b").ended == status::bad_start;
}();
static_assert(draws_what_it_can_spell);

// A class that the network gives, and does not take, is no letter of a word.
constexpr float even[3] = {-50.F, 0.F, 0.F};
constexpr bool says_what_it_does_not_take = [] {
    const network net{embedding<2, 1, 1>{zero}, linear<1, 1, 3>{zero, even}};
    int cut = 0, bad = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        generator random{seed};
        const auto w = sample<4>(net, ".ab", random);
        const std::size_t b = w.view().find('b');
        if (w.ended == status::bad_network ? b + 1 != w.size : w.ended != status::cut || b < 3) return false;
        ++(w.ended == status::cut ? cut : bad);
    }
    return cut > 0 && bad > 0;
}();
static_assert(says_what_it_does_not_take);

/// NaN stays NaN, in every function and layer, and no class is drawn from it. Not for the compiler, where
/// making a NaN is an error.
bool keeps_nan()
{
    volatile float source = nan;
    const float x = source;
    const auto is_nan = [](float y) { return y != y; };
    generator random{1};
    float y[1] = {};
    bool good = is_nan(exp(x)) && is_nan(tanh(x)) && is_nan(sigmoid(x)) && is_nan(normal_below(x)) &&
                is_nan(sqrt(x)) && draw(std::array{0.F, x}, random) == -1;
    const auto layer = [&](const auto& l) {
        l.forward(y, &x);
        good = good && is_nan(y[0]);
    };
    layer(tanh_layer<1>{});
    layer(sigmoid_layer<1>{});
    layer(gelu_layer<1>{});
    layer(relu_layer<1>{});
    layer(leaky_layer<1, 1, 100>{});
    if (!good) std::printf("a NaN is lost\n");
    return good;
}

/// How often each class is drawn, against its chance: 2 : 1 : 1.
bool draws_fairly()
{
    generator random{7};
    int count[3] = {};
    constexpr int n = 40000;
    for (int i = 0; i < n; ++i) ++count[draw(std::array{0.6931472F, 0.F, 0.F}, random)];
    const bool good =
        count[0] > n / 2 - 500 && count[0] < n / 2 + 500 && count[1] > n / 4 - 500 && count[1] < n / 4 + 500;
    if (!good) std::printf("drawn %d, %d, %d times\n", count[0], count[1], count[2]);
    return good;
}

/// What O'Neill's pcg32 gives for this seed in its default stream.
constexpr bool is_pcg = [] {
    generator random{42};
    return random() == 0xc2f57bd6U && random() == 0x6b07c4a9U && random() == 0x72b7b29bU;
}();
static_assert(is_pcg);

} // namespace

int main()
{
    const bool good = check_all();
    return draws_fairly() && keeps_nan() && good ? 0 : 1;
}
