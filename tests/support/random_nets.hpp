// SPDX-License-Identifier: BSD-3-Clause
/// Networks that a number decides: for tests that must hold for any network. All their layers are PyTorch's
/// too.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <ctnn/ctnn.hpp>

namespace support {

/// The draws of a network: a linear congruential generator that runs in the compiler.
struct dice {
    unsigned long long state;
    constexpr std::size_t below(std::size_t n)
    {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::size_t>(state >> 33) % n;
    }
};

/// What the n-th block of network Seed is made of.
struct block {
    std::size_t norm, activation, dropout, bias, nested, groups, group_size;
};
template <unsigned Seed, std::size_t N>
inline constexpr block block_of = [] {
    dice d{Seed * 1009ULL + N * 31 + 7};
    d.below(2);
    return block{d.below(4), d.below(6), d.below(3), d.below(2), d.below(3), 1 + d.below(3), 1 + d.below(7)};
}();

template <std::size_t Which, std::size_t Groups, std::size_t C>
using norm = std::tuple_element_t<
    Which, std::tuple<ctnn::BatchNorm<C>, ctnn::LayerNorm<C>, ctnn::GroupNorm<Groups, C>, ctnn::Flatten>>;
template <std::size_t Which>
using activation = std::tuple_element_t<Which, std::tuple<ctnn::Tanh, ctnn::ReLU, ctnn::Sigmoid, ctnn::GELU,
                                                          ctnn::LeakySlope<1, 5>, ctnn::LeakyReLU>>;

template <class Net, class... More>
struct appended;
template <class... L, class... More>
struct appended<ctnn::Sequential<L...>, More...> {
    using type = ctnn::Sequential<L..., More...>;
};

/// In features -> groups * group_size, normalised and bent.
template <unsigned Seed, std::size_t N, std::size_t In>
struct block_layers {
    static constexpr block b = block_of<Seed, N>;
    static constexpr std::size_t out = b.groups * b.group_size;
    using linear =
        std::conditional_t<b.bias == 0, ctnn::Linear<In, out>, ctnn::Linear<In, out, ctnn::NoBias>>;
    using plain = ctnn::Sequential<linear, norm<b.norm, b.groups, out>, activation<b.activation>>;
    using type = typename std::conditional_t<b.dropout == 0, appended<plain, ctnn::Dropout<1, 5>>,
                                             std::type_identity<plain>>::type;
};

template <unsigned Seed, std::size_t N, std::size_t Blocks, std::size_t In, class Net>
struct grown {
    using next = block_layers<Seed, N, In>;
    template <class Layers>
    struct joined;
    template <class... L>
    struct joined<ctnn::Sequential<L...>> {
        using type = typename std::conditional_t<next::b.nested == 0, appended<Net, ctnn::Sequential<L...>>,
                                                 appended<Net, L...>>::type;
    };
    using type =
        typename grown<Seed, N + 1, Blocks, next::out, typename joined<typename next::type>::type>::type;
};
template <unsigned Seed, std::size_t Blocks, std::size_t In, class Net>
struct grown<Seed, Blocks, Blocks, In, Net> {
    using type = typename appended<Net, ctnn::Linear<In, 1 + Seed % 13>>::type;
};

/// Even numbers start with an embedding of two to four ids, odd ones read numbers.
template <unsigned Seed>
struct network {
    static constexpr std::size_t features = 2 + Seed % 5, ids = 2 + Seed % 3, blocks = Seed % 4;
    using start =
        std::conditional_t<Seed % 2 == 0,
                           ctnn::Sequential<ctnn::Embedding<11 + Seed % 7, features, ids>, ctnn::Flatten>,
                           ctnn::Sequential<ctnn::Input<features * ids>>>;
    using type = typename grown<Seed, 0, blocks, features * ids, start>::type;
};
template <unsigned Seed>
using random_net = typename network<Seed>::type;

/// f.template operator()<random_net<0>>(), ... for the first Count networks.
template <unsigned Count, class F>
void for_each_random_net(F f)
{
    [&]<unsigned... Seed>(std::integer_sequence<unsigned, Seed...>) {
        (f.template operator()<random_net<Seed>>(), ...);
    }(std::make_integer_sequence<unsigned, Count>{});
}

} // namespace support
