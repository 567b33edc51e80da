// SPDX-License-Identifier: BSD-3-Clause
/// Which neighbouring layers of a network train as one.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/core/index.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/model/shapes.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// The nodes that a joint_rule makes one of, in batches of `Rows`; of 0 none.
template <class Net, std::size_t Rows>
struct joint_nodes {
    static constexpr auto& schedule = schedule_of<Net>;
    static constexpr auto& trace = shapes_of<Net>;
    static constexpr std::size_t nodes = schedule.size.nodes, none = static_cast<std::size_t>(-1);

    /// Whether a value is read once, and given to nobody else.
    static constexpr bool has_one_reader(std::size_t v)
    {
        std::size_t readers = 0;
        for (std::size_t r = 0; r < schedule.size.reads; ++r) readers += schedule.reads[r] == v ? 1U : 0U;
        for (std::size_t k = 0; k < schedule.size.outputs; ++k) readers += schedule.outputs[k] == v ? 1U : 0U;
        return readers == 1;
    }
    static constexpr std::size_t maker_of(std::size_t v)
    {
        std::size_t m = 0;
        while (m < nodes && schedule.nodes[m].gives != v) ++m;
        return m < nodes ? m : none;
    }
    /// Whether all weights of a node are its own, no other's, and learn.
    static constexpr bool learns_alone(std::size_t i)
    {
        std::size_t users = 0;
        for (std::size_t k = 0; k < nodes; ++k) users += trace.weights_of[k] == i ? 1U : 0U;
        return users == 1 && trace.weights_of[i] == i && !schedule.nodes[i].is_fixed;
    }
    /// The node before node i, through reshapes, if it takes ids and both could be one; none for most.
    static constexpr std::size_t candidate_before(std::size_t i)
    {
        if (Rows == 0 || trace.facts[i]->inputs != 1 || trace.facts[i]->reshapes_only) return none;
        std::size_t v = schedule.read(i), m = maker_of(v);
        while (m != none && trace.facts[m]->reshapes_only && has_one_reader(v)) {
            v = schedule.read(m);
            m = maker_of(v);
        }
        const bool fits = m != none && trace.facts[m]->classes > 0 && has_one_reader(v) && learns_alone(m) &&
                          learns_alone(i);
        return fits ? m : none;
    }
    struct pairs {
        std::size_t first[nodes + 1]{}, second[nodes + 1]{}, count = 0;
    };
    static constexpr pairs candidates = [] {
        pairs c;
        for (std::size_t i = 0; i < nodes; ++i)
            if (const std::size_t m = candidate_before(i); m != none) {
                c.first[c.count] = m;
                c.second[c.count++] = i;
            }
        return c;
    }();
    /// The layer that does the work of nodes First and Second; void if none does.
    template <std::size_t First, std::size_t Second>
    using layer = typename joint_rule<layer_at<Net, First>, layer_at<Net, Second>,
                                      shape_at<Net, schedule.read(First)>, Rows>::type;

    struct table {
        std::size_t with[nodes + 1]{}; ///< of a node that does the work of two: the first
        bool is_first[nodes + 1]{};    ///< whether another does the work of this one
        const layer_facts* facts[nodes + 1]{};
    };
    static constexpr table value = [] {
        table t;
        for (std::size_t i = 0; i < nodes; ++i) t.with[i] = none;
        for_each_index<candidates.count>([&t](auto k) {
            constexpr std::size_t first = candidates.first[k()], second = candidates.second[k()];
            using J = layer<first, second>;
            if constexpr (!std::is_void_v<J>) {
                t.with[second] = first;
                t.is_first[first] = true;
                t.facts[second] = &facts<J>;
            }
        });
        return t;
    }();
};

} // namespace ctnn::inline CTNN_ARCH::detail
