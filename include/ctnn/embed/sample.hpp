// SPDX-License-Identifier: BSD-3-Clause
/// Words from a network, drawn character by character, on anything that runs C++20 and in the compiler.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include <ctnn/embed/network.hpp>

namespace ctnn::embed::inline CTNN_ARCH {

/// PCG32: 16 bytes of state, one multiplication a number. Another stream than ctnn::Generator's.
///
///   source : O'Neill 2014, HMC-CS-2014-0905
class generator {
public:
    explicit constexpr generator(std::uint64_t seed)
    {
        (void)(*this)();
        state_ += seed;
        (void)(*this)();
    }
    /// 32 random bits.
    constexpr std::uint32_t operator()()
    {
        const std::uint64_t old = state_;
        state_ = old * 6364136223846793005U + 1442695040888963407U;
        const auto mixed = static_cast<std::uint32_t>((old >> 18U ^ old) >> 27U),
                   turn = static_cast<std::uint32_t>(old >> 59U);
        return mixed >> turn | mixed << (-turn & 31U);
    }
    /// A number in [0, 1).
    constexpr float uniform() { return static_cast<float>((*this)() >> 8U) * 0x1p-24F; }

private:
    std::uint64_t state_ = 0;
};

/// One of the first `classes` classes, each with the chance that the softmax of its logit gives it; a class
/// of chance 0 never. -1 where their logits are no distribution: there are none, one is NaN or plus infinity,
/// or all are minus infinity, a chance of 0.
template <std::size_t N>
[[nodiscard]] constexpr class_id draw(std::array<float, N> all_logits, generator& random,
                                      std::size_t classes = N)
{
    const std::span<float> logits(all_logits.data(), classes < N ? classes : N);
    if (logits.empty()) return -1;
    float largest = logits[0], sum = 0;
    for (const float x : logits) largest = x > largest ? x : largest;
    if (!(largest >= -std::numeric_limits<float>::max() && largest <= std::numeric_limits<float>::max()))
        return -1;
    for (float& x : logits) {
        x = exp(x - largest); // NaN stays, and then so is the sum
        sum += x;
    }
    if (!(sum >= 1.F)) return -1;
    float left = random.uniform() * sum;
    class_id last = -1;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (!(logits[i] > 0.F)) continue;
        last = static_cast<class_id>(i);
        if (left < logits[i]) break;
        left -= logits[i];
    }
    return last; // where rounding leaves something past the last one, it is that
}

/// How a word has ended.
enum class status {
    complete,   ///< the network ended the word
    cut,        ///< it has as many characters as there is room for
    bad_start,  ///< the start has a character that the network does not know, or is too long
    bad_network ///< the network's answers are no distribution, or it does not take a class that it has drawn
};

/// A word of at most N characters.
template <std::size_t N>
struct word {
    std::array<char, N + 1> text{}; ///< ends with 0
    std::size_t size = 0;
    status ended = status::complete;

    [[nodiscard]] constexpr std::string_view view() const { return {text.data(), size}; }
};

/// One word, drawn character by character until class 0, the end, is drawn.
///
///   characters : one for each class; that of class 0 is never written. Classes past the last one are never
///                drawn
///   start      : what the word begins with
///   constexpr  : a word of the lecture's net takes half a second; larger nets come to the compiler's limits,
///                -fconstexpr-ops-limit of g++ and -fconstexpr-steps of clang
template <std::size_t N = 32, class Network>
[[nodiscard]] constexpr word<N> sample(const Network& network, std::string_view characters, generator& random,
                                       std::string_view start = {})
{
    static_assert(Network::takes_ids,
                  "[ctnn.mode] words are sampled from a network that starts with an embedding");
    word<N> w;
    std::array<class_id, Network::in> context{};
    const auto append = [&](class_id id) {
        w.text[w.size++] = characters[static_cast<std::size_t>(id)];
        for (std::size_t i = 0; i + 1 < context.size(); ++i) context[i] = context[i + 1];
        context[context.size() - 1] = id;
    };
    for (const char c : start) {
        const std::size_t id = characters.find(c, 1);
        if (id == std::string_view::npos || id >= Network::out || w.size == N) {
            w.ended = status::bad_start;
            return w;
        }
        append(static_cast<class_id>(id));
    }
    while (w.size < N) {
        std::array<float, Network::out> logits{};
        const bool answers = network.forward(std::span<float, Network::out>(logits),
                                             std::span<const class_id, Network::in>(context));
        const class_id drawn = answers ? draw(logits, random, characters.size()) : -1;
        if (drawn < 0) {
            w.ended = status::bad_network;
            return w;
        }
        if (drawn == 0) return w;
        append(drawn);
    }
    w.ended = status::cut;
    return w;
}

} // namespace ctnn::embed::inline CTNN_ARCH
