// SPDX-License-Identifier: BSD-3-Clause
/// Where everything of a pass stands, in training and in eval: one plan, made while compiling from who writes
/// and who reads what.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/model/arena.hpp>
#include <ctnn/model/joints.hpp>
#include <ctnn/model/slots.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// A place in one of the pieces of memory that a pass is given: the workspace, or an array of the caller.
struct place {
    std::size_t base = 0, offset = 0; ///< which piece, and bytes from its start
};

/// The pieces of memory, by number: the workspace, the inputs, the outputs, and the gradients of the outputs.
template <std::size_t InputCount, std::size_t OutputCount>
struct bases {
    static constexpr std::size_t workspace = 0, input = 1, output = 1 + InputCount,
                                 gradient = output + OutputCount, count = gradient + OutputCount;
};

/// What a plan is for.
struct purpose {
    /// samples that there is room for; in eval 1: what is placed so is enlarged when it runs
    std::size_t rows = 1;
    std::size_t element = 4; ///< bytes of a number
    bool trains = false;
    bool retains = false; ///< every value and its gradient are kept
    bool fuses = true;    ///< a layer may do the work of the next one, and write over what it reads
};

/// The plan of one network for one purpose.
///
///   values   : one that is only reshaped stands where it stood. A layer that works in place writes over what
///              it reads if it is the last reader and, in training, neither it nor the maker needs those
///              numbers in backward. Training keeps every value, eval as long as it has readers; outputs go
///              straight to the caller's arrays
///   fusion   : such a layer, if it is an activation and the only reader, is applied by the maker
///   gradient : the last reader of a value is the first in backward and sets its gradient, others add to it
template <class Net, class T, purpose For>
struct plan {
    static constexpr auto& schedule = schedule_of<Net>;
    static constexpr auto& trace = shapes_of<Net>;
    using slot_table = slots<Net, T>;
    static constexpr std::size_t nodes = schedule.size.nodes, reads = schedule.size.reads,
                                 values = schedule.size.values, inputs = schedule.size.inputs,
                                 outputs = schedule.size.outputs,
                                 uses_of_parameters = slot_table::parameters + slot_table::counts.tied;
    using base = bases<inputs, outputs>;

    /// What a run needs of the schedule and the shapes, as numbers: those themselves hold pointers to the
    /// facts of all layers, with which a program that reads them when running would have to carry all of
    /// these.
    struct numbers {
        std::size_t gives[nodes + 1]{}, first_read[nodes + 1]{}, read[reads + 1]{}, size[values + 1]{};
    };
    static constexpr numbers of_run = [] {
        numbers n;
        for (std::size_t i = 0; i < nodes; ++i) {
            n.gives[i] = schedule.nodes[i].gives;
            n.first_read[i] = schedule.nodes[i].reads.first;
            for (std::size_t k = 0; k < schedule.nodes[i].reads.count; ++k)
                n.read[n.first_read[i] + k] = schedule.read(i, k);
        }
        for (std::size_t v = 0; v < values; ++v) n.size[v] = trace.at[v].size();
        return n;
    }();
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    struct table {
        std::size_t bytes = 0, scratch_bytes = 0; ///< of the workspace, and how many of them are scratch
        // Forward
        place value[values + 1]{};
        bool runs[nodes + 1]{};
        std::size_t applies[nodes + 1]{}; ///< the node whose activation it applies
        place saved[nodes + 1]{};
        /// an output that is also something else, and is copied to its array
        bool copies_output[outputs + 1]{};
        place scratch;
        // Backward
        bool runs_backward[nodes + 1]{};
        std::size_t applies_backward[nodes + 1]{};
        place dy[nodes + 1]{};
        place dx[reads + 1]{};
        write_mode dx_write[reads + 1]{};
        bool dx_aside[reads + 1]{};   ///< it goes to scratch, because nobody wants it
        place gradient[values + 1]{}; ///< where all of them are retained
        /// of a layer's parameters together: it adds if it adds to one of them
        write_mode weights[nodes + 1]{};
        write_mode weight[uses_of_parameters + 1]{};
        /// whether the caller's gradient must not be worked on where it stands
        bool copies_gradient[outputs + 1]{};
        place gradient_copy[outputs + 1]{};
    };

    using joint_nodes = detail::joint_nodes<Net, For.trains && For.fuses ? For.rows : 0>;
    static constexpr auto& joints = joint_nodes::value;

    struct value_facts {
        bool takes_ids[values + 1]{};
        /// values under another shape are one: the first of them stands for all
        std::size_t same[values + 1]{};
    };
    static constexpr bool passes_through(std::size_t i)
    {
        return trace.facts[i]->reshapes_only || (!For.trains && trace.facts[i]->training_only) ||
               (joints.is_first[i] && !For.retains);
    }
    static constexpr value_facts of_values = [] {
        value_facts f;
        for (std::size_t v = 0; v < values; ++v) f.same[v] = v;
        for (std::size_t i = 0; i < nodes; ++i) {
            if (passes_through(i)) f.same[schedule.nodes[i].gives] = f.same[schedule.read(i)];
            if (trace.facts[i]->classes > 0) f.takes_ids[schedule.read(i)] = true;
        }
        return f;
    }();
    static constexpr std::size_t bytes_of(std::size_t v)
    {
        return For.rows * trace.at[v].size() * (of_values.takes_ids[v] ? sizeof(class_id) : For.element);
    }
    static constexpr std::size_t line_of(std::size_t bytes)
    {
        return For.trains ? whole_lines(bytes) : whole_lines<16>(bytes);
    }
    static constexpr bool needs_input(uses u) { return u == uses::input || u == uses::both; }
    static constexpr bool needs_output(uses u) { return u == uses::output || u == uses::both; }

    static constexpr std::size_t read_by(std::size_t i, std::size_t k = 0)
    {
        return of_values.same[schedule.read(i, k)];
    }

    /// The bytes of scratch that are needed.
    static constexpr std::size_t place_values(table& t)
    {
        std::size_t readers[values + 1]{}, last_reader[values + 1]{}, maker[values + 1]{},
            store[values + 1]{};
        // of a store: whether backward reads what is there now
        bool is_output[values + 1]{}, is_needed[values + 1]{};
        for (std::size_t v = 0; v < values; ++v) {
            maker[v] = none;
            store[v] = v;
        }
        for (std::size_t i = 0; i < nodes; ++i) {
            t.runs[i] = !passes_through(i);
            if (!t.runs[i]) continue;
            for (std::size_t k = 0; k < schedule.nodes[i].reads.count; ++k) {
                const std::size_t x = read_by(i, k);
                ++readers[x];
                last_reader[x] = i;
                is_needed[x] = is_needed[x] || needs_input(trace.facts[i]->derivative_uses);
            }
        }
        for (std::size_t k = 0; k < outputs; ++k) is_output[of_values.same[schedule.outputs[k]]] = true;

        // Who shares a store.
        for (std::size_t i = 0; i < nodes; ++i) {
            if (!t.runs[i]) continue;
            const layer_facts& f = *trace.facts[i];
            const std::size_t x = read_by(i), y = schedule.nodes[i].gives, m = maker[x];
            maker[y] = i;
            is_needed[y] = is_needed[y] || needs_output(f.derivative_uses);
            const bool over = For.fuses && f.in_place && !For.retains && m != none && last_reader[x] == i &&
                              !is_output[x] && !(For.trains && is_needed[x]);
            if (!over) continue;
            store[y] = store[x];
            if (readers[x] == 1 && t.runs[m] && t.applies[m] == none && can_apply(*trace.facts[m], f)) {
                t.applies[m] = i;
                t.runs[i] = false;
                if (trace.facts[m]->applies == applies_activation::both) t.applies_backward[m] = i;
            }
        }

        // How long a store is used, and by which output of the network.
        std::size_t until[values + 1]{}, output[values + 1]{};
        for (std::size_t v = 0; v < values; ++v) output[v] = none;
        for (std::size_t v = 0; v < values; ++v) {
            if (of_values.same[v] != v) continue;
            until[store[v]] = std::max(until[store[v]], is_output[v] || For.trains ? nodes : last_reader[v]);
        }
        for (std::size_t k = 0; k < outputs; ++k) {
            const std::size_t s = store[of_values.same[schedule.outputs[k]]];
            if (For.trains || schedule.is_input(s) || output[s] != none) t.copies_output[k] = !For.trains;
            else output[s] = k;
        }

        arena<values + 1> memory;
        place at[values + 1]{};
        const auto take_bytes = [&](std::size_t bytes) {
            if (!For.trains) return memory.take(line_of(bytes));
            t.bytes += line_of(bytes); // nothing is given back
            return t.bytes - line_of(bytes);
        };
        const auto take = [&](std::size_t s) {
            at[s] = output[s] != none ? place{base::output + output[s], 0}
                                      : place{base::workspace, take_bytes(bytes_of(s))};
        };
        for (std::size_t k = 0; k < inputs; ++k) {
            const std::size_t v = schedule.inputs[k];
            if (For.trains) take(v);
            else at[v] = {base::input + k, 0};
        }
        std::size_t most_scratch = 0;
        for (std::size_t i = 0; i < nodes; ++i) {
            if (passes_through(i)) continue;
            const node& n = schedule.nodes[i];
            if (store[n.gives] == n.gives) take(n.gives);
            const layer_facts& f = joints.facts[i] != nullptr ? *joints.facts[i] : *trace.facts[i];
            const extents& x = trace.at[schedule.read(i)];
            if (For.trains && f.saved != nullptr)
                t.saved[i].offset = take_bytes(f.saved(x, For.rows) * For.element);
            if (For.trains ? f.scratch != nullptr : f.eval_scratch != nullptr)
                most_scratch = std::max(
                    most_scratch, For.element * (For.trains ? f.scratch(x, For.rows) : f.eval_scratch(x)));
            for (std::size_t k = 0; k < n.reads.count; ++k) {
                const std::size_t s = store[read_by(i, k)];
                if (until[s] == i && at[s].base == base::workspace) memory.give_back(at[s].offset);
            }
        }
        for (std::size_t v = 0; v < values; ++v) t.value[v] = at[store[of_values.same[v]]];
        t.bytes = std::max(t.bytes, memory.bytes());
        return most_scratch;
    }

    /// Numbers that a layer's parameters take where they stand one after the other.
    static constexpr std::size_t parameter_elements_of(const layer_facts& f)
    {
        std::size_t n = 0;
        for (std::size_t k = 0; k < f.parameters; ++k) n += aligned<T>(f.parameter[k].shape.size());
        return n;
    }

    /// The bytes of scratch that are needed.
    static constexpr std::size_t place_gradients(table& t)
    {
        // What must have a gradient: whatever comes after something that learns, and all numbers where all
        // are retained.
        bool wanted[values + 1]{};
        bool learns[nodes + 1]{};
        for (std::size_t k = 0; k < inputs; ++k) wanted[schedule.inputs[k]] = For.retains;
        for (std::size_t i = 0; i < nodes; ++i) {
            if (joints.is_first[i] && passes_through(i)) continue; // it has neither output nor gradient
            const node& n = schedule.nodes[i];
            for (std::size_t k = slot_table::value.parameter_uses[i];
                 k < slot_table::value.parameter_uses[i + 1]; ++k)
                learns[i] =
                    learns[i] || !slot_table::value.slot_at[slot_table::value.parameter_used[k]].is_fixed;
            bool is_wanted = learns[i] || For.retains;
            for (std::size_t k = 0; k < n.reads.count; ++k)
                is_wanted = is_wanted || wanted[of_values.same[schedule.read(i, k)]];
            if (trace.facts[i]->classes > 0) wanted[schedule.read(i)] = false;
            wanted[of_values.same[n.gives]] = wanted[of_values.same[n.gives]] || is_wanted;
        }

        arena<values + 1> memory;
        const std::size_t start = t.bytes;
        place at[values + 1]{};
        bool is_set[values + 1]{}, is_ours[values + 1]{};
        const auto take = [&](std::size_t v) {
            const std::size_t bytes = line_of(bytes_of(v));
            at[v] = {base::workspace, For.retains ? t.bytes : start + memory.take(bytes)};
            if (For.retains) t.bytes += bytes; // nothing is given back
            is_set[v] = is_ours[v] = true;
        };
        bool is_read[values + 1]{};
        for (std::size_t i = 0; i < nodes; ++i)
            for (std::size_t k = 0; !passes_through(i) && k < schedule.nodes[i].reads.count; ++k)
                is_read[read_by(i, k)] = true;
        std::size_t times_given[values + 1]{};
        for (std::size_t k = 0; k < outputs; ++k) ++times_given[of_values.same[schedule.outputs[k]]];
        for (std::size_t k = 0; k < outputs; ++k) {
            const std::size_t v = of_values.same[schedule.outputs[k]];
            t.copies_gradient[k] = For.retains || is_read[v] || times_given[v] > 1;
            // if it is read where the caller has it, there is room for one that does not stand as it should
            if (!is_set[v]) take(v);
            t.gradient_copy[k] = at[v];
            if (!t.copies_gradient[k]) {
                at[v] = {base::gradient + k, 0};
                is_ours[v] = false;
            }
        }

        std::size_t scratch = 0;
        bool is_written[slot_table::parameters + 1]{};
        for (std::size_t i = nodes; i-- > 0;) {
            const node& n = schedule.nodes[i];
            const layer_facts& f = *trace.facts[i];
            const std::size_t y = of_values.same[n.gives];
            if (passes_through(i) || !wanted[y]) continue;
            // its maker takes the gradient of what it gives
            if (!t.runs[i] && t.applies_backward[maker_of(i)] == i) {
                at[read_by(i)] = at[y];
                is_set[read_by(i)] = true;
                is_ours[read_by(i)] = is_ours[y];
                continue;
            }
            t.dy[i] = at[y];
            bool is_free = is_ours[y] && !For.retains; // dy is ours, and nobody wants it any more
            std::size_t temporary = scratch_of(f, i);
            if (joints.facts[i] != nullptr) temporary = std::max(temporary, scratch_of(*joints.facts[i], i));
            for (std::size_t k = 0; k < n.reads.count; ++k) {
                const std::size_t x = read_by(i, k);
                write_mode& w = t.dx_write[n.reads.first + k];
                w = !wanted[x] ? write_mode::skip : is_set[x] ? write_mode::add : write_mode::set;
                std::size_t times_read = 0; // by this layer
                for (std::size_t j = 0; j < n.reads.count; ++j) times_read += read_by(i, j) == x ? 1U : 0U;
                // A layer may write a gradient that nobody wants: not over anything, then.
                t.dx_aside[n.reads.first + k] = !wanted[x] && !f.adds_input_gradients && f.classes == 0;
                if (t.dx_aside[n.reads.first + k]) temporary += line_of(bytes_of(x));
                if (w == write_mode::set && is_free && times_read == 1 &&
                    (f.passes_gradient || (f.in_place && f.inputs == 1))) {
                    at[x] = at[y];
                    is_set[x] = is_ours[x] = true;
                    is_free = false;
                    if (f.passes_gradient) w = write_mode::skip; // it stands there already
                } else if (w == write_mode::set) {
                    take(x);
                }
                if (w == write_mode::add && !adds_itself(t, i)) temporary += line_of(bytes_of(x));
                t.dx[n.reads.first + k] = at[x];
                t.runs_backward[i] = t.runs_backward[i] || w != write_mode::skip;
            }
            if (is_free) memory.give_back(at[y].offset - start);
            if (at[y].base != base::workspace)
                memory.give_back(t.gradient_copy[at[y].base - base::gradient].offset - start);
            if (joints.is_first[i]) { // the second writes its gradients
                t.runs_backward[i] = false;
                continue;
            }
            t.runs_backward[i] = t.runs_backward[i] || learns[i];
            // Gradients that nobody wants, or that the layer cannot add, are written aside.
            bool goes_aside = !f.adds_gradients && (f.overwrites_gradients || !learns[i]);
            if (learns[i]) {
                t.weights[i] = write_mode::set;
                for (std::size_t k = slot_table::value.parameter_uses[i];
                     k < slot_table::value.parameter_uses[i + 1]; ++k) {
                    const std::size_t s = slot_table::value.parameter_used[k];
                    t.weight[k] = slot_table::value.slot_at[s].is_fixed ? write_mode::skip
                                  : is_written[s]                       ? write_mode::add
                                                                        : write_mode::set;
                    is_written[s] = true;
                    if (t.weight[k] == write_mode::add) t.weights[i] = write_mode::add;
                    goes_aside = goes_aside || t.weight[k] == write_mode::skip;
                }
            }
            if (goes_aside) temporary += line_of(parameter_elements_of(f) * For.element);
            if (t.runs_backward[i]) scratch = std::max(scratch, temporary);
        }
        for (std::size_t v = 0; v < values; ++v) t.gradient[v] = at[of_values.same[v]];
        t.bytes = std::max(start + memory.bytes(), t.bytes);
        return scratch;
    }

    static constexpr std::size_t scratch_of(const layer_facts& f, std::size_t i)
    {
        return f.scratch != nullptr ? line_of(f.scratch(trace.at[schedule.read(i)], For.rows) * For.element)
                                    : 0;
    }
    static constexpr std::size_t maker_of(std::size_t i)
    {
        for (std::size_t m = 0; m < nodes; ++m)
            if (schedule.nodes[m].gives == read_by(i)) return m;
        return i;
    }
    /// Whether a layer can add to dx itself; with an activation to go through first it uses dx as scratch.
    static constexpr bool adds_itself(const table& t, std::size_t i)
    {
        return trace.facts[i]->adds_input_gradients && t.applies_backward[i] == none;
    }

    static constexpr table value = [] {
        table t;
        for (std::size_t i = 0; i < nodes; ++i) t.applies[i] = t.applies_backward[i] = none;
        std::size_t scratch = place_values(t);
        if (For.trains) scratch = std::max(scratch, place_gradients(t));
        t.scratch.offset = t.bytes;
        t.scratch_bytes = line_of(scratch);
        t.bytes += t.scratch_bytes;
        return t;
    }();
};

} // namespace ctnn::inline CTNN_ARCH::detail
