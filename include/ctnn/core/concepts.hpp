// SPDX-License-Identifier: BSD-3-Clause
/// The words of the library as concepts.
#pragma once

#include <concepts>
#include <tuple>
#include <type_traits>

#include <ctnn/core/facts.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/pass.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

template <class L>
concept only_reshapes = requires { requires L::reshapes_only; };
template <class L>
concept has_passes = requires(const Pass<L, float, Train<2>, shape<1>>& pass) {
    L::forward(pass);
    L::backward(pass);
};

} // namespace detail

/// A layer is a plain struct that says what shape it gives for a shape it takes, and how it runs. No base
/// class, no registration.
///
/// ```cpp
/// struct Square {
///     static constexpr ctnn::extents output(const ctnn::extents& input) { return input; }
///     static void forward(const auto& pass)
///     {
///         for (std::size_t i = 0; i < pass.x().size(); ++i) pass.y()[i] = pass.x()[i] * pass.x()[i];
///     }
///     static void backward(const auto& pass)
///     {
///         for (std::size_t i = 0; i < pass.x().size(); ++i) pass.dx()[i] = 2 * pass.x()[i] * pass.dy()[i];
///     }
/// };
/// ```
///
/// It may state more, all `static constexpr`; `detail::layer_facts` says what each means and what holds
/// without it.
///
///   shapes    : `in_features`, `input`, `classes`; `inputs` = N for a layer that joins N values, whose
///               `output` takes a `std::array<extents, N>` and whose pass has `x<0>()`, `x<1>()`, `dx<0>()`,
///               ...
///   numbers   : `parameters` and `buffers` (arrays of `Parameter`), `reset(spans, generator)`
///   memory    : `saved`, `scratch`, `eval_scratch`, `derivative_uses`, `in_place`
///   gradients : `overwrites_gradients`; with `using self = Itself;` `adds_gradients`,
///               `adds_input_gradients`, `passes_gradient`
///   batch     : `mixes_batch`, `draws`
///   not run   : `reshapes_only` (such a layer has no passes), `training_only`
///   fusion    : `using self = Itself; using activation = F;` for an elementwise layer, F made like
///               `no_activation`: a layer before it that states `applies` then does the work of its passes
///   inspect   : `limits` (a `Limits`); `expected(x, parameters)`, the `Spread` of the output by theory;
///               `multiply_adds`
///   export    : `embedded(x)`, with `using self = Itself;`: the text of a type that does its eval for
///               samples of shape x (see ctnn/embed/layers.hpp), made from its parameters and buffers in
///               order, or from what `embedded_values<T>(arrays)` makes of them. With `embedded(x, int8)` the
///               first parameter may be stored in bytes: the type's members are then called as the parameters
///               are, and a `scale` follows them
///
/// How a layer folds into another is a specialisation of `fold_rule`.
template <class L>
concept Layer =
    std::is_empty_v<L> && detail::states_output<L> && (detail::only_reshapes<L> || detail::has_passes<L>);

/// A loss turns the model's output and the targets into a number and the gradient of the output.
template <class C, class Output, class Targets>
concept Loss = requires(C& criterion, const Output& output, const Targets& targets) {
    {
        std::get<0>(criterion(output, targets))
    } -> std::convertible_to<double>;
    std::get<1>(criterion(output, targets)).shape();
};

/// An optimizer changes a training model's parameters by their gradients.
template <class O, class M>
concept Optimizer = requires(O& optimizer, M& model) { optimizer.step(model); };

} // namespace ctnn::inline CTNN_ARCH
