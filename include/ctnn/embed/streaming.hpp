// SPDX-License-Identifier: BSD-3-Clause
/// A trained network that answers one time step after the other, for programs without a heap.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <ctnn/embed/attention.hpp>
#include <ctnn/embed/convolution.hpp>
#include <ctnn/embed/layers.hpp>
#include <ctnn/embed/recurrent.hpp>

namespace ctnn::embed::inline CTNN_ARCH {

/// One step of ctnn::GlobalMean and ctnn::BagOfWords: the mean of all so far; after each million older ones
/// count half.
///   state : their sum, and how many they are
template <std::size_t C>
struct mean_step {
    static constexpr std::size_t in = C, out = C, states = C + 1;
    constexpr void begin(float*) const {}
    constexpr void step(float* y, const float* x, float* state) const
    {
        if (state[C] >= 0x1p20F)
            for (std::size_t c = 0; c <= C; ++c) state[c] /= 2.F;
        state[C] += 1;
        for (std::size_t c = 0; c < C; ++c) {
            state[c] += x[c];
            y[c] = state[c] / state[C];
        }
    }
};

/// One step of ctnn::Position; after T of them the last vector stays.
///   weight : (T, C)        state : how many steps there were
template <std::size_t T, std::size_t C>
struct position_step {
    static constexpr std::size_t in = C, out = C, states = 1;
    const float* weight;
    constexpr void begin(float*) const {}
    constexpr void step(float* y, const float* x, float* state) const
    {
        const bool is_count = state[0] >= 0.F && state[0] < static_cast<float>(T);
        const float* const row = weight + (is_count ? static_cast<std::size_t>(state[0]) : T - 1) * C;
        for (std::size_t c = 0; c < C; ++c) y[c] = x[c] + row[c];
        if (state[0] < static_cast<float>(T - 1)) state[0] += 1;
    }
};

/// One step of ctnn::CausalSelfAttention; after T of them the first is forgotten.
///   state : keys and values of up to T steps, (T, C) each, and how many they are
///   stack : T numbers
template <std::size_t T, std::size_t Heads, std::size_t D>
struct attention_step {
    static constexpr std::size_t C = Heads * D, in = 3 * C, out = C, states = 2 * T * C + 1;
    constexpr void begin(float*) const {}
    constexpr void step(float* y, const float* x, float* state) const
    {
        float *const keys = state, *const values = state + T * C;
        const float count = state[2 * T * C];
        auto t = count >= 0.F && count < static_cast<float>(T) ? static_cast<std::size_t>(count) : T;
        if (t == T) {
            --t;
            for (std::size_t i = 0; i < t * C; ++i) {
                keys[i] = keys[i + C];
                values[i] = values[i + C];
            }
        }
        for (std::size_t c = 0; c < C; ++c) {
            keys[t * C + c] = x[C + c];
            values[t * C + c] = x[2 * C + c];
        }
        for (std::size_t h = 0; h < C; h += D) {
            float p[T] = {};
            const float sum = detail::attention_shares<D>(p, x + h, keys + h, C, t + 1);
            for (std::size_t j = h; j < h + D; ++j) {
                float mean = 0;
                for (std::size_t s = 0; s <= t; ++s) mean += p[s] * values[s * C + j];
                y[j] = mean / sum;
            }
        }
        state[2 * T * C] = static_cast<float>(t + 1);
    }
};

/// One step of ctnn::MultiheadAttention<C, Heads, Causal>: the same between two products.
template <std::size_t T, std::size_t Heads, std::size_t D>
struct multihead_step {
    using attention = attention_step<T, Heads, D>;
    static constexpr std::size_t C = Heads * D, in = C, out = C, states = attention::states;
    const float *in_weight, *in_bias, *out_weight, *out_bias;
    constexpr void begin(float*) const {}
    constexpr void step(float* y, const float* x, float* state) const
    {
        float qkv[3 * C] = {}, mean[C] = {};
        linear<1, C, 3 * C>{in_weight, in_bias}.forward(qkv, x);
        attention{}.step(mean, qkv, state);
        linear<1, C, C>{out_weight, out_bias}.forward(y, mean);
    }
};

/// Layers one after the other, each for one time step, as `ctnn::export_header` writes a
/// Model<Net, Stream>.
///
/// ```cpp
/// #include "amplifier.hpp"                                            // an exported header
/// auto state = amplifier::model.start();                              // a std::array of floats
/// for (float& sample : block) sample = amplifier::model.step({sample}, state)[0];
/// ```
///
///   stack : two arrays as wide as the widest layer, and what a layer says
template <class... Layers>
class streaming_network {
    using list = std::tuple<Layers...>;
    static constexpr std::size_t count = sizeof...(Layers);
    template <std::size_t I>
    using layer = std::tuple_element_t<I, list>;
    template <class L>
    static constexpr std::size_t states_of()
    {
        if constexpr (requires { L::states; }) return L::states;
        else return 0;
    }

public:
    /// Numbers, or class ids, of one step; numbers of its answer; and those that stay from step to step.
    static constexpr std::size_t in = layer<0>::in, out = layer<count - 1>::out,
                                 states = (states_of<Layers>() + ...);
    static constexpr bool takes_ids = requires { layer<0>::classes; };
    using input = std::conditional_t<takes_ids, class_id, float>;
    using state = std::array<float, states>;

    explicit constexpr streaming_network(const Layers&... layers) : layers_(layers...) {}

    /// The state before the first step.
    [[nodiscard]] constexpr state start() const
    {
        state all{};
        float* at = all.data();
        const auto begin = [&](const auto& l) {
            if constexpr (requires { l.begin(at); }) l.begin(at);
            at += states_of<std::remove_cvref_t<decltype(l)>>();
        };
        std::apply([&](const auto&... l) { (begin(l), ...); }, layers_);
        return all;
    }
    /// y = the answer to x, and the next state. False, and both as they were, when a class id is out of
    /// range.
    [[nodiscard]] constexpr bool step(std::span<float, out> y, std::span<const input, in> x, state& s) const
    {
        if constexpr (takes_ids)
            for (const class_id id : x)
                if (id < 0 || static_cast<std::size_t>(id) >= layer<0>::classes) return false;
        run(y.data(), x.data(), s.data(), std::make_index_sequence<count>{});
        return true;
    }
    /// The same by value; all 0 when a class id is out of range.
    [[nodiscard]] constexpr std::array<float, out> step(const std::array<input, in>& x, state& s) const
    {
        std::array<float, out> y{};
        (void)step(std::span<float, out>(y), std::span<const input, in>(x), s);
        return y;
    }

private:
    list layers_;

    template <std::size_t... I>
    constexpr void run(float* y, const input* x, float* s, std::index_sequence<I...>) const
    {
        constexpr std::size_t widest = [] {
            std::size_t n = 1;
            ((n = Layers::out > n ? Layers::out : n), ...);
            return n;
        }();
        float arrays[2][widest] = {};
        const auto one = [&](auto i, const auto* from) {
            constexpr std::size_t at = i();
            float* const to = at + 1 == count ? y : arrays[at % 2];
            const auto& l = std::get<at>(layers_);
            if constexpr (requires { l.step(to, from, s); }) l.step(to, from, s);
            else l.forward(to, from);
            s += states_of<layer<at>>();
        };
        (
            [&] {
                constexpr std::integral_constant<std::size_t, I> i{};
                if constexpr (I == 0) one(i, x);
                else one(i, static_cast<const float*>(arrays[(I + 1) % 2]));
            }(),
            ...);
    }
};

} // namespace ctnn::embed::inline CTNN_ARCH
