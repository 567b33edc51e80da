// SPDX-License-Identifier: BSD-3-Clause
/// The model that learns.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <ctnn/core/class_ids.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/model/parameters.hpp>
#include <ctnn/model/plan.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A network in training on batches of B samples. Parameters, gradients, activations and scratch stand in one aligned block that
/// is allocated here; no later call allocates. Views that it hands out refer into that block and end with the model.
///
/// ```cpp
/// Model<Net, Train<32>> model{generator};                 // each layer's own initial values, as PyTorch draws them
/// const auto& logits = model.forward(contexts);           // contexts (32, 3) -> logits (32, 27)
/// const auto [loss, dlogits] = criterion(logits, targets);
/// model.backward(dlogits);                                // gradients are overwritten: there is nothing to zero
/// ```
template <class Net, std::size_t B, class Keep, Scalar T>
    requires detail::is_sound<Net, Train<B, Keep>>
class Model<Net, Train<B, Keep>, T> {
    using plan = detail::train_plan<Net, T, Train<B, Keep>>;
    using access = detail::parameter_access<Net, T>;
    using table = detail::slots<Net, T>;
    using list = detail::flat_layers<Net>;
    template <std::size_t I>
    using shape_at = detail::shape_at<Net, I>;

public:
    using network = Net;
    using mode = Train<B, Keep>;
    using scalar = T;
    static constexpr std::size_t batch = B;
    static constexpr std::size_t layers = plan::layers, sample_size = input_shape<Net>::size, output_size = output_shape<Net>::size;
    static constexpr bool takes_ids = plan::takes_ids;
    using output_view = const_tensor_view<T, output_shape<Net>::rank + 1>;

    /// Every parameter at its layer's constant initial value: 1 for gains, 0 for all else.
    Model() { access::initialise(parameter_block(), buffer_block(), nullptr); }
    /// Every layer draws its own initial values, in order: the numbers of the same torch.nn.Sequential.
    explicit Model(Generator& generator) { access::initialise(parameter_block(), buffer_block(), &generator); }
    /// Parameters and buffers of another model of the same network.
    template <Mode M>
    explicit Model(const Model<Net, M, T>& other)
    {
        std::copy_n(other.parameter_block(), table::parameter_elements, parameter_block());
        std::copy_n(other.buffer_block(), table::buffer_elements, buffer_block());
    }

    /// y = net(x) for one batch, in training: BatchNorm uses and records the batch's own statistics.
    ///
    ///   x      : an xtensor of (B, input shape): numbers, or integers for a network that starts with an Embedding
    ///   result : a view of (B, output shape), good until the next forward
    ///   errors : [ctnn.shape] other extents; [ctnn.class_id] an id out of range; nothing is changed then
    template <class X>
    output_view forward(const X& x)
    {
        constexpr std::size_t draws = detail::first_that_draws<Net>();
        if constexpr (draws < layers)
            static_assert(detail::draws_nothing<draws, typename list::template at<draws>>,
                          "[ctnn.mode] the layer at this position draws random numbers in training: call forward(x, generator)");
        return run_forward(x, nullptr);
    }
    /// The same for a network with layers that draw random numbers, such as Dropout.
    template <class X>
    output_view forward(const X& x, Generator& generator)
    {
        return run_forward(x, &generator);
    }

    /// The gradients of all parameters (overwritten), from the gradient of the last forward's result.
    ///
    ///   dy     : an xtensor of (B, output shape)
    ///   errors : [ctnn.shape] other extents; nothing is changed then
    template <class Y>
    void backward(const Y& dy)
    {
        detail::require_shape("the gradient of the output", dy, detail::batch_extents<output_shape<Net>>(B));
        const T* gradient = nullptr;
        if constexpr (std::is_same_v<std::remove_const_t<typename Y::value_type>, T> && !mode::retains_gradients)
            gradient = detail::dense_data(dy);
        if (gradient == nullptr) {
            T* own = memory_.template at<T>(mode::retains_gradients ? plan::offset.gradient[layers] : plan::offset.gradient_copy);
            auto from = dy.template begin<xt::layout_type::row_major>();
            for (std::size_t i = 0; i < B * output_shape<Net>::size; ++i, ++from) own[i] = static_cast<T>(*from);
            gradient = own;
        }
        [&]<std::size_t... I>(std::index_sequence<I...>) { (backward_layer<layers - 1 - I>(gradient), ...); }
        (std::make_index_sequence<layers>{});
    }

    /// A view of a parameter or buffer by its PyTorch name: `model.parameter<"1.weight">() = generator.randn(30, 200) * 0.1F`.
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
    /// A view of a parameter's gradient of the last backward.
    template <fixed_string Name>
    auto gradient() const
    {
        return access::template named<Name, access::parameters_only>(gradient_block(), gradient_block());
    }

    /// f(name, value, gradient) for each trainable parameter, in order.
    template <class F>
    void for_each_parameter(F&& f)
    {
        each_parameter(*this, f);
    }
    template <class F>
    void for_each_parameter(F&& f) const
    {
        each_parameter(*this, f);
    }
    /// f(name, value) for each buffer, such as running statistics.
    template <class F>
    void for_each_buffer(F&& f)
    {
        access::for_each_buffer(parameter_block(), buffer_block(), f);
    }
    template <class F>
    void for_each_buffer(F&& f) const
    {
        access::for_each_buffer(parameter_block(), buffer_block(), f);
    }

    /// The output of layer I (numbered through nested Sequentials) in the last forward. Without RetainGradients an elementwise
    /// layer may have written its own output over that of the layer before it.
    template <std::size_t I>
    [[nodiscard]] auto output() const
    {
        return view_of<const T>(value<I + 1>(), detail::batch_extents<shape_at<I + 1>>(B));
    }
    /// The gradient of the output of layer I in the last backward, as `retain_grad()` keeps it.
    template <std::size_t I>
    [[nodiscard]] auto output_gradient() const requires mode::retains_gradients
    {
        return view_of<const T>(memory_.template at<T>(plan::offset.gradient[I + 1]), detail::batch_extents<shape_at<I + 1>>(B));
    }
    /// The gradient of a numeric input in the last backward.
    [[nodiscard]] auto input_gradient() const requires plan::wants_input_gradient
    {
        return view_of<const T>(memory_.template at<T>(plan::offset.gradient[0]), detail::batch_extents<input_shape<Net>>(B));
    }

    /// All parameters (gradients, buffers) in one stretch, as an optimizer wants them. The gaps that align each are always 0.
    [[nodiscard]] T* parameter_block() { return memory_.template at<T>(plan::offset.parameters); }
    [[nodiscard]] const T* parameter_block() const { return memory_.template at<T>(plan::offset.parameters); }
    [[nodiscard]] const T* gradient_block() const { return memory_.template at<T>(plan::offset.gradients); }
    [[nodiscard]] T* buffer_block() { return memory_.template at<T>(plan::offset.buffers); }
    [[nodiscard]] const T* buffer_block() const { return memory_.template at<T>(plan::offset.buffers); }
    [[nodiscard]] static constexpr std::size_t block_size() { return table::parameter_elements; }

private:
    detail::memory_block memory_{plan::offset.bytes};

    template <class X>
    output_view run_forward(const X& x, [[maybe_unused]] Generator* generator)
    {
        constexpr auto expected = detail::batch_extents<input_shape<Net>>(B);
        detail::require_shape("the input", x, expected);
        const auto first = x.template begin<xt::layout_type::row_major>();
        if constexpr (plan::takes_ids) detail::require_classes("the input", first, expected, plan::facts[0].classes);
        auto* to = value<0>();
        auto from = first;
        for (std::size_t i = 0; i < B * input_shape<Net>::size; ++i, ++from) to[i] = static_cast<std::remove_pointer_t<decltype(to)>>(*from);
        [&]<std::size_t... I>(std::index_sequence<I...>) { (forward_layer<I>(generator), ...); }
        (std::make_index_sequence<layers>{});
        return view_of<const T>(value<layers>(), detail::batch_extents<output_shape<Net>>(B));
    }

    template <class Self, class F>
    static void each_parameter(Self& self, F& f)
    {
        access::for_each_parameter(self.parameter_block(), self.buffer_block(), [&](auto slot, std::string_view name, auto value) {
            f(name, value, access::template view<slot()>(self.gradient_block(), self.gradient_block()));
        });
    }

    template <std::size_t I>
    using value_type = std::conditional_t<I == 0 && plan::takes_ids, class_id, T>;
    template <std::size_t I>
    value_type<I>* value()
    {
        return memory_.template at<value_type<I>>(plan::offset.value[I]);
    }
    template <std::size_t I>
    const value_type<I>* value() const
    {
        return memory_.template at<value_type<I>>(plan::offset.value[I]);
    }

    template <std::size_t I, bool WantsDx, bool AppliesNext>
    auto pass()
    {
        using L = typename list::template at<I>;
        return Pass<L, T, mode, shape_at<I>, WantsDx, detail::applied_activation<list, I, AppliesNext>>{
            .rows = {},
            .x_data = value<I>(),
            .y_data = value<I + 1>(),
            .parameter_data = parameter_block() + table::value.parameter_offset[I],
            .buffer_data = buffer_block() + table::value.buffer_offset[I],
            .saved_data = memory_.template at<T>(plan::offset.saved[I]),
            .scratch_data = memory_.template at<T>(plan::offset.scratch)};
    }

    template <std::size_t I>
    void forward_layer([[maybe_unused]] Generator* generator)
    {
        if constexpr (plan::offset.runs_forward[I]) {
            auto p = pass<I, true, plan::offset.applies_forward[I]>();
            if constexpr (plan::facts[I].draws) p.generator_used = generator;
            list::template at<I>::forward(std::as_const(p));
        }
    }

    template <std::size_t I>
    void backward_layer(const T*& gradient)
    {
        if constexpr (plan::offset.runs_backward[I]) {
            auto p = pass<I, (I > 0 || plan::wants_input_gradient), plan::offset.applies_backward[I]>();
            p.dy_data = gradient;
            p.dx_data = memory_.template at<T>(plan::offset.gradient[I]);
            p.gradient_data = memory_.template at<T>(plan::offset.gradients) + table::value.parameter_offset[I];
            if constexpr (!plan::facts[I].overwrites_gradients)
                std::fill(p.gradient_data, p.gradient_data + (table::value.parameter_offset[I + 1] - table::value.parameter_offset[I]), T{0});
            list::template at<I>::backward(std::as_const(p));
            gradient = p.dx_data;
        }
    }
};

} // namespace ctnn::inline CTNN_ARCH
