// SPDX-License-Identifier: BSD-3-Clause
/// What a layer states of itself, read with defaults, so that containers work from facts and never from names
/// of layers.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

#include <ctnn/core/parameter.hpp>
#include <ctnn/core/shape.hpp>

namespace ctnn::inline CTNN_ARCH {

/// What a layer's backward pass reads beside the gradient of its output. A buffer nobody reads later can be
/// reused.
enum class uses { nothing, input, output, both };

/// In which passes a layer can apply the activation of the next layer to its own result, before that goes to
/// memory.
enum class applies_activation { never, forward, both };

/// What a backward pass does with a gradient: nobody wants it, it is the first to be written, or it is added
/// to what is there.
enum class write_mode { skip, set, add };

/// The activation that does nothing: y = x. Another maps a register like this, and states dx from dy and y.
struct no_activation {
    template <class V>
    CTNN_INLINE V operator()(V x) const
    {
        return x;
    }
    template <class V>
    CTNN_INLINE V backward(V dy, V) const
    {
        return dy;
    }
};

/// The values that an activation's output approaches and does not pass; where a unit is at one, (almost) no
/// gradient goes through it.
struct Limits {
    double low, high;
};

/// Mean and standard deviation of all numbers of a tensor, as the theory of initialisation follows them from
/// layer to layer.
struct Spread {
    double mean = 0, std = 0;
    /// The mean of the squares.
    [[nodiscard]] constexpr double square() const { return mean * mean + std * std; }
};

namespace detail {

template <class L>
concept states_output = requires {
    {
        L::output(extents{})
    } -> std::same_as<extents>;
} || requires {
    {
        L::output(std::array<extents, L::inputs>{})
    } -> std::same_as<extents>;
};

/// All facts of one layer as plain values; the defaults are what a layer that states nothing gets.
struct layer_facts {
    /// shape of one sample's output; `extents::none()` refuses the input
    extents (*output)(const extents*) = nullptr;
    /// own input shape as the first layer, given the next layer's in_features
    extents (*input)(std::size_t) = nullptr;
    std::size_t (*saved)(const extents&, std::size_t) = nullptr; ///< numbers kept from forward to backward
    /// numbers needed during one call in training
    std::size_t (*scratch)(const extents&, std::size_t) = nullptr;
    /// the same in eval, for any number of rows
    std::size_t (*eval_scratch)(const extents&) = nullptr;
    std::size_t (*multiply_adds)(const extents&) = nullptr;  ///< per sample
    const Parameter *parameter = nullptr, *buffer = nullptr; ///< what it declares
    std::size_t parameters = 0, buffers = 0;                 ///< how many of them
    std::size_t inputs = 1;                                  ///< values that it reads
    std::size_t in_features = 0;                             ///< 0: any
    /// number of classes, for a layer that takes class ids instead of numbers
    std::size_t classes = 0;
    uses derivative_uses = uses::both;
    /// backward sets its parameter gradients with =; otherwise it adds to zeroed ones
    bool overwrites_gradients = false;
    bool adds_gradients = false; ///< ... or does what `P::weight_gradient` says: skip, set or add
    /// backward takes a step of plain SGD itself where `pass.rate` says so
    bool takes_steps = false;
    /// backward adds to dx where `P::input_gradient` says so; otherwise it always sets it
    bool adds_input_gradients = false;
    bool passes_gradient = false; ///< the gradient of every input is that of the output
    bool mixes_batch = false;     ///< in training a sample's output depends on the other samples
    /// forward works with y == x (its first input), backward with dx == dy
    bool in_place = false;
    /// states `activation`: what its forward does to each number, and dx follows from dy and y
    bool is_activation = false;
    /// each number of the output follows from that number of the input alone; every activation does
    bool elementwise = false;
    /// whether its passes apply `P::activation` of the next layer
    applies_activation applies = applies_activation::never;
    /// the output is the input under another shape; the layer is never run
    bool reshapes_only = false;
    /// in eval the output is the input, and the layer is not run
    bool training_only = false;
    /// forward in training draws from `pass.generator()`
    bool draws = false;
};

/// Whether a layer can apply the activation that is the next one to its own result.
constexpr bool can_apply(const layer_facts& maker, const layer_facts& next)
{
    return next.is_activation && maker.applies != applies_activation::never;
}

/// A layer that takes part in fusion, or that adds gradients itself, says so by `using self = ...`, its own
/// name: one that inherits from it and has passes of its own inherits the statement too, but it is not true
/// of it.
template <class L>
concept speaks_for_itself = std::is_same_v<typename L::self, L>;

template <class L>
constexpr layer_facts facts_of()
{
    layer_facts f;
    if constexpr (requires { L::inputs; }) f.inputs = L::inputs;
    f.output = [](const extents* x) -> extents {
        if constexpr (requires { L::inputs; }) {
            std::array<extents, L::inputs> all;
            for (std::size_t i = 0; i < L::inputs; ++i) all[i] = x[i];
            return L::output(all);
        } else {
            return L::output(*x);
        }
    };
    if constexpr (requires { L::input(std::size_t{}); })
        f.input = [](std::size_t n) -> extents { return L::input(n); };
    if constexpr (requires { L::saved(extents{}, std::size_t{}); })
        f.saved = [](const extents& e, std::size_t b) -> std::size_t { return L::saved(e, b); };
    if constexpr (requires { L::scratch(extents{}, std::size_t{}); })
        f.scratch = [](const extents& e, std::size_t b) -> std::size_t { return L::scratch(e, b); };
    if constexpr (requires { L::eval_scratch(extents{}); })
        f.eval_scratch = [](const extents& e) -> std::size_t { return L::eval_scratch(e); };
    if constexpr (requires { L::multiply_adds(extents{}); })
        f.multiply_adds = [](const extents& e) -> std::size_t { return L::multiply_adds(e); };
    if constexpr (requires { L::in_features; }) f.in_features = L::in_features;
    if constexpr (requires { L::classes; }) f.classes = L::classes;
    if constexpr (requires { L::parameters; }) {
        f.parameter = L::parameters.data();
        f.parameters = L::parameters.size();
    }
    if constexpr (requires { L::buffers; }) {
        f.buffer = L::buffers.data();
        f.buffers = L::buffers.size();
    }
    if constexpr (requires { L::derivative_uses; }) f.derivative_uses = L::derivative_uses;
    if constexpr (requires { L::overwrites_gradients; }) f.overwrites_gradients = L::overwrites_gradients;
    if constexpr (requires { L::mixes_batch; }) f.mixes_batch = L::mixes_batch;
    if constexpr (requires { L::in_place; }) f.in_place = L::in_place;
    if constexpr (speaks_for_itself<L>) {
        f.is_activation = f.elementwise = requires { typename L::activation; };
        if constexpr (requires { L::applies; }) f.applies = L::applies;
        if constexpr (requires { L::passes_gradient; }) f.passes_gradient = L::passes_gradient;
        if constexpr (requires { L::adds_input_gradients; }) f.adds_input_gradients = L::adds_input_gradients;
        if constexpr (requires { L::adds_gradients; }) f.adds_gradients = L::adds_gradients;
        if constexpr (requires { L::takes_steps; }) f.takes_steps = L::takes_steps;
    }
    if constexpr (requires { L::reshapes_only; }) f.reshapes_only = L::reshapes_only;
    if constexpr (requires { L::training_only; }) f.training_only = L::training_only;
    if constexpr (requires { L::draws; }) f.draws = L::draws;
    if constexpr (requires { L::elementwise; }) f.elementwise = L::elementwise;
    return f;
}

/// The facts of a layer, at one address: which layer a node of a schedule is follows from it.
template <class L>
inline constexpr layer_facts facts = facts_of<L>();

template <class L>
struct activation_of {
    using type = typename L::activation;
};

/// The room that so many numbers take where each array starts on a cache line.
template <class T>
constexpr std::size_t aligned(std::size_t elements)
{
    constexpr std::size_t line = 64 / sizeof(T);
    return (elements + line - 1) / line * line;
}
} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
