// SPDX-License-Identifier: BSD-3-Clause
/// What follows from the type of a network: its shapes and its counts.
#pragma once

#include <cstddef>

#include <ctnn/model/report.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// The sum of f(node) over all layers.
template <class Net, class F>
constexpr auto sum_over_nodes(F f)
{
    if constexpr (fault_of<Net> != fault::none) {
        return typename unsound<Net>::count{};
    } else {
        std::size_t n = 0;
        for (std::size_t i = 0; i < schedule_of<Net>.size.nodes; ++i) n += f(i);
        return n;
    }
}

/// The trainable numbers that the layer of node i declares, without a tied weight.
template <class Net>
constexpr std::size_t parameter_elements(std::size_t i)
{
    constexpr auto& t = shapes_of<Net>;
    std::size_t n = 0;
    for (std::size_t k = t.weights_of[i] == i ? 0 : 1; k < t.facts[i]->parameters; ++k)
        n += t.facts[i]->parameter[k].shape.size();
    return n;
}

template <class Net, bool = fault_of<Net> == fault::none>
struct outer_shapes {
    template <std::size_t I>
    using input = shape_at<Net, schedule_of<Net>.inputs[I]>;
    template <std::size_t I>
    using output = shape_at<Net, schedule_of<Net>.outputs[I]>;
};
template <class Net>
struct outer_shapes<Net, false> : report<Net> {
    template <std::size_t>
    using input = shape<1>;
    template <std::size_t>
    using output = shape<1>;
};

} // namespace detail

/// The shape of one sample that goes in, `shape<3>`; of the I-th input of a network that has several.
template <class Net, std::size_t I = 0>
using input_shape = typename detail::outer_shapes<Net>::template input<I>;
/// The shape of what comes out, `shape<27>`.
template <class Net, std::size_t I = 0>
using output_shape = typename detail::outer_shapes<Net>::template output<I>;

/// The number of parameters, those of Fixed layers too; a weight that layers share counts once.
template <class Net>
inline constexpr auto parameter_count =
    detail::sum_over_nodes<Net>([](std::size_t i) { return detail::parameter_elements<Net>(i); });

/// The number of parameters that learn.
template <class Net>
inline constexpr auto trainable_count = detail::sum_over_nodes<Net>([](std::size_t i) {
    return detail::schedule_of<Net>.nodes[i].is_fixed ? 0 : detail::parameter_elements<Net>(i);
});

/// Multiply-adds of one sample in matrix products, forward.
template <class Net>
inline constexpr auto multiply_adds = detail::sum_over_nodes<Net>([](std::size_t i) -> std::size_t {
    const auto count = detail::shapes_of<Net>.facts[i]->multiply_adds;
    return count != nullptr ? count(detail::shape_read<Net>(i)) : 0;
});

/// Bytes of all parameters.
template <class Net, class T = float>
inline constexpr auto weight_bytes = parameter_count<Net> * sizeof(T);

/// Bytes of the outputs of all layers for a batch of B, as PyTorch would keep them.
template <class Net, std::size_t B, class T = float>
inline constexpr auto activation_bytes =
    B * sizeof(T) * detail::sum_over_nodes<Net>([](std::size_t i) {
        return detail::shapes_of<Net>.facts[i]->reshapes_only ? 0 : detail::shape_given<Net>(i).size();
    });

} // namespace ctnn::inline CTNN_ARCH
