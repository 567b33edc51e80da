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
concept only_reshapes = requires
{
    requires L::reshapes_only;
};
template <class L>
concept has_passes = requires(const Pass<L, float, Train<2>, shape<1>>& pass)
{
    L::forward(pass);
    L::backward(pass);
};

} // namespace detail

/// A layer is a plain struct that says what shape it gives for a shape it takes, and how it runs. No base class, no registration.
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
/// It may state more (all `static constexpr`): `parameters` and `buffers` (arrays of `Parameter`), `saved`, `scratch`,
/// `in_features`, `input`, `classes`, `derivative_uses`, `overwrites_gradients`, `mixes_batch`, `in_place`, `reshapes_only`,
/// `training_only`, `draws`, `multiply_adds`, and `reset(span..., generator)`: see `detail::layer_facts` for what each means. For those
/// who look inside: `limits` (a `Limits`), and `expected(x, parameters)`, the `Spread` of the output by theory. An elementwise layer may state
/// `using self = Itself; using activation = F;`, F as `no_activation` is: a layer before that states `applies` then does the work of its passes.
/// For `export_header` a layer that also says `using self = Itself;` has `embedded(x)`, the text of a type that does its eval for samples of
/// shape x (see ctnn/embed/layers.hpp), made from its parameters and buffers in order, or from what `embedded_values<T>(arrays)` makes of them.
/// If it has `embedded(x, int8)`, its first parameter may be stored in bytes: for int8 the text names a type whose members are called as the
/// parameters are, with a `scale` behind them.
/// A layer that only reshapes has no passes; how it folds into another is a specialisation of `fold_rule`.
template <class L>
concept Layer = std::is_empty_v<L> && detail::states_output<L> &&(detail::only_reshapes<L> || detail::has_passes<L>);

/// A loss turns the model's output and the targets into a number and the gradient of the output.
template <class C, class Output, class Targets>
concept Loss = requires(C& criterion, const Output& output, const Targets& targets)
{
    {
        std::get<0>(criterion(output, targets))
        } -> std::convertible_to<double>;
    std::get<1>(criterion(output, targets)).shape();
};

/// An optimizer changes a training model's parameters by their gradients.
template <class O, class M>
concept Optimizer = requires(O& optimizer, M& model)
{
    optimizer.step(model);
};

} // namespace ctnn::inline CTNN_ARCH
