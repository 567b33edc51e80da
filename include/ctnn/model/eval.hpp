// SPDX-License-Identifier: BSD-3-Clause
/// The model that answers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include <ctnn/core/class_ids.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/model/parameters.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// Activations of an eval pass stand on the stack in two arrays that layers read and write in turn. This says how large.
template <class Net, class T>
struct eval_plan {
    using list = flat_layers<Net>;
    static constexpr std::size_t layers = list::size;
    static constexpr auto facts = facts_table<list>::value;
    static constexpr bool takes_ids = facts[0].classes > 0;

    struct table {
        std::array<std::size_t, layers + 1> side{}; ///< where value i stands: 0 the input, 1 and 2 the arrays, 3 the output
        std::array<bool, layers> runs{};            ///< not what passes through, or what the layer before does
        std::array<bool, layers> applies{};         ///< whether layer i applies the activation of layer i + 1
        std::array<std::size_t, 3> width{};         ///< numbers a row in arrays 1 and 2
    };
    /// What gives the numbers it takes is not run.
    static constexpr bool passes_through(std::size_t i) { return facts[i].reshapes_only || facts[i].training_only; }

    static constexpr table place = [] {
        table t;
        std::size_t last = layers; // the last layer that computes writes to the output, those behind it pass it through
        while (last > 1 && passes_through(last - 1)) --last;
        for (std::size_t i = 0; i < layers; ++i) {
            const std::size_t from = t.side[i];
            const bool stays = passes_through(i) || (facts[i].in_place && from != 0);
            t.side[i + 1] = i + 1 >= last ? 3 : stays ? from : from == 1 ? 2 : 1;
            t.runs[i] = !passes_through(i) && !(i > 0 && t.applies[i - 1]);
            t.applies[i] = t.runs[i] && i + 1 < layers && facts[i + 1].is_activation && facts[i + 1].in_place &&
                           facts[i].applies != applies_activation::never;
            if (t.side[i + 1] < 3) t.width[t.side[i + 1]] = std::max(t.width[t.side[i + 1]], shapes_of<Net>.at[i + 1].size());
        }
        return t;
    }();

    static constexpr std::size_t stack_bytes = 12 * 1024; ///< of the 16 KiB that no frame of ours exceeds
    static constexpr std::size_t row_bytes =
        sizeof(T) * (place.width[1] + place.width[2]) + (takes_ids ? sizeof(class_id) : sizeof(T)) * shapes_of<Net>.at[0].size();
    static constexpr std::size_t rows = std::clamp<std::size_t>(stack_bytes / row_bytes, 1, 64);
    static constexpr bool fits_stack = row_bytes <= stack_bytes;
};

// Shown by a compile error; never true.
template <class M>
inline constexpr bool can_learn = false;

} // namespace detail

/// A network that only answers: every call is const, keeps nothing and may run in many threads at once on one model. Memory is
/// allocated when the model is made and not again, except for results that are returned as an xtensor.
///
/// The answer for a sample does not depend on the samples beside it, on their number or on its place among them, bit for bit.
///
///   stack : at most 16 KiB a call. A layer so wide that one row does not fit takes its scratch from the heap instead
template <class Net, Scalar T>
    requires detail::is_sound<Net, Eval>
class Model<Net, Eval, T> {
    using plan = detail::eval_plan<Net, T>;
    using access = detail::parameter_access<Net, T>;
    using table = detail::slots<Net, T>;
    using list = detail::flat_layers<Net>;
    using value_type = std::conditional_t<plan::takes_ids, class_id, T>;
    static constexpr std::size_t in_size = input_shape<Net>::size, out_size = output_shape<Net>::size;

public:
    using network = Net;
    using mode = Eval;
    using scalar = T;
    static constexpr std::size_t layers = plan::layers;
    static constexpr std::size_t sample_size = in_size, output_size = out_size; ///< numbers (or ids) of one sample
    static constexpr bool takes_ids = plan::takes_ids;

    /// Every parameter at its layer's constant initial value: 1 for gains, 0 for all else.
    Model() { access::initialise(parameter_block(), buffer_block(), nullptr); }
    /// Every layer draws its own initial values, in order.
    explicit Model(Generator& generator) { access::initialise(parameter_block(), buffer_block(), &generator); }
    /// Parameters and buffers of another model of the same network.
    template <Mode M>
    explicit Model(const Model<Net, M, T>& other)
    {
        std::copy_n(other.parameter_block(), table::parameter_elements, parameter_block());
        std::copy_n(other.buffer_block(), table::buffer_elements, buffer_block());
    }

    /// y = net(x) for any number of samples.
    ///
    ///   x      : an xtensor of (n, input shape): numbers, or integers for a network that starts with an Embedding
    ///   result : an xtensor of (n, output shape)
    ///   errors : [ctnn.shape] other extents; [ctnn.class_id] an id out of range
    template <class X>
    [[nodiscard]] auto forward(const X& x) const
    {
        const auto y_extents = detail::batch_extents<output_shape<Net>>(x.dimension() > 0 ? static_cast<std::size_t>(x.shape()[0]) : 0);
        auto y = xt::xtensor<T, output_shape<Net>::rank + 1>::from_shape(y_extents);
        forward(x, y);
        return y;
    }

    /// The same into an xtensor or view `y` of (n, output shape) that is there already. Allocates nothing.
    ///   errors : as above, and [ctnn.shape] y has other extents or gaps in memory; y is not written then
    template <class X, class Y>
    void forward(const X& x, Y&& y) const
    {
        static_assert(std::is_same_v<typename std::remove_cvref_t<Y>::value_type, T>,
                      "[ctnn.shape] the result of forward is an xtensor of the model's scalar type");
        const std::size_t n = x.dimension() > 0 ? static_cast<std::size_t>(x.shape()[0]) : 0;
        const auto extents_of_x = detail::batch_extents<input_shape<Net>>(n);
        detail::require_shape("the input", x, extents_of_x);
        detail::require_shape("the result", y, detail::batch_extents<output_shape<Net>>(n));
        auto from = x.template begin<xt::layout_type::row_major>();
        if constexpr (plan::takes_ids) detail::require_classes("the input", from, extents_of_x, plan::facts[0].classes);
        T* to = detail::writable_data("the result", y);
        for (std::size_t done = 0; done < n;) {
            const std::size_t rows = std::min(plan::rows, n - done);
            run<plan::rows>(to, from, rows);
            to += rows * out_size;
            done += rows;
        }
    }

    /// y = net(x) for one sample: any range of as many numbers or ids as a sample has. Allocates nothing.
    ///   errors : [ctnn.shape] another number of them; [ctnn.class_id] an id out of range
    template <class Range>
    [[nodiscard]] std::array<T, out_size> forward_one(const Range& x) const
    {
        std::array<T, out_size> y;
        forward_one(x, std::span<T, out_size>(y));
        return y;
    }
    /// The same into memory of the caller, for outputs too large to be returned.
    template <class Range>
    void forward_one(const Range& x, std::span<T, out_size> y) const
    {
        if (static_cast<std::size_t>(std::size(x)) != in_size)
            throw Error("ctnn.shape",
                        "the sample has " + std::to_string(std::size(x)) + " elements, the model takes " + std::to_string(in_size));
        if constexpr (plan::takes_ids) detail::require_classes("the sample", std::begin(x), std::array{in_size}, plan::facts[0].classes);
        auto from = std::begin(x);
        run<1>(y.data(), from, 1);
    }

    /// Does not compile: an eval model has no gradients.
    template <class Y>
    void backward(const Y&) const
    {
        static_assert(detail::can_learn<Model>,
                      "[ctnn.mode] an eval model has no backward: train a Model<Net, Train<B>> and freeze it afterwards");
    }

    /// A view of a parameter or buffer by its PyTorch name.
    template <fixed_string Name>
    auto parameter()
    {
        return access::template named<Name>(parameter_block(), buffer_block());
    }
    template <fixed_string Name>
    auto parameter() const
    {
        return access::template named<Name>(parameter_block(), buffer_block());
    }
    /// f(name, value) for each trainable parameter, in order.
    template <class F>
    void for_each_parameter(F&& f) const
    {
        access::for_each_parameter(parameter_block(), buffer_block(), [&](auto, std::string_view name, auto value) { f(name, value); });
    }
    /// f(name, value) for each buffer, such as running statistics.
    template <class F>
    void for_each_buffer(F&& f) const
    {
        access::for_each_buffer(parameter_block(), buffer_block(), f);
    }

    [[nodiscard]] T* parameter_block() { return memory_.template at<T>(0); }
    [[nodiscard]] const T* parameter_block() const { return memory_.template at<T>(0); }
    [[nodiscard]] T* buffer_block() { return memory_.template at<T>(table::parameter_elements * sizeof(T)); }
    [[nodiscard]] const T* buffer_block() const { return memory_.template at<T>(table::parameter_elements * sizeof(T)); }

private:
    detail::memory_block memory_{(table::parameter_elements + table::buffer_elements) * sizeof(T)};

    /// Copies `rows` samples, at most Capacity, from an iterator, moves it on, and runs them through all layers.
    template <std::size_t Capacity, class Iterator>
    void run(T* y, Iterator& from, std::size_t rows) const
    {
        if constexpr (plan::fits_stack) {
            alignas(64) T arrays[std::max<std::size_t>(1, Capacity * (plan::place.width[1] + plan::place.width[2]))];
            __asm__("" : "=m"(arrays)); // no instruction; g++ does not see that every layer reads what one before it has written, and warns
            alignas(64) value_type x[Capacity * in_size] = {};
            run(y, from, rows, arrays, arrays + Capacity * plan::place.width[1], x);
        } else {
            const auto arrays = std::make_unique<T[]>(plan::place.width[1] + plan::place.width[2]);
            const auto x = std::make_unique<value_type[]>(in_size);
            run(y, from, rows, arrays.get(), arrays.get() + plan::place.width[1], x.get());
        }
    }
    template <class Iterator>
    void run(T* y, Iterator& from, std::size_t rows, T* first, T* second, value_type* x) const
    {
        for (std::size_t i = 0; i < rows * in_size; ++i, ++from) x[i] = static_cast<value_type>(*from);
        T* const sides[4] = {nullptr, first, second, y};
        [&]<std::size_t... I>(std::index_sequence<I...>) { (layer<I>(sides, x, rows), ...); }
        (std::make_index_sequence<layers>{});
    }

    template <std::size_t I>
    void layer(T* const (&sides)[4], const value_type* x, std::size_t rows) const
    {
        using L = typename list::template at<I>;
        constexpr bool applies_next = plan::place.applies[I];
        constexpr std::size_t from = plan::place.side[I], to = plan::place.side[applies_next ? I + 2 : I + 1];
        if constexpr (!plan::place.runs[I]) {
            if constexpr (plan::passes_through(I) && from == 0 && to == 3) std::copy_n(x, rows * out_size, sides[3]);
        } else {
            const auto input = [&] {
                if constexpr (from == 0) return x;
                else return static_cast<const T*>(sides[from]);
            }();
            using activation = detail::applied_activation<list, I, applies_next>;
            L::forward(Pass<L, T, Eval, detail::shape_at<Net, I>, true, activation>{
                .rows = rows,
                .x_data = input,
                .y_data = sides[to],
                .parameter_data = parameter_block() + table::value.parameter_offset[I],
                .buffer_data = buffer_block() + table::value.buffer_offset[I]});
        }
    }
};

} // namespace ctnn::inline CTNN_ARCH
