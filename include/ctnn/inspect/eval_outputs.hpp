// SPDX-License-Identifier: BSD-3-Clause
/// What every layer of an eval model gives, over any number of samples.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/class_ids.hpp>
#include <ctnn/model/eval.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Runs samples through an eval model layer by layer, nothing fused, and shows what each layer takes and gives.
///
///   x      : an xtensor of (n, input shape): numbers, or integers for a network that starts with an Embedding
///   f      : f(layer, input, output) for every layer that is run: its number and two spans of rows of numbers; for a first layer that takes
///            ids the input is empty. Called for pieces of at most 1024 samples, in order
///   errors : [ctnn.shape] other extents; [ctnn.class_id] an id out of range
///   cost   : memory for the two widest outputs of one piece
template <class Net, class T, class X>
void for_each_output(
    const Model<Net, Eval, T>& model, const X& x,
    const std::function<void(std::size_t, std::span<const std::type_identity_t<T>>, std::span<const std::type_identity_t<T>>)>& f)
{
    using list = detail::flat_layers<Net>;
    using plan = detail::eval_plan<Net, T>;
    using table = detail::slots<Net, T>;
    constexpr std::size_t piece = 1024, in_size = input_shape<Net>::size;
    using value_type = std::conditional_t<plan::takes_ids, class_id, T>;
    const std::size_t n = x.dimension() > 0 ? static_cast<std::size_t>(x.shape()[0]) : 0;
    const auto extents_of_x = detail::batch_extents<input_shape<Net>>(n);
    detail::require_shape("the input", x, extents_of_x);
    auto from = x.template begin<xt::layout_type::row_major>();
    if constexpr (plan::takes_ids) detail::require_classes("the input", from, extents_of_x, plan::facts[0].classes);

    std::vector<value_type> first(std::min(n, piece) * in_size);
    std::vector<T> in, out;
    for (std::size_t done = 0, rows = 0; done < n; done += rows) {
        rows = std::min(piece, n - done);
        for (std::size_t i = 0; i < rows * in_size; ++i, ++from) first[i] = static_cast<value_type>(*from);
        if constexpr (!plan::takes_ids) in.assign(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(rows * in_size));
        const auto layer = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
            if constexpr (!plan::passes_through(I)) {
                using L = typename list::template at<I>;
                out.resize(rows * detail::shapes_of<Net>.at[I + 1].size());
                const auto input = [&] {
                    if constexpr (I == 0) return static_cast<const value_type*>(first.data());
                    else return static_cast<const T*>(in.data());
                }();
                L::forward(
                    Pass<L, T, Eval, detail::shape_at<Net, I>>{.rows = rows,
                                                               .x_data = input,
                                                               .y_data = out.data(),
                                                               .parameter_data = model.parameter_block() + table::value.parameter_offset[I],
                                                               .buffer_data = model.buffer_block() + table::value.buffer_offset[I]});
                f(I, std::span<const T>(in), std::span<const T>(out));
                std::swap(in, out);
            }
        };
        [&]<std::size_t... I>(std::index_sequence<I...>) { (layer(std::integral_constant<std::size_t, I>{}), ...); }
        (std::make_index_sequence<list::size>{});
        in.clear();
    }
}

} // namespace ctnn::inline CTNN_ARCH
