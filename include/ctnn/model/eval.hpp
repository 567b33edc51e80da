// SPDX-License-Identifier: BSD-3-Clause
/// The model that answers.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <ctnn/core/index.hpp>
#include <ctnn/model/eval_workspace.hpp>
#include <ctnn/model/model.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class M>
inline constexpr bool can_learn = false;
template <class M>
inline constexpr bool fits_on_a_stack = false;

template <class Range>
auto begin_of(const std::reference_wrapper<const Range>& range)
{
    return std::begin(range.get());
}
template <class Id, std::size_t N>
auto begin_of(const std::array<Id, N>& ids)
{
    return ids.begin();
}

} // namespace detail

/// A network that only answers: every call is const, keeps nothing and may run in many threads at once on one
/// model.
///
/// The answer for a sample does not depend on the samples beside it, on their number or on its place among
/// them, bit for bit.
///
///   memory : at most 16 KiB of stack a call. A network so wide that fewer than 8 rows fit there takes one
///            allocation a call for a piece of the batch, or none with a `Workspace<Net, Eval>` of the caller
///
///   mode   : `Eval`, or `Packed<N>` of what `freeze` makes: its weights cannot be changed. With N the
///            scalar type such a model is a Model<Net, Eval> too
template <class Net, Mode M, Scalar T>
    requires(is_eval<M> && detail::is_sound<Net, Eval>)
class Model<Net, M, T> : public detail::kept_weights<Net, M, T>::type {
    using base = typename detail::kept_weights<Net, M, T>::type;
    using table = detail::slots<Net, T>;
    using size = detail::eval_size<Net, T, M>;
    static constexpr bool is_plain =
        detail::schedule_of<Net>.size.inputs == 1 && detail::schedule_of<Net>.size.outputs == 1;

public:
    using network = Net;
    using mode = M;
    using scalar = T;
    static constexpr std::size_t layers = table::nodes;
    /// What forward takes and gives.
    static constexpr std::size_t inputs = detail::schedule_of<Net>.size.inputs,
                                 outputs = detail::schedule_of<Net>.size.outputs;
    /// of one sample
    static constexpr std::size_t sample_size = input_shape<Net>::size, output_size = output_shape<Net>::size;
    static constexpr bool takes_ids = detail::classes_of_input<Net>(0) > 0;

    /// Every parameter at its layer's constant initial value: 1 for gains, 0 for all else.
    Model() = default;
    /// Every layer draws its own initial values, in order.
    explicit Model(Generator& generator) : base(Weights<Net, T>(generator)) {}
    /// Parameters and buffers of another model of the same network.
    template <Mode Other>
    explicit Model(const Model<Net, Other, T>& other) : base(other.weights())
    {}
    explicit Model(Weights<Net, T> weights) : base(std::move(weights)) {}
    /// With what the first input of each layer lies between, for weights that are whole numbers.
    Model(Weights<Net, T> weights, const std::array<value_range, layers>& seen)
        requires(is_packed<M>)
        : base(std::move(weights), seen)
    {}

    /// y = net(x) for any number of samples.
    ///
    /// ```cpp
    /// const auto y = model.forward(x);                // an xtensor of (n, output shape)
    /// model.forward(x, y);                            // into an xtensor or a view without gaps
    /// model.forward(x, y, workspace);                 // and in a Workspace<Net, Eval> of the caller
    /// const auto [a, b] = other.forward(ids, numbers) // several inputs and outputs; or into std::tie(a, b)
    /// ```
    ///
    ///   x      : for each input an xtensor of (n, input shape): numbers, or integers for an Embedding
    ///   errors : [ctnn.shape] other extents, or y has gaps in memory; [ctnn.class_id] an id out of range; y
    ///            is not written then
    template <class X>
    [[nodiscard]] auto forward(const X& x) const
        requires(is_plain)
    {
        return forward_in(nullptr, x);
    }
    template <class X, class Y>
    void forward(const X& x, Y&& y) const
        requires(is_plain)
    {
        if constexpr (detail::are_tensors<X>()) run_into(y, nullptr, detail::stored(x));
    }
    template <class X>
    [[nodiscard]] auto forward(const X& x, Workspace<Net, Eval, T>& workspace) const
        requires(is_plain)
    {
        return forward_in(workspace.data(), x);
    }
    template <class X, class Y>
    void forward(const X& x, Y&& y, Workspace<Net, Eval, T>& workspace) const
        requires(is_plain)
    {
        if constexpr (detail::are_tensors<X>()) run_into(y, workspace.data(), detail::stored(x));
    }
    template <class... Arguments>
    auto forward(Arguments&&... arguments) const
        requires(!is_plain)
    {
        constexpr std::size_t given = sizeof...(Arguments);
        constexpr bool fits = given >= inputs && given <= inputs + 2;
        static_assert(fits || detail::takes_inputs<Net, given>,
                      "[ctnn.shape] forward takes one tensor for each input of the network, then the results "
                      "if they are there already (a std::tie of several), then a Workspace<Net, Eval>");
        if constexpr (fits) {
            const auto all = std::forward_as_tuple(arguments...);
            constexpr bool has_workspace =
                std::is_same_v<std::remove_cvref_t<std::tuple_element_t<given - 1, decltype(all)>>,
                               Workspace<Net, Eval, T>>;
            std::byte* memory = nullptr;
            if constexpr (has_workspace) memory = std::get<given - 1>(all).data();
            return detail::with_indices<inputs>([&](auto... i) {
                if constexpr (given == inputs + (has_workspace ? 1 : 0))
                    return forward_in(memory, std::get<i()>(all)...);
                else run_into(std::get<inputs>(all), memory, detail::stored(std::get<i()>(all))...);
            });
        }
    }

    /// y = net(x) for one sample: for each input any range of as many numbers or ids as a sample has.
    /// Allocates nothing unless a row is wider than 12 KiB.
    ///   result : a std::array of at most 64 KiB; for several outputs a std::tuple of them
    ///   errors : [ctnn.shape] another number of them; [ctnn.class_id] an id out of range
    template <class... Range>
    [[nodiscard]] auto forward_one(const Range&... x) const
        requires(sizeof...(Range) == inputs)
    {
        static_assert(fits_on_a_stack || detail::fits_on_a_stack<Model>,
                      "[ctnn.shape] forward_one returns at most 64 KiB by value, because it stands on the "
                      "stack: give it memory for the result, forward_one(x, std::span(y))");
        if constexpr (!fits_on_a_stack) {
            return std::array<T, 1>{};
        } else if constexpr (outputs == 1) {
            std::array<T, output_size> y;
            T* const to[] = {y.data()};
            run_one(to, x...);
            return y;
        } else {
            return detail::with_indices<outputs>([&](auto... k) {
                std::tuple<std::array<T, output_shape<Net, k()>::size>...> y;
                T* const to[] = {std::get<k()>(y).data()...};
                run_one(to, x...);
                return y;
            });
        }
    }
    /// The same of a network with one input and one output into memory of the caller, for results too large
    /// to be returned.
    template <class Range>
    void forward_one(const Range& x, std::span<T, output_size> y) const
        requires(is_plain)
    {
        T* const to[] = {y.data()};
        run_one(to, x);
    }

    /// Does not compile: an eval model has no gradients.
    template <class Y>
    void backward(const Y&) const
    {
        static_assert(detail::can_learn<Model>, "[ctnn.mode] an eval model has no backward: train a "
                                                "Model<Net, Train<B>> and freeze it afterwards");
    }

private:
    static constexpr bool fits_on_a_stack = detail::with_indices<outputs>(
        [](auto... k) { return (output_shape<Net, k()>::size + ...) * sizeof(T) <= 64 * 1024; });

    template <std::size_t K>
    static auto result(std::size_t n)
    {
        return xt::xtensor<T, output_shape<Net, K>::rank + 1>::from_shape(
            detail::batch_extents<output_shape<Net, K>>(n));
    }
    /// Into the results that are there: one, or a tuple of several.
    template <class Y, class... X>
    void run_into(Y& y, std::byte* memory, const X&... x) const
    {
        const std::size_t n = checked_rows_of_all(x...);
        detail::with_indices<outputs>([&](auto... k) {
            T* const to[] = {checked_result<k()>(detail::source_at<k()>(y), n)...};
            run(to, memory, x...);
        });
    }
    template <class... X>
    auto forward_in(std::byte* memory, const X&... x) const
    {
        if constexpr (detail::are_tensors<X...>()) return forward_stored(memory, detail::stored(x)...);
        else return result<0>(0);
    }
    template <class... X>
    auto forward_stored(std::byte* memory, const X&... x) const
    {
        const std::size_t n = checked_rows_of_all(x...);
        if constexpr (outputs == 1) {
            auto y = result<0>(n);
            T* const to[] = {y.data()};
            run(to, memory, x...);
            return y;
        } else {
            return detail::with_indices<outputs>([&](auto... k) {
                std::tuple y{result<k()>(n)...};
                T* const to[] = {std::get<k()>(y).data()...};
                run(to, memory, x...);
                return y;
            });
        }
    }

    /// The number of samples, the same in every input.
    template <class... X>
    static std::size_t checked_rows_of_all(const X&... x)
    {
        return detail::with_indices<inputs>([&](auto... i) { return (checked_rows<i()>(x), ...); });
    }
    /// The number of samples of input I, which has the right extents and ids.
    template <std::size_t I, class X>
    static std::size_t checked_rows(const X& x)
    {
        const std::size_t n = detail::rows_of(x);
        const auto expected = detail::batch_extents<input_shape<Net, I>>(n);
        detail::require_shape("the input", x, expected);
        if constexpr (constexpr std::size_t classes = detail::classes_of_input<Net>(I); classes > 0)
            detail::require_classes("the input", x.template begin<xt::layout_type::row_major>(), expected,
                                    classes);
        return n;
    }
    template <std::size_t K, class Y>
    static T* checked_result(Y& y, std::size_t n)
    {
        static_assert(std::is_same_v<typename std::remove_cvref_t<Y>::value_type, T>,
                      "[ctnn.shape] the result of forward is an xtensor of the model's scalar type");
        detail::require_shape("the result", y, detail::batch_extents<output_shape<Net, K>>(n));
        return detail::writable_data("the result", y);
    }

    /// Whether a result goes where the input stands.
    template <class Number>
    static bool overlap(const Number* from, std::size_t size, T* const* to, std::size_t n)
    {
        const auto address = [](const auto* p) { return reinterpret_cast<std::uintptr_t>(p); };
        bool any = false;
        detail::for_each_index<outputs>([&](auto k) {
            any = any || (address(from) < address(to[k()] + n * output_shape<Net, k()>::size) &&
                          address(to[k()]) < address(from + size));
        });
        return any;
    }
    template <class X, class... More>
    void run(T* const* to, std::byte* memory, const X& x, const More&... more) const
    {
        const std::size_t n = detail::rows_of(x);
        if (((detail::rows_of(more) != n) || ...))
            throw Error("ctnn.shape", "the inputs have different numbers of samples, expected " +
                                          std::to_string(n) + " of each");
        if constexpr (sizeof...(More) == 0) {
            // Numbers are read where they stand, if they stand there as the network reads them.
            if constexpr (std::is_same_v<std::remove_const_t<typename X::value_type>,
                                         detail::input_type<Net, T, 0>>)
                if (const auto* numbers = detail::dense_data(x);
                    numbers != nullptr && !overlap(numbers, n * sample_size, to, n))
                    return with_memory(numbers, to, n, memory);
            with_memory(detail::copied{x.template begin<xt::layout_type::row_major>()}, to, n, memory);
        } else {
            with_memory(std::tuple{x.template begin<xt::layout_type::row_major>(),
                                   more.template begin<xt::layout_type::row_major>()...},
                        to, n, memory);
        }
    }

    /// The sample, checked: ids are copied first, because a lazy range may give others the second time.
    template <std::size_t I, class Range>
    static auto checked_sample(const Range& x)
    {
        constexpr std::size_t expected = input_shape<Net, I>::size;
        if (static_cast<std::size_t>(std::size(x)) != expected)
            throw Error("ctnn.shape", "the sample has " + std::to_string(std::size(x)) +
                                          " elements, the model takes " + std::to_string(expected));
        if constexpr (constexpr std::size_t classes = detail::classes_of_input<Net>(I); classes > 0) {
            std::array<std::remove_cvref_t<decltype(*std::begin(x))>, expected> ids{};
            std::copy_n(std::begin(x), expected, ids.begin());
            detail::require_classes("the sample", ids.begin(), std::array{expected}, classes);
            return ids;
        } else {
            return std::cref(x);
        }
    }
    template <class... Range>
    void run_one(T* const* to, const Range&... x) const
    {
        if constexpr (inputs == 1) {
            const auto& sample = checked_sample<0>(x...);
            run_first(to, detail::begin_of(sample));
        } else {
            detail::with_indices<inputs>([&](auto... i) {
                const std::tuple samples{checked_sample<i()>(x)...};
                run_first(to, std::tuple{detail::begin_of(std::get<i()>(samples))...});
            });
        }
    }
    template <class First>
    void run_first(T* const* to, const First& first) const
    {
        if constexpr (size::fits_stack) on_stack(first, to, 1);
        else with_memory(first, to, 1, nullptr);
    }

    template <class From>
    void with_memory(const From& from, T* const* to, std::size_t n, std::byte* memory) const
    {
        if constexpr (size::is_wide) {
            if constexpr (size::fits_stack)
                if (memory == nullptr && n <= size::on_stack) return on_stack(from, to, n);
            detail::memory_block own;
            if (memory == nullptr) {
                own = detail::memory_block(size::bytes(size::room(n)), detail::memory_block::not_zeroed{});
                memory = own.at<std::byte>(0);
            }
            detail::eval_samples<Net, M>(this->parameter_block(), packed_weights(), from, to, n, memory,
                                         size::room(n));
        } else {
            on_stack(from, to, n);
        }
    }
    /// The weights of a frozen model as its kernels read them.
    [[nodiscard]] const std::byte* packed_weights() const
    {
        if constexpr (is_packed<M>) return base::packed();
        else return nullptr;
    }
    template <class From>
    void on_stack(const From& from, T* const* to, std::size_t n) const
    {
        alignas(64) std::byte memory[std::max<std::size_t>(1, size::bytes(size::on_stack))];
        CTNN_HAS_VALUE(memory);
        detail::eval_samples<Net, M>(this->parameter_block(), packed_weights(), from, to, n, memory,
                                     size::on_stack);
    }
};

} // namespace ctnn::inline CTNN_ARCH
