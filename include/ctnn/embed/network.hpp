// SPDX-License-Identifier: BSD-3-Clause
/// A trained network that needs nothing but the standard library: no heap, no exceptions, no run-time types;
/// also inside the compiler.
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

/// Layers one after the other, as `ctnn::export_header` writes them.
///
/// ```cpp
/// #include "names.hpp"                                                // an exported header
/// constexpr auto logits = names::model.forward({0, 5, 13});           // the compiler computes this
/// ```
///
///   stack : two arrays as wide as the widest layer
template <class... Layers>
class network {
    using list = std::tuple<Layers...>;
    static constexpr std::size_t count = sizeof...(Layers);
    template <std::size_t I>
    using layer = std::tuple_element_t<I, list>;

public:
    /// Numbers, or class ids, of one sample; and numbers of the answer.
    static constexpr std::size_t in = layer<0>::in, out = layer<count - 1>::out;
    static constexpr bool takes_ids = requires { layer<0>::classes; };
    using input = std::conditional_t<takes_ids, class_id, float>;

    explicit constexpr network(const Layers&... layers) : layers_(layers...) {}

    /// y = net(x). False, and y as it was, when a class id is out of range.
    [[nodiscard]] constexpr bool forward(std::span<float, out> y, std::span<const input, in> x) const
    {
        if constexpr (takes_ids)
            for (const class_id id : x)
                if (id < 0 || static_cast<std::size_t>(id) >= layer<0>::classes) return false;
        run(y.data(), x.data(), std::make_index_sequence<count>{});
        return true;
    }
    /// The same by value; all 0 when a class id is out of range.
    [[nodiscard]] constexpr std::array<float, out> forward(const std::array<input, in>& x) const
    {
        std::array<float, out> y{};
        (void)forward(std::span<float, out>(y), std::span<const input, in>(x));
        return y;
    }

private:
    list layers_;

    template <std::size_t... I>
    constexpr void run(float* y, const input* x, std::index_sequence<I...>) const
    {
        constexpr std::size_t widest = [] {
            std::size_t n = 1;
            ((n = Layers::out > n ? Layers::out : n), ...);
            return n;
        }();
        float arrays[2][widest];
        (
            [&] {
                float* to = I + 1 == count ? y : arrays[I % 2];
                if constexpr (I == 0) std::get<I>(layers_).forward(to, x);
                else std::get<I>(layers_).forward(to, static_cast<const float*>(arrays[(I + 1) % 2]));
            }(),
            ...);
    }
};

} // namespace ctnn::embed::inline CTNN_ARCH
