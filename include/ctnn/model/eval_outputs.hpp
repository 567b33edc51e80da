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
#include <ctnn/core/index.hpp>
#include <ctnn/model/eval.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

template <class Net, class T, class X>
void show_outputs(const Model<Net, Eval, T>& model, const X& x,
                  const std::function<void(std::size_t, std::span<const std::type_identity_t<T>>,
                                           std::span<const std::type_identity_t<T>>)>& f)
{
    constexpr std::size_t piece = 1024, in_size = input_shape<Net>::size;
    using executor = detail::executor<Net, T, Eval, detail::purpose{.element = sizeof(T), .fuses = false}>;
    using plan = typename executor::plan;
    using base = typename plan::base;
    using value_type = detail::input_type<Net, T, 0>;
    static_assert(plan::inputs == 1, "[ctnn.shape] looking at every output is for networks of one input");
    const std::size_t n = detail::rows_of(x);
    const auto extents_of_x = detail::batch_extents<input_shape<Net>>(n);
    detail::require_shape("the input", x, extents_of_x);
    const auto& stored = detail::stored(x);
    auto from = stored.template begin<xt::layout_type::row_major>();
    if constexpr (plan::of_values.takes_ids[0])
        detail::require_classes("the input", from, extents_of_x, detail::classes_of_input<Net>(0));

    const std::size_t room = std::min(n, piece);
    detail::memory_block memory(room * plan::value.bytes + plan::value.scratch_bytes);
    std::vector<value_type> first(room * in_size);
    std::array<std::vector<T>, plan::outputs> last;
    std::array<std::byte*, base::count> pieces{memory.at<std::byte>(0),
                                               reinterpret_cast<std::byte*>(first.data())};
    detail::for_each_index<plan::outputs>([&](auto k) {
        last[k()].resize(room * output_shape<Net, k()>::size);
        pieces[base::output + k()] = reinterpret_cast<std::byte*>(last[k()].data());
    });
    for (std::size_t done = 0, rows = 0; done < n; done += rows) {
        rows = std::min(piece, n - done);
        detail::copy_numbers(first.data(), from, rows * in_size);
        const detail::run<T> r{pieces.data(), const_cast<T*>(model.parameter_block()), nullptr, rows, nullptr,
                               room};
        executor::forward(r, [&](std::size_t i) {
            const auto numbers = [&](std::size_t value) {
                const auto* at = r.template at<const T>(plan::value.value[value]);
                return std::span<const T>(
                    at, plan::of_values.takes_ids[value] ? 0 : rows * plan::trace.at[value].size());
            };
            f(i, numbers(plan::schedule.read(i)), numbers(plan::schedule.nodes[i].gives));
        });
    }
}

} // namespace detail

/// Runs samples through an eval model layer by layer, nothing fused, and shows what each layer takes and
/// gives.
///
///   x      : an xtensor of (n, input shape): numbers, or integers for a network that starts with an
///            Embedding
///   f      : f(layer, input, output) for every layer that is run: its number and two spans of rows of
///            numbers. The input is the first value that the layer reads, and empty for one that takes ids.
///            Called for pieces of at most 1024 samples, in order
///   errors : [ctnn.shape] other extents; [ctnn.class_id] an id out of range
///   cost   : memory for the values of one piece that are alive at once
template <class Net, class T, class X>
void for_each_output(const Model<Net, Eval, T>& model, const X& x,
                     const std::function<void(std::size_t, std::span<const std::type_identity_t<T>>,
                                              std::span<const std::type_identity_t<T>>)>& f)
{
    if constexpr (detail::are_tensors<X>()) detail::show_outputs(model, x, f);
}

} // namespace ctnn::inline CTNN_ARCH
