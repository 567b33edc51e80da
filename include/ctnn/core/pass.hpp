// SPDX-License-Identifier: BSD-3-Clause
/// What a layer sees of one pass: where its input, output, parameters and gradients are.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <ctnn/core/facts.hpp>
#include <ctnn/core/mode.hpp>

namespace ctnn::inline CTNN_ARCH {

class Generator;

/// The shapes of several inputs, one after the other.
template <class... Shapes>
struct input_shapes {
    static constexpr std::array<extents, sizeof...(Shapes)> value{Shapes::value...};
};

namespace detail {

// Shown by a compile error; never true.
template <class L, class M>
inline constexpr bool has_step_state = false;
template <class L, class M>
inline constexpr bool has_memory = false;
template <class L, class M>
inline constexpr bool has_generator = false;

/// The number of samples in a pass: a constant in training, and 1 in a stream.
template <Mode M>
struct row_count_of {
    using type = std::size_t;
};
template <Mode M>
    requires is_train<M>
struct row_count_of<M> {
    using type = std::integral_constant<std::size_t, M::batch>;
};
template <>
struct row_count_of<Stream> {
    using type = std::integral_constant<std::size_t, 1>;
};
template <Mode M>
using row_count = typename row_count_of<M>::type;

/// The extents of the inputs, one after the other.
template <class Input>
constexpr const extents* extents_of()
{
    if constexpr (requires { Input::rank; }) return &Input::value;
    else return Input::value.data();
}

/// Arrays of a layer as it declares them.
template <std::size_t N, class P>
CTNN_INLINE std::array<std::span<P>, N> spans_of(P* const* data, const Parameter* declared)
{
    std::array<std::span<P>, N> all;
    for (std::size_t i = 0; i < N; ++i) all[i] = {data[i], declared[i].shape.size()};
    return all;
}

/// What a backward pass does with the gradients of the inputs and of the parameters, and the activation that
/// is applied.
template <write_mode Weights, class Activation, write_mode... Inputs>
struct gradient_plan {
    static constexpr write_mode weights = Weights;
    static constexpr write_mode inputs[sizeof...(Inputs)]{Inputs...};
    using activation = Activation;
};
using usual_gradients = gradient_plan<write_mode::set, no_activation, write_mode::set>;

} // namespace detail

/// The argument of a layer's `forward` and `backward`: one pass of `rows` samples through layer `L`.
///
///   x, y       : (rows, Input) and (rows, output); x holds class ids for a layer that states `classes`. A
///                layer of several `inputs` has x<0>(), x<1>(), ..., and dx in the same way
///   dy, dx     : their gradients, in backward. dx is to be overwritten, and may be skipped when not
///                `wants_dx`; a layer that states `adds_input_gradients` looks at `input_gradient<I>`: skip,
///                set or add
///   parameters : one span for each of `L::parameters`; gradients : the same, to be added to (or overwritten,
///                if the layer states `overwrites_gradients`; or as `weight_gradient` says, if it states
///                `adds_gradients`); buffers : one for each of `L::buffers`, written only in training
///   activation : what to apply to the result, if `L` states that it `applies` one: y = activation{}(result);
///                in backward y is there, and dy is still to go through `activation{}.backward(dy, y)`
///   saved      : `L::saved(input, rows)` numbers that forward leaves for backward; in training only
///   scratch    : `L::scratch(input, rows)` numbers of any content in training, `L::eval_scratch(input)` in
///                eval
///   state      : `L::state` numbers that stay from step to step; in a stream only
///   generator  : what a layer that states `draws` draws from, in the forward pass of training
///   rows       : a constant in training. In a batch that is not full, a layer that draws or mixes the batch
///                gets the number; for any other the batch is filled up with copies of its last sample, whose
///                dy is 0
///   errors     : [ctnn.mode] saved, scratch or generator in an eval pass; `if constexpr (P::training)` keeps
///                them apart
template <class L, class T, Mode M, class Input, class Gradients = detail::usual_gradients,
          class Rows = detail::row_count<M>>
struct Pass {
    using layer = L;
    using scalar = T;
    using mode = M;
    using input = Input; ///< shape<...> of one sample, or input_shapes<shape<...>, ...>
    using activation = typename Gradients::activation;
    static constexpr bool training = is_train<M>;
    static constexpr std::size_t inputs = detail::facts<L>.inputs;
    static constexpr bool takes_ids = detail::facts<L>.classes > 0;
    static constexpr write_mode weight_gradient = Gradients::weights;
    template <std::size_t I = 0>
    static constexpr write_mode input_gradient = Gradients::inputs[I];
    static constexpr bool wants_dx = Gradients::inputs[0] != write_mode::skip;
    using x_type = std::conditional_t<takes_ids, class_id, T>;
    using owned = std::conditional_t<training, T, const T>;

    Rows rows;
    const x_type* x_data[inputs];
    T* y_data;
    const T* parameter_data[detail::facts<L>.parameters + 1] = {}; // one more, because there may be none
    owned* buffer_data[detail::facts<L>.buffers + 1] = {};
    T* saved_data = nullptr; ///< in a stream the state
    T* scratch_data = nullptr;
    const T* dy_data = nullptr;
    T* dx_data[inputs] = {};
    T* gradient_data[detail::facts<L>.parameters + 1] = {};
    /// For a layer that `takes_steps`: the rate of a step of plain SGD, w -= rate g, and the parameters to be
    /// stepped; their gradients may have any content then. Without a rate only the gradients are wanted.
    const T* rate = nullptr;
    T* stepped_data[detail::facts<L>.parameters + 1] = {};
    Generator* generator_used = nullptr;

    template <std::size_t I = 0>
    static constexpr std::size_t x_extent = detail::extents_of<Input>()[I].size();
    static constexpr std::size_t y_extent = detail::facts<L>.output(detail::extents_of<Input>()).size();

    /// How many rows of N numbers x has; in training a constant.
    template <std::size_t N>
    [[nodiscard]] constexpr auto rows_of() const
    {
        if constexpr (requires { Rows::value; })
            return std::integral_constant<std::size_t, Rows::value * x_extent<> / N>{};
        else return rows * x_extent<> / N;
    }

    template <std::size_t I = 0>
    [[nodiscard]] std::span<const x_type> x() const
    {
        return {x_data[I], rows * x_extent<I>};
    }
    [[nodiscard]] std::span<T> y() const { return {y_data, rows * y_extent}; }
    [[nodiscard]] std::span<const T> dy() const { return {dy_data, rows * y_extent}; }
    template <std::size_t I = 0>
    [[nodiscard]] std::span<T> dx() const
    {
        return {dx_data[I], rows * x_extent<I>};
    }
    [[nodiscard]] T* saved() const
    {
        static_assert(training || detail::has_memory<L, M>,
                      "[ctnn.mode] saved() and scratch() exist in training only: ask in forward by if "
                      "constexpr (P::training)");
        return saved_data;
    }
    [[nodiscard]] T* scratch() const
    {
        static_assert(training || detail::facts<L>.eval_scratch != nullptr || detail::has_memory<L, M>,
                      "[ctnn.mode] saved() and scratch() exist in training only: ask in forward by if "
                      "constexpr (P::training); a layer that states eval_scratch(input) has scratch in eval "
                      "too");
        return scratch_data;
    }
    [[nodiscard]] T* state() const
    {
        static_assert(std::is_same_v<M, Stream> || detail::has_step_state<L, M>,
                      "[ctnn.mode] state() exists in a stream only");
        return saved_data;
    }
    [[nodiscard]] Generator& generator() const
    {
        if constexpr (!training || !detail::facts<L>.draws)
            static_assert(
                detail::has_generator<L, M>,
                "[ctnn.mode] generator() exists in training only, for a layer that states draws = true");
        return *generator_used;
    }
    /// `const auto [weight, bias] = pass.parameters();`
    [[nodiscard]] auto parameters() const
    {
        return detail::spans_of<detail::facts<L>.parameters>(parameter_data, detail::facts<L>.parameter);
    }
    [[nodiscard]] auto gradients() const
    {
        return detail::spans_of<detail::facts<L>.parameters>(gradient_data, detail::facts<L>.parameter);
    }
    [[nodiscard]] auto buffers() const
    {
        return detail::spans_of<detail::facts<L>.buffers>(buffer_data, detail::facts<L>.buffer);
    }
};

} // namespace ctnn::inline CTNN_ARCH
