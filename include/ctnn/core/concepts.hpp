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

/// Gives the same numbers under another shape, and is never run.
template <class L>
concept only_reshapes = requires { requires L::reshapes_only; };
/// Runs forward and backward.
template <class L>
concept has_passes = requires(const Pass<L, float, Train<2>, shape<1>>& pass) {
    L::forward(pass);
    L::backward(pass);
};
/// Says what it gives and runs, or need not run.
template <class L>
concept has_a_layers_functions = states_output<L> && (only_reshapes<L> || has_passes<L>);

} // namespace detail

/// A layer is an empty struct that says what shape it gives for a shape it takes, and how it runs. No base
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
/// It may state more facts, all `static constexpr`. Those with a * are heard only from a layer that also
/// states `using self = ItsOwnName;`: a struct that inherits them and has passes of its own does not mean
/// them.
///
/// | fact                                  | says                                             | without it |
/// |---------------------------------------|--------------------------------------------------|------------|
/// | `in_features`                         | last extent of x that it takes                   | any        |
/// | `input(n)`                            | x as the first layer, before one of n features   | in_features |
/// | `classes`                             | x holds class ids below that                     | numbers    |
/// | `inputs`                              | it joins so many values: `output` takes a        | 1          |
/// |                                       | `std::array<extents, N>`, a pass has x<0>(), ... |            |
/// | `parameters`, `buffers`               | arrays of `Parameter`                            | none       |
/// | `reset(spans, generator)`             | draws initial values                             | constants  |
/// | `saved(x, rows)`                      | numbers kept from forward to backward            | 0          |
/// | `scratch(x, rows)`, `eval_scratch(x)` | numbers of any content during one pass           | 0          |
/// | `derivative_uses`                     | what backward reads: x, y, both, nothing         | both       |
/// | `in_place`                            | works with y == x and dx == dy                   | no         |
/// | `overwrites_gradients`                | sets its parameters' gradients                   | adds       |
/// | `adds_gradients` *                    | does with them what `weight_gradient` says       | no         |
/// | `takes_steps` *                       | takes a step of SGD where `rate` is set          | no         |
/// | `adds_input_gradients` *              | does with dx what `input_gradient` says          | sets       |
/// | `passes_gradient` *                   | dx is dy, for every input                        | no         |
/// | `mixes_batch`                         | in training a sample depends on the others       | no         |
/// | `draws`                               | draws random numbers in training                 | no         |
/// | `reshapes_only`                       | gives the same numbers, and has no passes        | no         |
/// | `training_only`                       | in eval gives what it takes, and is not run      | no         |
/// | `elementwise`                         | a function of each number by itself              | no         |
/// | `activation` *                        | that function, as `no_activation` is made; the   | none       |
/// |                                       | layer before may apply it. Implies elementwise   |            |
/// | `applies` *                           | in which passes it applies the next activation   | never      |
/// | `multiply_adds(x)`                    | in matrix products, for a sample                 | 0          |
/// | `name()` *                            | itself as its user writes it                     | its type   |
///
/// How it folds, is exported and is looked at are specialisations beside it; see core/roles.hpp.
template <class L>
concept Layer = std::is_empty_v<L> && detail::has_a_layers_functions<L>;

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
