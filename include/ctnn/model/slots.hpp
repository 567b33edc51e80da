// SPDX-License-Identifier: BSD-3-Clause
/// Every parameter and buffer of a network: its name, its shape, and where it stands in the block of weights.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <ctnn/core/parameter.hpp>
#include <ctnn/model/shapes.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// One parameter or buffer. Names are those of PyTorch: "3.0.weight".
struct slot {
    std::string_view name;
    extents shape;
    double initial = 0;
    layout in_files = layout::same;
    std::size_t node = 0, offset = 0; ///< whose it is; from the start of the block, in elements
    bool is_buffer = false, is_fixed = false;
    std::string_view count_in_files = {};

    /// Its shape as files have it.
    [[nodiscard]] constexpr extents in_file() const
    {
        if (in_files == layout::same) return shape;
        extents first{shape.last()};
        for (std::size_t i = 0; i + 1 < shape.rank; ++i) first.push_back(shape[i]);
        return first;
    }
};

constexpr bool is_parameter(const slot& s) { return !s.is_buffer; }
constexpr bool is_learning(const slot& s) { return !s.is_buffer && !s.is_fixed; }
constexpr bool is_buffer(const slot& s) { return s.is_buffer; }

/// How many of each kind a network has, and how long their names are together.
struct slot_counts {
    std::size_t parameters = 0, buffers = 0, tied = 0, text = 0;
};

/// Calls f(node, declared, kind) for what every layer declares, in order.
enum class slot_kind { parameter, tied, buffer };
template <class Net, class F>
constexpr void for_each_declared(F f)
{
    constexpr auto& t = shapes_of<Net>;
    // an unsound network has no slots
    constexpr std::size_t nodes = fault_of<Net> == fault::none ? schedule_of<Net>.size.nodes : 0;
    for (std::size_t i = 0; i < nodes; ++i)
        for (std::size_t k = 0; k < t.facts[i]->parameters; ++k)
            f(i, t.facts[i]->parameter[k],
              k == 0 && t.weights_of[i] != i ? slot_kind::tied : slot_kind::parameter);
    for (std::size_t i = 0; i < nodes; ++i)
        for (std::size_t k = 0; k < t.facts[i]->buffers; ++k) f(i, t.facts[i]->buffer[k], slot_kind::buffer);
}

/// The names of all slots in one text, in the order of `for_each_declared`.
template <class Net>
struct slot_names {
    static constexpr slot_counts counts = [] {
        slot_counts n;
        for_each_declared<Net>([&](std::size_t i, const Parameter& p, slot_kind kind) {
            ++(kind == slot_kind::parameter ? n.parameters : kind == slot_kind::tied ? n.tied : n.buffers);
            n.text += schedule_of<Net>.path(i).size() + 1 + p.name.size();
        });
        return n;
    }();
    struct letters {
        char at[counts.text + 1]{};
    };
    static constexpr letters text = [] {
        letters all;
        char* to = all.at;
        for_each_declared<Net>([&](std::size_t i, const Parameter& p, slot_kind) {
            for (const char c : schedule_of<Net>.path(i)) *to++ = c;
            // a layer that is the whole network has no path
            if (!schedule_of<Net>.path(i).empty()) *to++ = '.';
            for (const char c : p.name) *to++ = c;
        });
        return all;
    }();
};

/// All parameters and then all buffers, in order. The block has the parameters that learn first, so that an
/// optimizer sees one stretch, then those that are fixed, then the buffers; each starts on a cache line.
template <class Net, class T>
struct slots {
    static constexpr slot_counts counts = slot_names<Net>::counts;
    static constexpr std::size_t nodes = fault_of<Net> == fault::none ? schedule_of<Net>.size.nodes : 0;
    static constexpr std::size_t parameters = counts.parameters, count = parameters + counts.buffers;

    struct table {
        std::array<slot, count> slot_at{};
        /// further names, with the offsets of the weights they mean
        std::array<slot, counts.tied> tied{};
        /// where the list of a node starts
        std::size_t parameter_uses[nodes + 1]{}, buffer_uses[nodes + 1]{};
        /// slots
        std::size_t parameter_used[parameters + counts.tied + 1]{}, buffer_used[counts.buffers + 1]{};
        /// elements that learn, and in all
        std::size_t learning = 0, elements = 0;
    };
    static constexpr table value = [] {
        table t;
        constexpr auto& trace = shapes_of<Net>;
        std::size_t first_slot[nodes + 1]{};
        std::size_t names = 0, n = 0, tied = 0;
        for_each_declared<Net>([&](std::size_t i, const Parameter& p, slot_kind kind) {
            const std::string_view path = schedule_of<Net>.path(i);
            const std::size_t length = path.size() + (path.empty() ? 0 : 1) + p.name.size();
            const slot s{{slot_names<Net>::text.at + names, length},
                         p.shape,
                         p.initial,
                         p.in_files,
                         i,
                         0,
                         kind == slot_kind::buffer,
                         schedule_of<Net>.nodes[i].is_fixed,
                         p.count_in_files};
            names += length;
            if (kind == slot_kind::tied) t.tied[tied++] = s;
            else {
                if (kind == slot_kind::parameter && &p == trace.facts[i]->parameter) first_slot[i] = n;
                t.slot_at[n++] = s;
            }
        });
        const auto place = [&](bool is_buffer, bool is_fixed) {
            for (slot& s : t.slot_at)
                if (s.is_buffer == is_buffer && (is_buffer || s.is_fixed == is_fixed)) {
                    s.offset = t.elements;
                    t.elements += aligned<T>(s.shape.size());
                }
            return t.elements;
        };
        t.learning = place(false, false);
        (void)place(false, true);
        (void)place(true, false);
        tied = n = 0;
        for (std::size_t i = 0; i < nodes; ++i) {
            t.parameter_uses[i + 1] = t.parameter_uses[i] + trace.facts[i]->parameters;
            for (std::size_t k = t.parameter_uses[i]; k < t.parameter_uses[i + 1]; ++k) {
                const bool is_tied = k == t.parameter_uses[i] && trace.weights_of[i] != i;
                t.parameter_used[k] = is_tied ? first_slot[trace.weights_of[i]] : n++;
                if (!is_tied) continue;
                // The weight as it stands, and how a file has it under this name.
                slot& other = t.tied[tied++];
                const slot& own = t.slot_at[t.parameter_used[k]];
                const bool as_own = other.in_file() == own.in_file();
                other.shape = own.shape;
                other.in_files = as_own == (own.in_files == layout::same) ? layout::same : layout::transposed;
                other.offset = own.offset;
            }
        }
        for (std::size_t i = 0; i < nodes; ++i) {
            t.buffer_uses[i + 1] = t.buffer_uses[i] + trace.facts[i]->buffers;
            for (std::size_t k = t.buffer_uses[i]; k < t.buffer_uses[i + 1]; ++k) t.buffer_used[k] = n++;
        }
        return t;
    }();

    /// Where the k-th parameter or buffer of a node starts in the block.
    static constexpr std::size_t offset_of_parameter(std::size_t node, std::size_t k)
    {
        return value.slot_at[value.parameter_used[value.parameter_uses[node] + k]].offset;
    }
    static constexpr std::size_t offset_of_buffer(std::size_t node, std::size_t k)
    {
        return value.slot_at[value.buffer_used[value.buffer_uses[node] + k]].offset;
    }

    static constexpr std::size_t find(std::string_view name)
    {
        std::size_t i = 0;
        while (i < count && value.slot_at[i].name != name) ++i;
        for (std::size_t k = 0; i == count && k < counts.tied; ++k) // another name of a slot's weight
            if (value.tied[k].name == name)
                for (i = 0; value.slot_at[i].offset != value.tied[k].offset || value.slot_at[i].is_buffer;)
                    ++i;
        return i;
    }
    /// Whether a name is a parameter that learns.
    static constexpr bool learns(std::string_view name)
    {
        const std::size_t i = find(name);
        return i < parameters && !value.slot_at[i].is_fixed;
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
