// SPDX-License-Identifier: BSD-3-Clause
/// Large tables among shards: what is exchanged of their gradients are the rows that were looked up.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <ctnn/core/facts.hpp>
#include <ctnn/core/index.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/kernel/tree_sum.hpp>
#include <ctnn/model/workspace.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// A table of which a step looks up few rows.
struct looked_up_table {
    std::size_t node = 0, offset = 0;         ///< whose it is, and where in the block of parameters
    std::size_t rows = 0, row_size = 0;       ///< V and C
    std::size_t ids = 0;                      ///< that a shard looks up
    std::size_t ids_at = 0, gradients_at = 0; ///< where a shard tells them, and their gradients
};
/// Parameters next to each other of which every gradient is exchanged, and where it stands there.
struct dense_stretch {
    std::size_t begin = 0, end = 0, at = 0;
};

/// What S shards tell each other of a step's gradients. Of a table with more than four times as many rows as
/// they look up together, each tells its lookups: which row it was and its gradient, for each id. They are
/// added in the order of shards and of ids. All other gradients are added as they are.
template <class Net, Mode Train, std::size_t S, class T>
struct lookups {
    using executor = typename Workspace<Net, Train, T>::executor;
    static constexpr std::size_t nodes = executor::plan::nodes;

    struct layout {
        std::array<looked_up_table, nodes + 1> tables{};
        std::array<dense_stretch, nodes + 1> stretches{};
        std::size_t count = 0, stretch_count = 0;
        std::size_t numbers = 0; ///< that a shard tells of its lookups
        std::size_t dense = 0;   ///< that are added
        std::size_t longest_row = 0;
    };
    static constexpr layout value = [] {
        constexpr auto rows_of = with_indices<nodes>([](auto... i) {
            return std::array<std::size_t, nodes + 1>{lookup_rule<layer_at<Net, i()>>::rows...};
        });
        layout t;
        std::size_t begin = 0;
        const auto add_stretch = [&](std::size_t end) {
            if (end > begin) t.stretches[t.stretch_count++] = {begin, end, t.dense};
            t.dense += end - begin;
        };
        for (std::size_t i = 0; i < nodes; ++i) {
            if (rows_of[i] == 0 || !executor::takes_step(i)) continue;
            const std::size_t ids = Train::batch * executor::trace.at[executor::schedule.read(i)].size();
            if (rows_of[i] <= 4 * S * ids) continue;
            const std::size_t size = executor::trace.facts[i]->parameter[0].shape.size(),
                              offset = executor::slot_table::offset_of_parameter(i, 0), ids_at = t.numbers,
                              gradients_at = ids_at + aligned<T>(2 * ids);
            t.tables[t.count++] = {i, offset, rows_of[i], size / rows_of[i], ids, ids_at, gradients_at};
            t.numbers = gradients_at + aligned<T>(ids * (size / rows_of[i]));
            t.longest_row = std::max(t.longest_row, size / rows_of[i]);
            add_stretch(offset);
            begin = offset + aligned<T>(size);
        }
        add_stretch(executor::slot_table::value.learning);
        return t;
    }();
    /// What is there when the backward of a node is done, of which it is the last to have a share: by node,
    /// parameters that stand next to each other as one.
    struct parts_by_node {
        std::array<dense_stretch, executor::slot_table::parameters + 1> parts{};
        std::array<std::size_t, nodes + 1> first{};
    };
    static constexpr parts_by_node by_node = [] {
        using slots = typename executor::slot_table;
        std::array<std::size_t, slots::parameters + 1> last{};
        for (std::size_t i = nodes; i-- > 0;)
            for (std::size_t k = slots::value.parameter_uses[i]; k < slots::value.parameter_uses[i + 1]; ++k)
                last[slots::value.parameter_used[k]] = i;
        parts_by_node t;
        std::size_t n = 0;
        for (std::size_t i = 0; i < nodes; ++i) {
            t.first[i] = n;
            for (const dense_stretch& stretch : value.stretches)
                for (std::size_t k = 0; k < slots::parameters; ++k) {
                    const auto& slot = slots::value.slot_at[k];
                    if (last[k] != i || slot.is_fixed || slot.offset < stretch.begin ||
                        slot.offset >= stretch.end)
                        continue;
                    const std::size_t end = slot.offset + aligned<T>(slot.shape.size());
                    if (n > t.first[i] && t.parts[n - 1].end == slot.offset) t.parts[n - 1].end = end;
                    else t.parts[n++] = {slot.offset, end, stretch.at + (slot.offset - stretch.begin)};
                }
        }
        t.first[nodes] = n;
        return t;
    }();
    static constexpr std::span<const dense_stretch> parts_of(std::size_t node)
    {
        return {by_node.parts.data() + by_node.first[node], by_node.first[node + 1] - by_node.first[node]};
    }
    static constexpr std::size_t count = value.count, numbers = value.numbers, dense = value.dense;
    static constexpr std::span<const looked_up_table> tables{value.tables.data(), count};
    static constexpr std::span<const dense_stretch> stretches{value.stretches.data(), value.stretch_count};

    /// In place of the backward of node i, if it is one that looks up: what a shard tells.
    static bool keep(const run<T>& r, std::size_t i, T* to)
    {
        for (const looked_up_table& t : tables) {
            if (t.node != i) continue;
            const auto* const ids =
                r.template at<const class_id>(executor::table.value[executor::value_read(i, 0)]);
            for (std::size_t k = 0; k < t.ids; ++k) { // two numbers that a float has exactly
                to[t.ids_at + 2 * k] = static_cast<T>(ids[k] >> 16);
                to[t.ids_at + 2 * k + 1] = static_cast<T>(ids[k] & 0xffff);
            }
            kernel::copy(to + t.gradients_at, r.template at<const T>(executor::table.dy[i]),
                         t.ids * t.row_size);
            return true;
        }
        return false;
    }
};

/// What the shards have found, as a worker reads it.
template <class T, std::size_t S>
struct shard_gradients {
    std::array<const T*, S> sums; ///< `count` arrays, whose tree sum is S times the gradient
    std::size_t count = S;
    bool are_in_place = true;        ///< as in the block of parameters, or the dense stretches without gaps
    std::array<const T*, S> lookups; ///< what each shard tells of its lookups

    /// to(n) = the gradient of n parameters of a stretch, from number `first` of the block on.
    void sum(T* to, const dense_stretch& stretch, std::size_t first, std::size_t n) const
    {
        std::array<const T*, S> from;
        for (std::size_t k = 0; k < count; ++k)
            from[k] = sums[k] + (are_in_place ? first : stretch.at + (first - stretch.begin));
        kernel::tree_sum(to, from.data(), count, n, T{1} / S);
    }
};

/// The lookups of a step by the row of a table, in the order of shards and of ids.
template <class T>
class lookups_by_row {
public:
    /// Part `part` of `parts` of an optimizer's step: apply(g, first, n) with the gradients of n parameters
    /// from number `first` of the block on. All rows take the step; where a gradient of 0 changes nothing,
    /// those that were looked up.
    ///   room : for a row, or for several
    ///   cost : allocates the first time
    template <std::size_t S, std::size_t Room, class Apply>
    void step(const looked_up_table& table, const shard_gradients<T, S>& gradients, bool zeros_change_nothing,
              std::size_t part, std::size_t parts, std::array<T, Room>& room, Apply apply)
    {
        const std::size_t C = table.row_size, at_once = Room / C;
        const forgets in_the_end{this}; // also where apply throws
        if (zeros_change_nothing) {
            // One row here, one there, for the frequent ones are often neighbours.
            list(table, gradients.lookups, [&](std::size_t row) { return row % parts == part; });
            for (std::size_t n = 0; n < next_.size(); ++n)
                if (const std::size_t row = row_of(n); first_[row] == n) {
                    sum(room.data(), row, T{1} / S);
                    apply(room.data(), table.offset + row * C, C);
                }
        } else {
            const std::size_t begin = part * table.rows / parts, end = (part + 1) * table.rows / parts;
            list(table, gradients.lookups, [&](std::size_t row) { return begin <= row && row < end; });
            for (std::size_t row = begin; row < end; row += at_once) {
                const std::size_t n = std::min(at_once, end - row);
                for (std::size_t i = 0; i < n; ++i) sum(room.data() + i * C, row + i, T{1} / S);
                apply(room.data(), table.offset + row * C, n * C);
            }
        }
    }
    /// to(V, C) = the gradient.
    template <std::size_t S>
    void put_gradients(const looked_up_table& table, const shard_gradients<T, S>& gradients, T* to)
    {
        const forgets in_the_end{this};
        list(table, gradients.lookups, [](std::size_t) { return true; });
        for (std::size_t row = 0; row < table.rows; ++row) sum(to + row * table.row_size, row, T{1} / S);
    }

private:
    static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
    std::vector<std::uint32_t> first_, next_; ///< of each row, and after each lookup
    const looked_up_table* table_ = nullptr;
    std::span<const T* const> shards_;

    /// Empties the lists of the rows that have one.
    struct forgets {
        lookups_by_row* lists;
        ~forgets()
        {
            for (std::size_t n = 0; n < lists->next_.size(); ++n) lists->first_[lists->row_of(n)] = none;
        }
    };

    [[nodiscard]] std::size_t row_of(std::size_t n) const
    {
        const T* const id = shards_[n / table_->ids] + table_->ids_at + n % table_->ids * 2;
        return (static_cast<std::size_t>(id[0]) << 16U) + static_cast<std::size_t>(id[1]);
    }
    template <class Wants>
    void list(const looked_up_table& table, std::span<const T* const> shards, Wants wants)
    {
        table_ = &table;
        shards_ = shards;
        first_.resize(table.rows, none);
        next_.resize(shards.size() * table.ids);
        for (std::size_t n = next_.size(); n-- > 0;) // from the end, because each goes to the front of a list
            if (const std::size_t row = row_of(n); wants(row)) {
                next_[n] = first_[row];
                first_[row] = static_cast<std::uint32_t>(n);
            }
    }
    /// to(C) = the sum of a row's gradients times factor; 0 if it was not looked up.
    void sum(T* to, std::size_t row, T factor) const
    {
        const std::size_t size = table_->row_size;
        std::fill_n(to, size, T{0});
        if (first_[row] == none) return;
        for (std::uint32_t n = first_[row]; n != none; n = next_[n])
            kernel::add(to, to, shards_[n / table_->ids] + table_->gradients_at + n % table_->ids * size,
                        size);
        kernel::tree_sum(to, &to, 1, size, factor);
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
