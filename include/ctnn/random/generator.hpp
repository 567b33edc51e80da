// SPDX-License-Identifier: BSD-3-Clause
/// Random numbers equal to PyTorch's on the CPU: same seed, same stream.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/random/engine.hpp>
#include <ctnn/random/normal_float.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Drawn classes go back: the same one may be drawn again.
struct WithReplacement {};

/// The stream of `torch.Generator().manual_seed(seed)` on the CPU (PyTorch 1.13): `rand`, `randn`, `randint`
/// and `multinomial` give the numbers that PyTorch gives, call for call. Integers and uniforms are equal;
/// normals agree within 4 ulp.
///
/// ```cpp
/// Generator generator{2147483647};
/// const auto weights = generator.randn(27, 10);        // as torch.randn((27, 10), generator=g)
/// const auto rows = generator.randint(0, 182'625, 32); // xt::xtensor<std::int64_t, 1>
/// ```
class Generator {
    template <class T, class... N>
    static auto make(N... n)
    {
        return xt::xtensor<T, sizeof...(N)>::from_shape({static_cast<std::size_t>(n)...});
    }

public:
    /// Everything that decides the numbers to come.
    struct State {
        random_engine engine;
        /// the second value of the last Box-Muller pair, not yet handed out
        std::optional<double> next_normal;
        friend constexpr bool operator==(const State&, const State&) = default;
    };

    /// PyTorch seeds its engine with the low 32 bits of the seed.
    explicit constexpr Generator(std::uint64_t seed)
        : state_{random_engine::seeded(static_cast<std::uint32_t>(seed)), {}}
    {}

    [[nodiscard]] constexpr const State& state() const { return state_; }
    constexpr void set_state(const State& state)
    {
        if (state.engine.position > random_engine::length)
            throw Error("ctnn.generator", "the state's position is over 624");
        state_ = state;
    }

    /// One uniform number in [0, 1): a float from 24 bits of one draw, a double from 53 bits of two.
    template <std::floating_point T = float>
    [[nodiscard]] constexpr T uniform()
    {
        if constexpr (std::is_same_v<T, float>)
            return static_cast<float>(state_.engine() & 0xffffffU) * 0x1p-24F;
        else return static_cast<double>(state_.engine.bits64() & ((std::uint64_t{1} << 53) - 1)) * 0x1p-53;
    }

    /// One uniform number in [low, high), rounded once, as PyTorch's.
    template <std::floating_point T>
    [[nodiscard]] constexpr T uniform(T low, T high)
    {
        if constexpr (std::is_same_v<T, float>) return detail::fused(uniform<T>(), high - low, low);
        else return std::fma(uniform<T>(), high - low, low);
    }

    /// One integer in low..high-1.
    ///   errors : [ctnn.generator] low >= high
    [[nodiscard]] constexpr std::int64_t randint(std::int64_t low, std::int64_t high)
    {
        const std::uint64_t range = range_of(low, high);
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + draw_below(range));
    }

    /// Fills `out` with uniform numbers in [0, 1).
    template <std::floating_point T>
    constexpr void fill_rand(std::span<T> out)
    {
        for (T& x : out) x = uniform<T>();
    }

    /// Fills `out` with `value` where `uniform<double>() < chance`, and 0 elsewhere.
    template <std::floating_point T>
    constexpr void fill_bernoulli(std::span<T> out, double chance, T value)
    {
        // 53 bits below chance * 2^53, which is exact, are a uniform double below the chance.
        const double scaled = chance * 0x1p53;
        const auto below = static_cast<std::int64_t>(scaled);
        const std::int64_t limit = below + (static_cast<double>(below) < scaled ? 1 : 0);
        for (T* next = out.data(); next != out.data() + out.size();) {
            const auto n = static_cast<std::size_t>(out.data() + out.size() - next);
            next += state_.engine.for_each_bits64(n, [&](std::size_t i, std::uint64_t bits) {
                const auto fraction = static_cast<std::int64_t>(bits & ((std::uint64_t{1} << 53) - 1));
                next[i] = fraction < limit ? value : T{0};
            });
        }
    }

    /// Fills `out` with standard normal numbers. As in PyTorch, how many are asked for at once decides the
    /// stream: 16 and more are made in blocks of 16, fewer one by one in double precision.
    template <std::floating_point T>
    void fill_randn(std::span<T> out)
    {
        constexpr std::size_t block = 16;
        if (out.size() < block) {
            for (T& x : out) x = static_cast<T>(scalar_normal());
            return;
        }
        fill_rand(out);
        std::size_t i = 0;
        for (; i + block <= out.size(); i += block) detail::box_muller_16(out.data() + i);
        if (i < out.size()) {
            const std::span<T> tail = out.last(block);
            fill_rand(tail);
            detail::box_muller_16(tail.data());
        }
    }

    /// Fills `out` with integers in low..high-1.
    ///   errors : [ctnn.generator] low >= high
    template <std::integral I>
    constexpr void fill_randint(std::span<I> out, std::int64_t low, std::int64_t high)
    {
        const std::uint64_t range = range_of(low, high), first = static_cast<std::uint64_t>(low);
        if (range >= std::uint64_t{1} << 32) {
            for (I& x : out) x = static_cast<I>(first + draw_below(range));
            return;
        }
        // The remainder without a division: a quotient that may be one off, put right.
        const auto divisor = static_cast<std::int64_t>(range);
        const double inverse = 1 / static_cast<double>(range);
        for (std::size_t done = 0; done < out.size();) {
            const std::span<I> next = out.subspan(done);
            done += state_.engine.for_each_word(next.size(), [&](std::size_t i, std::uint32_t word) {
                const auto quotient = static_cast<std::int64_t>(static_cast<double>(word) * inverse);
                std::int64_t rest = static_cast<std::int64_t>(word) - quotient * divisor;
                rest += rest < 0 ? divisor : 0;
                rest -= rest >= divisor ? divisor : 0;
                next[i] = static_cast<I>(first + static_cast<std::uint64_t>(rest));
            });
        }
    }

    /// `torch.rand(n...)`.
    template <std::floating_point T = float, std::convertible_to<std::size_t>... N>
    [[nodiscard]] auto rand(N... n)
    {
        auto x = make<T>(n...);
        fill_rand(std::span<T>(x.data(), x.size()));
        return x;
    }

    /// `torch.randn(n...)`.
    template <std::floating_point T = float, std::convertible_to<std::size_t>... N>
    [[nodiscard]] auto randn(N... n)
    {
        auto x = make<T>(n...);
        fill_randn(std::span<T>(x.data(), x.size()));
        return x;
    }

    /// `torch.randint(low, high, (n...))`.
    ///   errors : [ctnn.generator] low >= high
    template <std::convertible_to<std::size_t>... N>
        requires(sizeof...(N) > 0)
    [[nodiscard]] auto randint(std::int64_t low, std::int64_t high, N... n)
    {
        auto x = make<std::int64_t>(n...);
        fill_randint(std::span<std::int64_t>(x.data(), x.size()), low, high);
        return x;
    }

    /// Fills `order` with a permutation of 0..n-1, that of `torch.randperm(n)`.
    ///   errors : [ctnn.generator] n is 2^32 or more
    template <std::integral I>
    constexpr void fill_randperm(std::span<I> order)
    {
        const std::size_t n = order.size();
        if (n > 0xffffffffU)
            throw Error("ctnn.generator", "randperm takes at most 4294967295, found " + std::to_string(n));
        for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<I>(i);
        for (std::size_t i = 0; i + 1 < n; ++i)
            std::swap(order[i], order[i + state_.engine() % static_cast<std::uint32_t>(n - i)]);
    }

    /// Draws what `randperm(n)` draws, and makes nothing of it.
    constexpr void skip_randperm(std::size_t n)
    {
        for (std::size_t i = n; i > 1; --i) (void)state_.engine();
    }

    /// `torch.randperm(n)`.
    [[nodiscard]] xt::xtensor<std::int64_t, 1> randperm(std::size_t n)
    {
        auto order = make<std::int64_t>(n);
        fill_randperm(std::span<std::int64_t>(order.data(), order.size()));
        return order;
    }

    /// `torch.empty((), dtype=torch.int64).random_()`: an integer from 0 to 2^63 - 1.
    [[nodiscard]] constexpr std::int64_t random()
    {
        return static_cast<std::int64_t>(state_.engine.bits64() & (~std::uint64_t{0} >> 1));
    }

    /// `torch.multinomial(weights, 1)`: one class with a chance proportional to its weight; a class of weight
    /// 0 never.
    ///
    ///   weights : one finite number >= 0 for each class, not all of them 0
    ///   errors  : [ctnn.sample] a weight is NaN, infinite or negative, or their sum is 0 or infinite; the
    ///             stream is not advanced
    ///   cost    : one draw for each class; no allocation
    template <std::floating_point T>
    [[nodiscard]] std::size_t multinomial(std::span<const T> weights)
    {
        require_distribution(weights);
        std::size_t best = 0;
        T best_score = -1;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const T score = race(weights[i]);
            if (score > best_score) {
                best_score = score;
                best = i;
            }
        }
        return best;
    }

    /// `torch.multinomial(weights, n)`: n different classes.
    ///
    ///   weights : an xtensor of one axis
    ///   errors  : as above; [ctnn.sample] fewer than n classes have a weight above 0; [ctnn.shape] more than
    ///             one axis
    template <class X>
        requires detail::tensor_like<X>
    [[nodiscard]] xt::xtensor<std::int64_t, 1> multinomial(const X& weights, std::size_t n)
    {
        auto scores = distribution(weights);
        const auto possible = static_cast<std::size_t>(
            std::count_if(scores.begin(), scores.end(), [](auto w) { return w > 0; }));
        if (n > possible)
            throw Error("ctnn.sample", std::to_string(n) + " different classes are asked for, " +
                                           std::to_string(possible) + " have a weight above 0");
        auto classes = make<std::int64_t>(scores.size());
        for (std::size_t i = 0; i < scores.size(); ++i) {
            scores[i] = race(scores[i]);
            classes(i) = static_cast<std::int64_t>(i);
        }
        std::stable_sort(classes.begin(), classes.end(), [&](std::int64_t a, std::int64_t b) {
            return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
        });
        auto chosen = make<std::int64_t>(n);
        std::copy_n(classes.begin(), n, chosen.begin());
        return chosen;
    }

    /// `torch.multinomial(weights, n, replacement=True)`: n classes, each drawn from the cumulative
    /// distribution.
    ///   errors : as above, but n is free
    template <class X>
        requires detail::tensor_like<X>
    [[nodiscard]] xt::xtensor<std::int64_t, 1> multinomial(const X& weights, std::size_t n, WithReplacement)
    {
        const auto p = distribution(weights);
        auto cumulative = p;
        std::partial_sum(cumulative.begin(), cumulative.end(), cumulative.begin());
        const auto sum = cumulative.back();
        for (auto& c : cumulative) c /= sum;
        cumulative.back() = 1;
        auto classes = make<std::int64_t>(n);
        for (std::int64_t& c : classes) {
            const double u = uniform<double>();
            const auto found = std::partition_point(cumulative.begin(), cumulative.end(),
                                                    [u](auto x) { return static_cast<double>(x) < u; });
            auto i = std::min(static_cast<std::size_t>(found - cumulative.begin()), p.size() - 1);
            // u = 0 would choose class 0 even when its weight is 0, and rounding may end past the last
            // class that has one.
            while (i + 1 < p.size() && !(p[i] > 0)) ++i;
            while (!(p[i] > 0)) --i;
            c = static_cast<std::int64_t>(i);
        }
        return classes;
    }

private:
    State state_;

    static constexpr std::uint64_t range_of(std::int64_t low, std::int64_t high)
    {
        if (low >= high)
            throw Error("ctnn.generator", "randint needs low < high, found low " + std::to_string(low) +
                                              " and high " + std::to_string(high));
        return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    }

    constexpr std::uint64_t draw_below(std::uint64_t range)
    {
        return range >= std::uint64_t{1} << 32 ? state_.engine.bits64() % range
                                               : state_.engine() % static_cast<std::uint32_t>(range);
    }

    double scalar_normal()
    {
        if (state_.next_normal) {
            const double value = *state_.next_normal;
            state_.next_normal.reset();
            return value;
        }
        const double u1 = uniform<double>();
        const double u2 = uniform<double>();
        const double radius = std::sqrt(-2.0 * std::log1p(-u2));
        const double angle = 2.0 * std::numbers::pi * u1;
        state_.next_normal = radius * std::sin(angle);
        return radius * std::cos(angle);
    }

    /// The exponential race that PyTorch runs: the class with the largest weight / Exp(1), in the weights'
    /// own precision, wins.
    template <class T>
    T race(T weight)
    {
        const auto q = static_cast<T>(-std::log1p(-uniform<double>()));
        return weight > 0 ? weight / q : T{-1};
    }

    template <class T>
    static void require_distribution(std::span<const T> weights)
    {
        double sum = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (!(weights[i] >= 0) || weights[i] > std::numeric_limits<T>::max())
                throw Error("ctnn.sample", "weight " + std::to_string(i) + " of the distribution is " +
                                               std::to_string(weights[i]) +
                                               ", expected a finite number that is not negative");
            sum += static_cast<double>(weights[i]);
        }
        if (!(sum > 0))
            throw Error("ctnn.sample",
                        "the weights of the distribution sum to 0, expected at least one above 0");
    }

    /// A checked copy of the weights.
    template <class X>
    static auto distribution(const X& weights)
    {
        using T = std::remove_const_t<typename X::value_type>;
        if (weights.dimension() != 1)
            throw Error("ctnn.shape", "the weights of multinomial have shape " + shape_text(weights.shape()) +
                                          ", expected one axis");
        std::vector<T> p(weights.begin(), weights.end());
        require_distribution(std::span<const T>(p));
        return p;
    }
};

} // namespace ctnn::inline CTNN_ARCH
