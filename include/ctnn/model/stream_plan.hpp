// SPDX-License-Identifier: BSD-3-Clause
/// What each layer does in one time step, and where a stream keeps everything.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <ctnn/core/roles.hpp>
#include <ctnn/model/shapes.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// The layer that does a step of L for sequences of shape X; nothing where it cannot.
struct no_step {};
template <class L, class X>
struct step_of {
    using type = no_step;
};
template <class L, class X>
    requires requires { std::type_identity<typename stream_rule<L>::template step<X>>{}; }
struct step_of<L, X> {
    using type = typename stream_rule<L>::template step<X>;
};

/// A shape without its first axis, time.
constexpr extents without_time(const extents& x)
{
    extents y;
    for (std::size_t i = 1; i < x.rank; ++i) y.push_back(x[i]);
    return y;
}

/// Which values have a time axis, what does a step of each node, and the shapes of one step.
template <class Net>
struct stream_trace {
    static constexpr auto& schedule = schedule_of<Net>;
    static constexpr auto& trace = shapes_of<Net>;
    static constexpr std::size_t nodes = schedule.size.nodes, values = schedule.size.values;
    static constexpr bool ids = schedule.nodes[0].facts->classes > 0;

    struct times {
        bool has[values + 1]{};
    };
    static constexpr times time = [] {
        times t;
        for (std::size_t k = 0; k < schedule.size.inputs; ++k)
            t.has[schedule.inputs[k]] = trace.at[schedule.inputs[k]].rank >= (ids ? 1 : 2);
        constexpr auto ends = by_leaf<Net>([]<class L> { return requires { stream_rule<L>::ends_time; }; });
        for (std::size_t i = 0; i < nodes; ++i)
            t.has[schedule.nodes[i].gives] = t.has[schedule.read(i)] && !ends[trace.leaf[i]];
        return t;
    }();

    static constexpr bool passes_through(std::size_t i)
    {
        return trace.facts[i]->reshapes_only || trace.facts[i]->training_only;
    }
    /// What does a step of node I: itself, where what it reads has no time.
    template <std::size_t I>
    struct at {
        using type = typename std::conditional_t<time.has[schedule.read(I)],
                                                 step_of<layer_at<Net, I>, shape_at<Net, schedule.read(I)>>,
                                                 std::type_identity<layer_at<Net, I>>>::type;
    };

    struct step_facts {
        const layer_facts* of = nullptr;
        std::size_t state = 0;
    };
    template <class S>
    static constexpr step_facts facts_of_step()
    {
        if constexpr (std::is_same_v<S, no_step>) return {};
        else if constexpr (requires { S::state; }) return {&facts<S>, S::state};
        else return {&facts<S>, 0};
    }
    struct step_table {
        step_facts node[nodes + 1]{};
        extents shape[values + 1]{}; ///< of a step of each value
        std::size_t fault = nodes;   ///< the first node that cannot stream
    };
    template <std::size_t... I>
    static constexpr step_table make(std::index_sequence<I...>)
    {
        step_table t{.node = {facts_of_step<typename at<I>::type>()...}};
        const auto fail = [&t](std::size_t i) {
            t.fault = i;
            return t;
        };
        for (std::size_t k = 0; k < schedule.size.inputs; ++k) {
            const std::size_t v = schedule.inputs[k];
            t.shape[v] = time.has[v] ? without_time(trace.at[v]) : trace.at[v];
        }
        if (schedule.size.inputs != 1 || schedule.size.outputs != 1 || !time.has[schedule.inputs[0]])
            return fail(0);
        for (std::size_t i = 0; i < nodes; ++i) {
            const node& n = schedule.nodes[i];
            const extents& whole = trace.at[schedule.read(i)];
            if (passes_through(i)) {
                if (time.has[schedule.read(i)] && trace.at[n.gives] != whole) return fail(i);
                t.shape[n.gives] = time.has[n.gives] ? t.shape[schedule.read(i)] : trace.at[n.gives];
                continue;
            }
            if (t.node[i].of == nullptr) return fail(i);
            extents x[32];
            for (std::size_t k = 0; k < n.reads.count; ++k) {
                if (time.has[schedule.read(i, k)] != time.has[schedule.read(i)]) return fail(i);
                x[k] = t.shape[schedule.read(i, k)];
            }
            t.shape[n.gives] = t.node[i].of->output(x);
            if (t.shape[n.gives].is_none()) return fail(i);
        }
        return t;
    }
    static constexpr step_table steps = make(std::make_index_sequence<nodes>{});
    /// Whether node i has something to do; else what it gives is what it reads.
    static constexpr bool runs(std::size_t i)
    {
        return !passes_through(i) && !steps.node[i].of->reshapes_only;
    }
};

template <class Net>
constexpr bool can_stream()
{
    return stream_trace<Net>::steps.fault == schedule_of<Net>.size.nodes;
}

/// Where a stream's numbers stand, in elements from the start of its block: the states first, one after the
/// other, then values and scratch; and which nodes run. An activation that alone reads what another node
/// gives is applied there, as in eval.
template <class Net>
struct stream_plan {
    using trace = stream_trace<Net>;
    static constexpr auto& schedule = schedule_of<Net>;
    static constexpr std::size_t nodes = trace::nodes, values = trace::values, line = 16;
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    struct table {
        bool runs[nodes + 1]{};
        std::size_t applies[nodes + 1]{}; ///< the node whose activation it applies
        std::size_t state[nodes + 1]{}, value[values + 1]{};
        std::size_t states = 0, scratch = 0, elements = 0;
    };

private:
    static constexpr void find_fused(table& t)
    {
        std::size_t same[values + 1]{}, maker[values + 1]{}, readers[values + 1]{};
        for (std::size_t v = 0; v < values; ++v) same[v] = v;
        for (std::size_t v = 0; v < values; ++v) maker[v] = none;
        for (std::size_t i = 0; i < nodes; ++i) {
            const node& n = schedule.nodes[i];
            t.runs[i] = trace::runs(i);
            t.applies[i] = none;
            if (t.runs[i])
                for (std::size_t k = 0; k < n.reads.count; ++k) ++readers[same[schedule.read(i, k)]];
            else same[n.gives] = same[schedule.read(i)];
        }
        ++readers[same[schedule.outputs[0]]];
        for (std::size_t i = 0; i < nodes; ++i) {
            if (!t.runs[i]) continue;
            const std::size_t x = same[schedule.read(i)], m = maker[x];
            maker[schedule.nodes[i].gives] = i;
            if (m != none && readers[x] == 1 && t.applies[m] == none &&
                can_apply(*trace::steps.node[m].of, *trace::steps.node[i].of)) {
                t.applies[m] = i;
                t.runs[i] = false;
            }
        }
    }

public:
    static constexpr table places = [] {
        const auto whole_lines = [](std::size_t n) { return (n + line - 1) / line * line; };
        table t;
        find_fused(t);
        for (std::size_t i = 0; i < nodes; ++i) {
            t.state[i] = t.states;
            if (t.runs[i]) t.states += trace::steps.node[i].state;
        }
        std::size_t at = whole_lines(t.states), most_scratch = 0;
        const auto take = [&](std::size_t value) {
            t.value[value] = at;
            at += whole_lines(trace::steps.shape[value].size());
        };
        take(schedule.inputs[0]);
        for (std::size_t i = 0; i < nodes; ++i) {
            const node& n = schedule.nodes[i];
            if (!t.runs[i]) {
                t.value[n.gives] = t.value[schedule.read(i)];
                continue;
            }
            take(n.gives);
            const layer_facts& f = *trace::steps.node[i].of;
            if (f.eval_scratch != nullptr)
                most_scratch = std::max(most_scratch, f.eval_scratch(trace::steps.shape[schedule.read(i)]));
        }
        t.scratch = at;
        t.elements = at + whole_lines(most_scratch);
        return t;
    }();

    /// What node I applies to its result.
    template <std::size_t I, std::size_t Applied = places.applies[I]>
    struct activation : activation_of<layer_at<Net, Applied>> {};
    template <std::size_t I>
    struct activation<I, none> {
        using type = no_activation;
    };
};

} // namespace ctnn::inline CTNN_ARCH::detail
