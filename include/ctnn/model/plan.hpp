// SPDX-License-Identifier: BSD-3-Clause
/// Where everything of a training model stands in its one block of memory.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <ctnn/model/network.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Offsets in bytes. Value i is what goes into layer i; value N is the network's output.
template <class Net, class T, Mode M>
struct train_plan {
    using list = flat_layers<Net>;
    using slot_table = slots<Net, T>;
    static constexpr std::size_t layers = list::size;
    static constexpr auto facts = facts_table<list>::value;
    static constexpr bool takes_ids = facts[0].classes > 0;

    /// Whether the layer that computed value i never reads it again: reshaping layers pass the question on.
    static constexpr bool maker_forgets_output(std::size_t i)
    {
        while (i > 0 && facts[i - 1].reshapes_only) --i;
        return i > 0 && facts[i - 1].derivative_uses != uses::output && facts[i - 1].derivative_uses != uses::both;
    }

    struct table {
        std::size_t parameters = 0, gradients = 0, buffers = 0, scratch = 0, bytes = 0;
        std::size_t gradient_copy = 0;                  ///< for a gradient of the output that is no dense array of T
        std::array<std::size_t, layers + 1> value{};    ///< what each layer reads; neighbours may share it
        std::array<std::size_t, layers + 1> gradient{}; ///< the gradient of each value
        std::array<std::size_t, layers + 1> saved{};
        std::array<bool, layers> runs_forward{}, runs_backward{};       ///< not what only reshapes, or what the layer before does
        std::array<bool, layers> applies_forward{}, applies_backward{}; ///< whether layer i applies the activation of layer i + 1
    };

    static constexpr bool wants_input_gradient = M::retains_gradients && !takes_ids;

    static constexpr table offset = [] {
        constexpr std::size_t B = M::batch;
        constexpr auto& shapes = shapes_of<Net>;
        table t;
        const auto take = [&](std::size_t elements, std::size_t size = sizeof(T)) {
            const std::size_t at = t.bytes;
            t.bytes += (elements * size + 63) / 64 * 64;
            return at;
        };
        t.parameters = take(slot_table::parameter_elements);
        t.gradients = take(slot_table::parameter_elements);
        t.buffers = take(slot_table::buffer_elements);

        t.value[0] = take(B * shapes.at[0].size(), takes_ids ? sizeof(class_id) : sizeof(T));
        for (std::size_t i = 0; i < layers; ++i) {
            const layer_facts& f = facts[i];
            // An elementwise layer may write over its input when neither it nor the layer that made the input reads it again.
            const bool over_input = f.in_place && i > 0 && !M::retains_gradients && f.derivative_uses != uses::input &&
                                    f.derivative_uses != uses::both && maker_forgets_output(i);
            t.value[i + 1] = f.reshapes_only || over_input ? t.value[i] : take(B * shapes.at[i + 1].size());
            if (over_input && f.is_activation) {
                t.applies_forward[i - 1] = t.runs_forward[i - 1] && facts[i - 1].applies != applies_activation::never;
                t.applies_backward[i - 1] = t.runs_backward[i - 1] && facts[i - 1].applies == applies_activation::both;
            }
            t.runs_forward[i] = !f.reshapes_only && !(i > 0 && t.applies_forward[i - 1]);
            t.runs_backward[i] = !f.reshapes_only && !(i > 0 && t.applies_backward[i - 1]);
            t.saved[i] = f.saved != nullptr ? take(f.saved(shapes.at[i], B)) : 0;
        }

        std::size_t widest = 0, scratch = 0;
        for (std::size_t i = 0; i <= layers; ++i) widest = std::max(widest, B * shapes.at[i].size());
        for (std::size_t i = 0; i < layers; ++i)
            if (facts[i].scratch != nullptr) scratch = std::max(scratch, facts[i].scratch(shapes.at[i], B));
        t.scratch = take(scratch);
        if (M::retains_gradients) {
            for (std::size_t i = 0; i <= layers; ++i)
                t.gradient[i] = i > 0 && facts[i - 1].reshapes_only ? t.gradient[i - 1] : take(B * shapes.at[i].size());
        } else {
            // Two buffers in turn, or the same one where a layer can work in place. The last gradient is the caller's.
            const std::size_t buffer[2] = {take(widest), take(widest)};
            std::size_t turn = 0;
            t.gradient_copy = buffer[turn];
            for (std::size_t i = layers; i-- > 0;) {
                const bool keeps = facts[i].reshapes_only || (facts[i].in_place && i + 1 < layers);
                if (!keeps) turn = 1 - turn;
                t.gradient[i] = buffer[turn];
            }
        }
        return t;
    }();
};

} // namespace ctnn::inline CTNN_ARCH::detail
