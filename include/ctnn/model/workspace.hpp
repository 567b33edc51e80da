// SPDX-License-Identifier: BSD-3-Clause
/// What a pass through a network works in: values, gradients and scratch.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <ctnn/core/class_ids.hpp>
#include <ctnn/core/index.hpp>
#include <ctnn/model/execute.hpp>
#include <ctnn/model/network.hpp>
#include <ctnn/model/weights.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// rows x sample shape as extents of an xtensor.
template <class Shape>
constexpr auto batch_extents(std::size_t rows)
{
    std::array<std::size_t, Shape::rank + 1> e{rows};
    for (std::size_t i = 0; i < Shape::rank; ++i) e[i + 1] = Shape::value[i];
    return e;
}

/// The first extent, that of the batch; 0 for a tensor without axes.
template <class X>
std::size_t rows_of(const X& x)
{
    if constexpr (are_tensors<X>()) return x.dimension() > 0 ? static_cast<std::size_t>(x.shape()[0]) : 0;
    else return 0;
}

/// The classes of a network's input; 0 for one of numbers.
template <class Net>
constexpr std::size_t classes_of_input(std::size_t input)
{
    std::size_t classes = 0;
    for (std::size_t i = 0; i < schedule_of<Net>.size.nodes; ++i)
        if (const std::size_t c = schedule_of<Net>.nodes[i].facts->classes;
            c > 0 && schedule_of<Net>.read(i) == schedule_of<Net>.inputs[input])
            classes = classes == 0 ? c : std::min(classes, c);
    return classes;
}
template <class Net, class T, std::size_t I>
using input_type = std::conditional_t<(classes_of_input<Net>(I) > 0), class_id, T>;

/// Copies numbers in row-major order, and moves on.
template <class To, class Iterator>
void copy_numbers(To* to, Iterator& from, std::size_t n)
{
    for (std::size_t i = 0; i < n; ++i, ++from) to[i] = static_cast<To>(*from);
}

// Shown by a compile error; never true.
template <class Net, std::size_t Given>
inline constexpr bool takes_inputs = false;
template <class Net, std::size_t Given>
inline constexpr bool takes_gradients = false;
template <class Location, class L>
inline constexpr bool makes_output = false;

} // namespace detail

template <class Net, Mode M, Scalar T = float>
class Workspace;

/// What a training step works in: the values of one batch, gradients that can be written, and scratch, in one
/// block.
///
/// ```cpp
/// Weights<Net> weights{generator};
/// Workspace<Net, Train<8>> first, second;                // two workers, one set of weights
/// const auto logits = first.forward(weights, nullptr, x);
/// first.backward(weights, dlogits);                      // then first.gradients() is one span
/// ```
template <class Net, std::size_t B, class Keep, Scalar T>
    requires(detail::is_sound<Net, Train<B, Keep>>)
class Workspace<Net, Train<B, Keep>, T> {
public:
    using executor =
        detail::executor<Net, T, Train<B, Keep>,
                         detail::purpose{B, sizeof(T), true, Train<B, Keep>::retains_gradients, true}>;

private:
    using plan = typename executor::plan;
    using table = detail::slots<Net, T>;
    using base = typename plan::base;
    using views = detail::slot_views<Net, T>;
    static constexpr std::size_t gradient_bytes = table::value.learning * sizeof(T);

public:
    static constexpr std::size_t bytes = gradient_bytes + plan::value.bytes, inputs = plan::inputs,
                                 outputs = plan::outputs;

    Workspace() : Workspace(detail::memory_block(bytes)) {}
    /// In a block that is there already, of zeros.
    explicit Workspace(detail::memory_block memory) : memory_(std::move(memory)) {}

    /// As forward of a training model.
    template <class... X>
    auto forward(Weights<Net, T>& weights, Generator* generator, const X&... x)
    {
        return forward_stored(weights, generator, detail::stored(x)...);
    }
    /// As backward of a training model.
    template <bool Accumulates = false, class... Y>
    void backward(Weights<Net, T>& weights, const Y&... dy)
    {
        run_backward<Accumulates>(weights, nullptr, dy...);
    }
    /// The same, which takes a step of plain SGD with the parameters for which `takes_step` is true. Their
    /// gradients are not kept.
    template <class... Y>
    void step(Weights<Net, T>& weights, const T& rate, const Y&... dy)
    {
        run_backward<false>(weights, &rate, dy...);
    }
    /// The beginnings of both, for those who do some layers in their own way: what the executor is then
    /// given, a full batch.
    using memory_pieces = std::array<std::byte*, base::count>;
    template <class... X>
    detail::run<T> start(Weights<Net, T>& weights, Generator* generator, memory_pieces& memory, const X&... x)
    {
        rows_ = checked_rows(x...);
        detail::with_indices<inputs>([&](auto... i) {
            (check_input<i()>(x, rows_), ...);
            (copy_input<i()>(x, rows_), ...);
        });
        memory = {};
        return run_of(weights, memory.data(), generator);
    }
    template <class... Y>
    detail::run<T> start_backward(Weights<Net, T>& weights, memory_pieces& memory, const Y&... dy)
    {
        memory = {};
        detail::with_indices<outputs>([&](auto... k) {
            (detail::require_shape("the gradient of the output", dy,
                                   detail::batch_extents<output_shape<Net, k()>>(rows_)),
             ...);
            ((memory[base::gradient + k] = gradient_piece<k()>(dy)), ...);
        });
        return run_of(weights, memory.data(), nullptr);
    }
    /// Whether the parameters of a layer are stepped while its gradients are made.
    static constexpr bool takes_step(std::size_t layer) { return steps_taken[layer]; }

    /// The number of samples in the last forward.
    [[nodiscard]] std::size_t rows() const { return rows_; }
    /// A view of a parameter's gradient.
    template <fixed_string Name>
    auto gradient()
    {
        return views::template named<Name, true>(gradients().data());
    }
    template <fixed_string Name>
    auto gradient() const
    {
        return views::template named<Name, true>(gradients().data());
    }
    /// The gradients of all parameters that learn, placed as in Weights::learning.
    [[nodiscard]] std::span<T> gradients() { return {memory_.template at<T>(0), table::value.learning}; }
    [[nodiscard]] std::span<const T> gradients() const
    {
        return {memory_.template at<T>(0), table::value.learning};
    }

    /// Whether the output of a layer is made: not where the next one does the work of both, nor what is only
    /// reshaped between the two.
    static constexpr bool makes_output(std::size_t layer)
    {
        return !plan::of_values.takes_ids[plan::of_values.same[plan::schedule.nodes[layer].gives]];
    }
    /// The output of layer I in the last forward.
    template <std::size_t I>
    [[nodiscard]] auto output() const
    {
        constexpr bool is_made = makes_output(I);
        static_assert(
            is_made || detail::makes_output<detail::position_of<Net, I>, detail::layer_at<Net, I>>,
            "[ctnn.mode] the output of the layer at this position is not made in training: the next "
            "one does the work of both. Train<B, RetainGradients> makes it");
        return value_view<plan::schedule.nodes[I].gives>(plan::value.value);
    }
    /// The gradient of the output of layer I in the last backward.
    template <std::size_t I>
    [[nodiscard]] auto output_gradient() const
    {
        return value_view<plan::schedule.nodes[I].gives>(plan::value.gradient);
    }
    /// The gradient of a numeric input in the last backward.
    template <std::size_t I = 0>
    [[nodiscard]] auto input_gradient() const
    {
        return value_view<plan::schedule.inputs[I]>(plan::value.gradient);
    }
    /// The same for a layer whose number is known when running, as numbers in row-major order.
    [[nodiscard]] std::span<const T> output_numbers(std::size_t layer) const
    {
        if (!makes_output(layer)) return {};
        return numbers(plan::value.value, layer);
    }
    [[nodiscard]] std::span<const T> output_gradient_numbers(std::size_t layer) const
    {
        return numbers(plan::value.gradient, layer);
    }
    /// Views of what the network gave.
    [[nodiscard]] auto views_of_outputs() const
    {
        if constexpr (outputs == 1) return value_view<plan::schedule.outputs[0]>(plan::value.value);
        else
            return detail::with_indices<outputs>([&](auto... k) {
                return std::tuple{value_view<plan::schedule.outputs[k()]>(plan::value.value)...};
            });
    }

private:
    static constexpr auto steps_taken = [] {
        std::array<bool, plan::nodes + 1> takes{};
        for (std::size_t i = 0; i < plan::nodes; ++i) takes[i] = executor::takes_step(i);
        return takes;
    }();

    template <bool Accumulates, class... Y>
    void run_backward(Weights<Net, T>& weights, const T* rate, const Y&... dy)
    {
        std::byte* pieces[base::count]{};
        detail::with_indices<outputs>([&](auto... k) {
            (detail::require_shape("the gradient of the output", dy,
                                   detail::batch_extents<output_shape<Net, k()>>(rows_)),
             ...);
            ((pieces[base::gradient + k] = gradient_piece<k()>(dy)), ...);
        });
        const auto r = run_of(weights, pieces, nullptr, rate);
        if (rows_ == B) executor::template backward<Accumulates, false>(r);
        else executor::template backward<Accumulates, true>(r);
    }

    template <class... X>
    auto forward_stored(Weights<Net, T>& weights, Generator* generator, const X&... x)
    {
        const std::size_t rows = checked_rows(x...);
        detail::with_indices<inputs>([&](auto... i) {
            (check_input<i()>(x, rows), ...);
            (copy_input<i()>(x, rows), ...);
        });
        rows_ = rows;
        std::byte* pieces[base::count]{};
        const auto r = run_of(weights, pieces, generator);
        if (rows == B) executor::forward(r);
        else executor::template forward<true>(r);
        return views_of_outputs();
    }

    detail::memory_block memory_;
    std::size_t rows_ = B;

    template <class X>
    X* at(detail::place p)
    {
        return memory_.template at<X>(gradient_bytes + p.offset);
    }
    template <std::size_t Value, class Places>
    auto value_view(const Places& places) const
    {
        return view_of(memory_.template at<const T>(gradient_bytes + places[Value].offset),
                       detail::batch_extents<detail::shape_at<Net, Value>>(rows_));
    }
    template <class Places>
    std::span<const T> numbers(const Places& places, std::size_t layer) const
    {
        const std::size_t value = plan::schedule.nodes[layer].gives;
        return {memory_.template at<const T>(gradient_bytes + places[value].offset),
                rows_ * plan::trace.at[value].size()};
    }
    /// Whether an output is another name of one before it.
    static constexpr bool is_given_before(std::size_t k)
    {
        for (std::size_t i = 0; i < k; ++i)
            if (plan::of_values.same[plan::schedule.outputs[i]] ==
                plan::of_values.same[plan::schedule.outputs[k]])
                return true;
        return false;
    }

    template <std::size_t I, class X>
    static void check_input(const X& x, std::size_t rows)
    {
        const auto expected = detail::batch_extents<input_shape<Net, I>>(rows);
        detail::require_shape("the input", x, expected);
        if constexpr (constexpr std::size_t classes = detail::classes_of_input<Net>(I); classes > 0)
            detail::require_classes("the input", x.template begin<xt::layout_type::row_major>(), expected,
                                    classes);
    }
    /// A batch that is not full is filled up with its last sample.
    template <std::size_t I, class X>
    void copy_input(const X& x, std::size_t rows)
    {
        constexpr std::size_t size = input_shape<Net, I>::size;
        auto* const to = at<detail::input_type<Net, T, I>>(plan::value.value[plan::schedule.inputs[I]]);
        auto from = x.template begin<xt::layout_type::row_major>();
        detail::copy_numbers(to, from, rows * size);
        for (std::size_t i = rows * size; i < B * size; ++i) to[i] = to[i - size];
    }
    /// Where the gradient of output K is read: where the caller has it, or in a copy, with 0 for what fills a
    /// batch up.
    template <std::size_t K, class Y>
    std::byte* gradient_piece(const Y& dy)
    {
        constexpr std::size_t size = output_shape<Net, K>::size;
        if constexpr (std::is_same_v<std::remove_const_t<typename Y::value_type>, T> &&
                      !plan::value.copies_gradient[K])
            if (const T* dense = detail::dense_data(dy); dense != nullptr && rows_ == B)
                return const_cast<std::byte*>(reinterpret_cast<const std::byte*>(dense)); // it is only read
        T* const to = at<T>(plan::value.gradient_copy[K]);
        auto from = dy.template begin<xt::layout_type::row_major>();
        if constexpr (is_given_before(K)) {
            for (std::size_t i = 0; i < rows_ * size; ++i, ++from) to[i] += static_cast<T>(*from);
        } else {
            detail::copy_numbers(to, from, rows_ * size);
            for (std::size_t i = rows_ * size; i < B * size; ++i) to[i] = T{0};
        }
        return reinterpret_cast<std::byte*>(to);
    }

    detail::run<T> run_of(Weights<Net, T>& weights, std::byte** pieces, Generator* generator,
                          const T* rate = nullptr)
    {
        pieces[base::workspace] = memory_.template at<std::byte>(gradient_bytes);
        return {pieces, weights.data(), gradients().data(), rows_, generator, 1, rate};
    }

    /// errors : [ctnn.shape] no sample, more than B, or so few that a layer has a single row of a batch to
    /// learn from
    template <class X, class... More>
    static std::size_t checked_rows(const X& x, const More&...)
    {
        const std::size_t rows = detail::rows_of(x);
        if (rows == B) return rows;
        if (rows == 0 || rows > B)
            throw Error("ctnn.shape", "the input has shape " + shape_text(x.shape()) + ", expected " +
                                          shape_text(detail::batch_extents<input_shape<Net>>(B)) +
                                          ", or fewer rows, at least one");
        if constexpr (constexpr std::size_t i = detail::first_single_row<Net>(1); i < plan::nodes) {
            static constexpr auto path = detail::path_text<Net, i>;
            if (rows == 1)
                throw Error("ctnn.shape", "a batch of one sample: layer " +
                                              std::string(path.data(), path.size()) +
                                              " learns from the spread of a batch, expected at least 2");
        }
        return rows;
    }
};

} // namespace ctnn::inline CTNN_ARCH
