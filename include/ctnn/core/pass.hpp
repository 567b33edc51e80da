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

namespace detail {

// Shown by a compile error; never true.
template <class L, class M>
inline constexpr bool has_memory = false;
template <class L, class M>
inline constexpr bool has_generator = false;

/// The number of samples in a pass: a constant in training.
template <Mode M>
struct row_count_of {
    using type = std::size_t;
};
template <Mode M>
    requires is_train<M>
struct row_count_of<M> {
    using type = std::integral_constant<std::size_t, M::batch>;
};
template <Mode M>
using row_count = typename row_count_of<M>::type;

} // namespace detail

/// The argument of a layer's `forward` and `backward`: one pass of `rows` samples through layer `L`.
///
///   x, y       : (rows, Input) and (rows, output); x holds class ids for a layer that states `classes`
///   dy, dx     : their gradients, in backward; dx is to be overwritten, and may be skipped when not `wants_dx`
///   parameters : one span for each of `L::parameters`; gradients : the same, to be added to (or overwritten, if the layer
///                states `overwrites_gradients`); buffers : one for each of `L::buffers`, written only in training
///   activation : what to apply to the result, if `L` states that it `applies` one: y = activation{}(result); in backward y is
///                there, and dy is still to go through `activation{}.backward(dy, y)`
///   saved      : `L::saved(input, rows)` numbers that forward leaves for backward; in training only
///   scratch    : `L::scratch(input, rows)` numbers of any content; in training only
///   generator  : what a layer that states `draws` draws from, in the forward pass of training
///   errors     : [ctnn.mode] saved, scratch or generator in an eval pass; `if constexpr (P::training)` keeps them apart
template <class L, class T, Mode M, class Input, bool WantsDx = true, class Activation = no_activation>
struct Pass {
    using layer = L;
    using scalar = T;
    using mode = M;
    using input = Input; ///< shape<...> of one sample
    using activation = Activation;
    static constexpr bool training = is_train<M>;
    static constexpr bool wants_dx = WantsDx;
    static constexpr bool takes_ids = detail::facts_of<L>().classes > 0;
    using x_type = std::conditional_t<takes_ids, class_id, T>;
    using owned = std::conditional_t<training, T, const T>;

    detail::row_count<M> rows;
    const x_type* x_data;
    T* y_data;
    const T* parameter_data;
    owned* buffer_data;
    T* saved_data = nullptr;
    T* scratch_data = nullptr;
    const T* dy_data = nullptr;
    T* dx_data = nullptr;
    T* gradient_data = nullptr;
    Generator* generator_used = nullptr;

    static constexpr std::size_t x_extent = Input::size;
    static constexpr std::size_t y_extent = L::output(Input::value).size();

    /// The number of rows of N numbers in x: as a type in training.
    template <std::size_t N>
    [[nodiscard]] constexpr auto rows_of() const
    {
        if constexpr (training) return std::integral_constant<std::size_t, M::batch * x_extent / N>{};
        else return rows * x_extent / N;
    }

    [[nodiscard]] std::span<const x_type> x() const { return {x_data, rows * x_extent}; }
    [[nodiscard]] std::span<T> y() const { return {y_data, rows * y_extent}; }
    [[nodiscard]] std::span<const T> dy() const { return {dy_data, rows * y_extent}; }
    [[nodiscard]] std::span<T> dx() const { return {dx_data, rows * x_extent}; }
    [[nodiscard]] T* saved() const
    {
        static_assert(training || detail::has_memory<L, M>,
                      "[ctnn.mode] saved() and scratch() exist in training only: ask in forward by if constexpr (P::training)");
        return saved_data;
    }
    [[nodiscard]] T* scratch() const
    {
        static_assert(training || detail::has_memory<L, M>,
                      "[ctnn.mode] saved() and scratch() exist in training only: ask in forward by if constexpr (P::training)");
        return scratch_data;
    }
    [[nodiscard]] Generator& generator() const
    {
        if constexpr (!training || !detail::facts_of<L>().draws)
            static_assert(detail::has_generator<L, M>, "[ctnn.mode] generator() exists in training only, for a layer that states draws = true");
        return *generator_used;
    }
    /// `const auto [weight, bias] = pass.parameters();`
    [[nodiscard]] auto parameters() const { return spans<list_of_parameters>(parameter_data); }
    [[nodiscard]] auto gradients() const { return spans<list_of_parameters>(gradient_data); }
    [[nodiscard]] auto buffers() const { return spans<list_of_buffers>(buffer_data); }

private:
    struct list_of_parameters {
        static constexpr auto value = detail::parameters_of<L>();
    };
    struct list_of_buffers {
        static constexpr auto value = detail::buffers_of<L>();
    };
    template <class List, class P>
    static auto spans(P* base)
    {
        constexpr auto offset = detail::offsets_of<T>(List::value);
        return [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            return std::array<std::span<P>, sizeof...(I)>{std::span<P>(base + offset[I], List::value[I].shape.size())...};
        }
        (std::make_index_sequence<List::value.size()>{});
    }
};

} // namespace ctnn::inline CTNN_ARCH
