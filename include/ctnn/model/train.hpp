// SPDX-License-Identifier: BSD-3-Clause
/// The model that learns.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <ctnn/core/index.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/model/workspace.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

template <class... X>
inline constexpr bool ends_with_generator = false;
template <class X, class... More>
inline constexpr bool ends_with_generator<X, More...> = ends_with_generator<More...>;
template <class X>
inline constexpr bool ends_with_generator<X> = std::is_same_v<std::remove_cvref_t<X>, Generator>;

} // namespace detail

/// The type of `accumulate`.
struct Accumulate {};
/// For `model.backward(dy, accumulate)`: gradients are added to those that are there.
inline constexpr Accumulate accumulate{};

/// A network in training on batches of B samples: weights and a workspace, in one aligned block that is
/// allocated here; no later call allocates. Views that it hands out refer into that block and end with the
/// model.
///
/// ```cpp
/// Model<Net, Train<32>> model{generator};       // initial values as PyTorch draws them
/// const auto& logits = model.forward(contexts); // contexts (32, 3) -> logits (32, 27)
/// const auto [loss, dlogits] = criterion(logits, targets);
/// model.backward(dlogits);                      // gradients are overwritten: there is nothing to zero
/// ```
template <class Net, std::size_t B, class Keep, Scalar T>
    requires detail::is_sound<Net, Train<B, Keep>>
class Model<Net, Train<B, Keep>, T> {
    using table = detail::slots<Net, T>;
    using views = detail::slot_views<Net, T>;

public:
    using network = Net;
    using mode = Train<B, Keep>;
    using scalar = T;
    static constexpr std::size_t batch = B, layers = table::nodes, inputs = Workspace<Net, mode, T>::inputs,
                                 outputs = Workspace<Net, mode, T>::outputs,
                                 sample_size = input_shape<Net>::size, output_size = output_shape<Net>::size;
    static constexpr bool takes_ids = detail::classes_of_input<Net>(0) > 0;
    using output_view = const_tensor_view<T, output_shape<Net>::rank + 1>;

    /// Every parameter at its layer's constant initial value: 1 for gains, 0 for all else.
    Model() : Model(detail::memory_block(Weights<Net, T>::bytes + Workspace<Net, mode, T>::bytes)) {}
    /// Every layer draws its own initial values, in order: the numbers of the same torch.nn.Sequential.
    explicit Model(Generator& generator) : Model() { weights_.draw(generator); }
    /// Parameters and buffers of another model of the same network.
    template <Mode M>
    explicit Model(const Model<Net, M, T>& other) : Model()
    {
        std::memcpy(weights_.data(), other.weights().data(), Weights<Net, T>::bytes);
    }

    /// y = net(x) for one batch, in training: BatchNorm uses and records the batch's own statistics.
    ///
    ///   x         : for each input an xtensor of (B, input shape): numbers, or integers for an Embedding. An
    ///               epoch's last batch may have fewer samples: it is as in PyTorch, and takes as long as a
    ///               full one
    ///   generator : the last argument for a network with layers that draw random numbers, such as Dropout
    ///   result    : a view of (B, output shape), good until the next forward; a std::tuple of them for
    ///               several outputs
    ///   errors    : [ctnn.shape] other extents; [ctnn.class_id] an id out of range; nothing is changed then
    template <class... X>
    auto forward(const X&... x)
    {
        constexpr std::size_t draws = detail::first_that_draws<Net>();
        if constexpr (draws < layers)
            static_assert(
                detail::draws_nothing<detail::position_of<Net, draws>, detail::layer_at<Net, draws>>,
                "[ctnn.mode] the layer at this position draws random numbers in training: call forward(x, "
                "generator)");
        static_assert(sizeof...(X) == inputs || detail::takes_inputs<Net, sizeof...(X)>,
                      "[ctnn.shape] forward takes one tensor for each input of the network, and then a "
                      "generator if layers draw");
        if constexpr (detail::are_tensors<X...>() && sizeof...(X) == inputs)
            return workspace_.forward(weights_, nullptr, x...);
        else return workspace_.views_of_outputs();
    }
    template <class X>
    auto forward(const X& x, Generator& generator)
        requires(inputs == 1)
    {
        if constexpr (detail::are_tensors<X>()) return workspace_.forward(weights_, &generator, x);
        else return workspace_.views_of_outputs();
    }
    template <class X, class Y, class... More>
    auto forward(const X& x, const Y& y, More&&... more)
        requires(inputs > 1 && sizeof...(More) + 1 == inputs && detail::ends_with_generator<More...>)
    {
        const auto all = std::tie(x, y, more...);
        return detail::with_indices<inputs>([&](auto... i) {
            return workspace_.forward(weights_, &std::get<inputs>(all), std::as_const(std::get<i()>(all))...);
        });
    }

    /// The gradients of all parameters (overwritten), from the gradient of the last forward's result.
    ///
    ///   dy     : an xtensor of (B, output shape), of as many samples as the last forward had; a tuple of
    ///            them for several outputs
    ///   errors : [ctnn.shape] other extents; nothing is changed then
    template <class Y>
    void backward(const Y& dy)
    {
        run_backward<false>(dy);
    }
    /// The same, added to the gradients that are there: several batches can make one step.
    /// `model.backward(dy, accumulate)`
    template <class Y>
    void backward(const Y& dy, Accumulate)
    {
        run_backward<true>(dy);
    }

    /// For `sgd.step(model, dy)` of plain SGD: layers for which `takes_step` is true take the step w -= rate
    /// g themselves, the others get their gradients, as from `backward`.
    template <class Y>
    void backward_and_step(const Y& dy, const T& rate)
    {
        run_backward<false>(dy, &rate);
    }
    static constexpr bool takes_step(std::size_t layer) { return Workspace<Net, mode, T>::takes_step(layer); }

    /// A view of a parameter or buffer by its PyTorch name: `model.parameter<"1.weight">() =
    /// generator.randn(30, 200) * 0.1F`.
    template <fixed_string Name>
    auto parameter()
    {
        return weights_.template parameter<Name>();
    }
    template <fixed_string Name>
    auto parameter() const
    {
        return weights_.template parameter<Name>();
    }
    /// A view of a parameter's gradient of the last backward. An optimizer's `step(model, dy)` may leave
    /// anything there.
    template <fixed_string Name>
    auto gradient()
    {
        return workspace_.template gradient<Name>();
    }
    template <fixed_string Name>
    auto gradient() const
    {
        return workspace_.template gradient<Name>();
    }

    /// f(name, value, gradient) for each parameter that learns, in order.
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
        weights_.for_each_buffer(f);
    }
    template <class F>
    void for_each_buffer(F&& f) const
    {
        weights_.for_each_buffer(f);
    }

    /// The output of layer I (numbered through nested containers) in the last forward. Without
    /// RetainGradients an elementwise layer may have written its own output over that of the layer before it.
    ///   errors : [ctnn.mode] an Embedding whose table the next Linear uses at once, without RetainGradients
    template <std::size_t I>
    [[nodiscard]] auto output() const
    {
        return workspace_.template output<I>();
    }
    /// The gradient of the output of layer I in the last backward, as `retain_grad()` keeps it.
    template <std::size_t I>
    [[nodiscard]] auto output_gradient() const
        requires mode::retains_gradients
    {
        return workspace_.template output_gradient<I>();
    }
    /// The gradient of a numeric input in the last backward.
    template <std::size_t I = 0>
    [[nodiscard]] auto input_gradient() const
        requires(mode::retains_gradients && detail::classes_of_input<Net>(I) == 0)
    {
        return workspace_.template input_gradient<I>();
    }

    [[nodiscard]] Weights<Net, T>& weights() { return weights_; }
    [[nodiscard]] const Weights<Net, T>& weights() const { return weights_; }
    [[nodiscard]] Workspace<Net, mode, T>& workspace() { return workspace_; }
    [[nodiscard]] const Workspace<Net, mode, T>& workspace() const { return workspace_; }

    /// All parameters that learn, and their gradients, in one stretch each. The gaps that align each are
    /// always 0.
    [[nodiscard]] T* parameter_block() { return weights_.data(); }
    [[nodiscard]] const T* parameter_block() const { return weights_.data(); }
    [[nodiscard]] T* gradient_block() { return workspace_.gradients().data(); }
    [[nodiscard]] const T* gradient_block() const { return workspace_.gradients().data(); }
    [[nodiscard]] static constexpr std::size_t block_size() { return table::value.learning; }

private:
    Workspace<Net, mode, T> workspace_;
    Weights<Net, T> weights_;

    explicit Model(detail::memory_block memory)
        : workspace_(memory.split(Weights<Net, T>::bytes)), weights_(std::move(memory))
    {}

    template <bool Accumulates, class Y>
    void run_backward(const Y& dy, const T* rate = nullptr)
    {
        const auto run = [&](const auto&... each) {
            if (rate != nullptr) workspace_.step(weights_, *rate, each...);
            else workspace_.template backward<Accumulates>(weights_, each...);
        };
        if constexpr (requires { std::tuple_size<Y>::value; }) {
            static_assert(std::tuple_size_v<Y> == outputs ||
                              detail::takes_gradients<Net, std::tuple_size_v<Y>>,
                          "[ctnn.shape] backward takes one gradient for each output of the network");
            if constexpr (std::tuple_size_v<Y> == outputs) std::apply(run, dy);
        } else {
            static_assert(
                outputs == 1 || detail::takes_gradients<Net, 1>,
                "[ctnn.shape] backward takes one gradient for each output of the network, as a tuple");
            if constexpr (detail::are_tensors<Y>() && outputs == 1) run(dy);
        }
    }

    template <class Self, class F>
    static void each_parameter(Self& self, F& f)
    {
        views::for_each(detail::is_learning, [&](const detail::slot& s, auto rank) {
            f(s.name, views::template view<rank()>(self.parameter_block(), s),
              views::template view<rank()>(self.gradient_block(), s));
        });
    }
};

} // namespace ctnn::inline CTNN_ARCH
