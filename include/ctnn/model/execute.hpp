// SPDX-License-Identifier: BSD-3-Clause
/// Runs a plan: forward, backward, and forward for those who look at every output.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <type_traits>
#include <utility>

#include <ctnn/core/index.hpp>
#include <ctnn/model/packed.hpp>
#include <ctnn/model/plan.hpp>

namespace ctnn::inline CTNN_ARCH {

class Generator;

namespace detail {

/// What one run of a plan works on.
template <class T>
struct run {
    std::byte* const* base; ///< the pieces of memory, as `bases` numbers them
    T* weights;             ///< the block of `slots`
    T* gradients = nullptr; ///< of the parameters that learn
    std::size_t rows = 0;
    Generator* generator = nullptr;
    std::size_t scale = 1;             ///< rows that there is room for, as a multiple of those of the plan
    const T* rate = nullptr;           ///< backward takes a step of plain SGD where `takes_step` says so
    const std::byte* packed = nullptr; ///< the weights of a frozen model as `packed_slots` has them

    template <class X>
    [[nodiscard]] X* at(place p) const
    {
        return reinterpret_cast<X*>(base[p.base] + p.offset * scale);
    }
};

struct look_at_nothing {
    void operator()(std::size_t) const {}
};

/// The functions of a network in one mode: one for each kind of node, and the order in which they are called.
template <class Net, class T, Mode M, purpose For>
struct executor {
    using plan = detail::plan<Net, T, For>;
    static constexpr auto& table = plan::value;
    static constexpr auto& schedule = plan::schedule;
    static constexpr auto& trace = plan::trace;
    using slot_table = typename plan::slot_table;
    using layer_mode = std::conditional_t<is_packed<M>, Eval, M>;
    using function = void (*)(const run<T>&, std::size_t);

    /// Whether a layer that is tied, or partly fixed, writes its parameters' gradients in more than one way.
    static constexpr bool mixes_weights(std::size_t i)
    {
        bool mixes = false;
        for (std::size_t k = slot_table::value.parameter_uses[i]; k < slot_table::value.parameter_uses[i + 1];
             ++k)
            mixes = mixes || table.weight[k] != table.weights[i];
        return mixes;
    }
    static constexpr bool same_kind(std::size_t a, std::size_t b)
    {
        const auto leaf = [](std::size_t i) { return i == plan::none ? plan::none : trace.leaf[i]; };
        if (trace.leaf[a] != trace.leaf[b] || plan::joints.with[a] != plan::joints.with[b] ||
            leaf(table.applies[a]) != leaf(table.applies[b]) ||
            leaf(table.applies_backward[a]) != leaf(table.applies_backward[b]) ||
            table.weights[a] != table.weights[b] || table.runs_backward[a] != table.runs_backward[b])
            return false;
        for (std::size_t k = 0; k < schedule.nodes[a].reads.count; ++k)
            if (table.dx_write[schedule.nodes[a].reads.first + k] !=
                    table.dx_write[schedule.nodes[b].reads.first + k] ||
                table.dx_aside[schedule.nodes[a].reads.first + k] !=
                    table.dx_aside[schedule.nodes[b].reads.first + k] ||
                trace.at[schedule.read(a, k)] != trace.at[schedule.read(b, k)])
                return false;
        return mixes_weights(a) == mixes_weights(b) && takes_step(a) == takes_step(b) &&
               is_packed_node(a) == is_packed_node(b);
    }
    static constexpr bool is_packed_node(std::size_t i)
    {
        if constexpr (is_packed<M>) return packed_slots<Net, T, typename M::number>::is_packed(i);
        else return false;
    }
    struct kind_table {
        /// the first node of each kind; the kind of each node
        std::size_t first[plan::nodes + 1]{}, kind_of[plan::nodes + 1]{};
        std::size_t count = 0;
    };
    static constexpr kind_table kinds = [] {
        kind_table t;
        for (std::size_t i = 0; i < plan::nodes; ++i) {
            if (plan::passes_through(i)) continue;
            std::size_t k = 0;
            while (k < t.count && !same_kind(t.first[k], i)) ++k;
            if (k == t.count) t.first[t.count++] = i;
            t.kind_of[i] = k;
        }
        return t;
    }();

    /// The k-th value that a node reads.
    static std::size_t value_read(std::size_t i, std::size_t k)
    {
        return plan::of_run.read[plan::of_run.first_read[i] + k];
    }

    /// What the layer is told to do with dx: where it cannot add it sets, and it is added for it.
    template <std::size_t K>
    static constexpr write_mode set_or(std::size_t i)
    {
        const write_mode w = table.dx_write[schedule.nodes[i].reads.first + K];
        return w == write_mode::add && !plan::adds_itself(table, i) ? write_mode::set : w;
    }
    // What is known when compiling of the nodes of kind K, from its first node I.
    template <std::size_t I, class Reads = std::make_index_sequence<schedule.nodes[I].reads.count>>
    struct input_of;
    template <std::size_t I>
    struct input_of<I, std::index_sequence<0>> {
        using type = shape_at<Net, schedule.read(I)>;
        template <write_mode Weights, class Activation>
        using gradients = gradient_plan<Weights, Activation, set_or<0>(I)>;
    };
    template <std::size_t I, std::size_t... K>
    struct input_of<I, std::index_sequence<K...>> {
        using type = input_shapes<shape_at<Net, schedule.read(I, K)>...>;
        template <write_mode Weights, class Activation>
        using gradients = gradient_plan<Weights, Activation, set_or<K>(I)...>;
    };
    template <std::size_t Applied, bool = Applied != plan::none>
    struct activation_applied {
        using type = no_activation;
    };
    template <std::size_t Applied>
    struct activation_applied<Applied, true> : activation_of<layer_at<Net, Applied>> {};

    template <std::size_t I, class Gradients, class Rows>
    static auto pass_of(const run<T>& r, std::size_t i, Rows rows)
    {
        using L = layer_at<Net, I>;
        using P = Pass<L, T, layer_mode, typename input_of<I>::type, Gradients, Rows>;
        P pass{.rows = rows, .x_data = {}, .y_data = r.template at<T>(table.value[plan::of_run.gives[i]])};
        for (std::size_t k = 0; k < P::inputs; ++k)
            pass.x_data[k] = r.template at<typename P::x_type>(table.value[value_read(i, k)]);
        for (std::size_t k = 0; k < facts<L>.parameters; ++k)
            pass.parameter_data[k] = r.weights + slot_table::offset_of_parameter(i, k);
        for (std::size_t k = 0; k < facts<L>.buffers; ++k)
            pass.buffer_data[k] = r.weights + slot_table::offset_of_buffer(i, k);
        pass.saved_data = r.template at<T>(table.saved[i]);
        pass.scratch_data = r.template at<T>(table.scratch);
        return pass;
    }

    template <std::size_t I>
    using joint_layer = typename plan::joint_nodes::template layer<plan::joints.with[I], I>;
    /// The pass of a node that does the work of two: it reads the ids, and has the parameters of both.
    template <std::size_t I, class Gradients>
    static auto joint_pass(const run<T>& r)
    {
        using J = joint_layer<I>;
        constexpr std::size_t first = plan::joints.with[I], of_first = trace.facts[first]->parameters;
        using P = Pass<J, T, M, shape_at<Net, schedule.read(first)>, Gradients, row_count<M>>;
        P pass{.rows = {}, .x_data = {}, .y_data = r.template at<T>(table.value[schedule.nodes[I].gives])};
        pass.x_data[0] = r.template at<typename P::x_type>(table.value[schedule.read(first)]);
        for (std::size_t k = 0; k < facts<J>.parameters; ++k) {
            const std::size_t offset = k < of_first ? slot_table::offset_of_parameter(first, k)
                                                    : slot_table::offset_of_parameter(I, k - of_first);
            pass.parameter_data[k] = r.weights + offset;
            pass.gradient_data[k] = r.gradients + offset;
        }
        pass.scratch_data = r.template at<T>(table.scratch);
        return pass;
    }
    template <std::size_t I>
    static constexpr bool is_joint = plan::joints.with[I] != plan::none;
    template <std::size_t I, write_mode Weights>
    using joint_gradients =
        gradient_plan<Weights, typename activation_applied<table.applies[I]>::type, write_mode::skip>;

    template <std::size_t I, bool IsPartial>
    CTNN_INLINE static void forward_node(const run<T>& r, std::size_t i)
    {
        if constexpr (is_joint<I>) {
            const auto pass = joint_pass<I, joint_gradients<I, table.weights[I]>>(r);
            return joint_layer<I>::forward(pass);
        }
        using L = layer_at<Net, I>;
        // The type of the pass is that of backward wherever it can be: one for the compiler.
        using gradients =
            typename input_of<I>::template gradients<table.weights[I],
                                                     typename activation_applied<table.applies[I]>::type>;
        auto pass = [&] {
            if constexpr (For.trains && !IsPartial) return pass_of<I, gradients>(r, i, row_count<M>{});
            else return pass_of<I, gradients>(r, i, r.rows);
        }();
        if constexpr (facts<L>.draws) pass.generator_used = r.generator;
        const auto& ready = pass;
        if constexpr (is_packed_node(I))
            packing_rule<L, typename M::number>::forward(
                ready, r.packed + packed_slots<Net, T, typename M::number>::value.offset[i]);
        else L::forward(ready);
        if constexpr (IsPartial) fill_up(pass.y_data, decltype(pass)::y_extent, r.rows);
    }

    template <std::size_t I, bool Accumulates, bool IsPartial>
    static void backward_node(const run<T>& r, std::size_t i)
    {
        using L = layer_at<Net, I>;
        constexpr layer_facts f = *trace.facts[I];
        constexpr auto accumulated = [](write_mode w) {
            return Accumulates && w == write_mode::set ? write_mode::add : w;
        };
        constexpr write_mode weights = is_joint<I> ? write_mode::skip : accumulated(table.weights[I]);
        if constexpr (is_joint<I>) {
            auto pass = joint_pass<I, joint_gradients<I, accumulated(table.weights[I])>>(r);
            pass.dy_data = r.template at<const T>(table.dy[I]);
            const auto& ready = pass;
            joint_layer<I>::backward(ready);
            if (table.dx_write[schedule.nodes[I].reads.first] == write_mode::skip) return;
        }
        constexpr bool mixes = mixes_weights(I), only_sets = f.overwrites_gradients && !f.adds_gradients;
        using gradients = typename input_of<I>::template gradients<
            weights, typename activation_applied<table.applies_backward[I]>::type>;
        auto pass = [&] {
            if constexpr (!IsPartial) return pass_of<I, gradients>(r, i, row_count<M>{});
            else return pass_of<I, gradients>(r, i, r.rows);
        }();
        const std::size_t first_read = plan::of_run.first_read[i];
        pass.dy_data = r.template at<const T>(table.dy[i]);
        T* spare = pass.scratch_data;
        if constexpr (f.scratch != nullptr) {
            constexpr std::size_t own = f.scratch(shape_read<Net>(I), For.rows) * sizeof(T);
            spare += whole_lines(own) / sizeof(T);
        }
        for (std::size_t k = 0; k < f.inputs; ++k) {
            pass.dx_data[k] = r.template at<T>(table.dx[first_read + k]);
            if (!must_add<I>(k) && !table.dx_aside[schedule.nodes[I].reads.first + k]) continue;
            pass.dx_data[k] = spare;
            spare += whole_lines(plan::bytes_of(schedule.read(I, k))) / sizeof(T);
        }
        const auto write_to = [&](std::size_t k) {
            if constexpr (!mixes) return weights;
            else return accumulated(table.weight[slot_table::value.parameter_uses[i] + k]);
        };
        for (std::size_t k = 0; k < f.parameters; ++k) {
            const write_mode w = write_to(k);
            const std::size_t size = f.parameter[k].shape.size();
            pass.gradient_data[k] = r.gradients + slot_table::offset_of_parameter(i, k);
            if (w == write_mode::add
                    ? only_sets
                    : w == write_mode::skip && !(f.adds_gradients && weights == write_mode::skip)) {
                pass.gradient_data[k] = spare;
                spare += aligned<T>(size);
            } else if (w == write_mode::set &&
                       (f.adds_gradients ? weights == write_mode::add : !f.overwrites_gradients)) {
                std::memset(pass.gradient_data[k], 0, size * sizeof(T));
            }
        }
        if constexpr (takes_step(I) && weights == write_mode::set) {
            pass.rate = r.rate;
            for (std::size_t k = 0; k < f.parameters; ++k)
                pass.stepped_data[k] = r.weights + slot_table::offset_of_parameter(i, k);
        }
        const auto& ready = pass;
        L::backward(ready);
        if constexpr (IsPartial)
            for (std::size_t k = 0; k < f.inputs; ++k) // what fills the batch up has no gradient
                if (table.dx_write[schedule.nodes[I].reads.first + k] == write_mode::set) {
                    const std::size_t size = plan::of_run.size[value_read(i, k)];
                    std::memset(pass.dx_data[k] + r.rows * size, 0, (For.rows - r.rows) * size * sizeof(T));
                }
        for (std::size_t k = 0; k < f.inputs; ++k)
            if (must_add<I>(k))
                add(r.template at<T>(table.dx[first_read + k]), pass.dx_data[k],
                    pass.rows * plan::of_run.size[value_read(i, k)]);
        for (std::size_t k = 0; only_sets && k < f.parameters; ++k)
            if (write_to(k) == write_mode::add)
                add(r.gradients + slot_table::offset_of_parameter(i, k), pass.gradient_data[k],
                    f.parameter[k].shape.size());
    }
    /// What a layer leaves of a batch that is not full: copies of its last sample.
    static void fill_up(T* y, std::size_t size, std::size_t rows)
    {
        for (std::size_t i = rows * size; i < For.rows * size; ++i) y[i] = y[i - size];
    }
    /// Whether a gradient of an input is added for the layer.
    template <std::size_t I>
    static constexpr bool must_add(std::size_t k)
    {
        return table.dx_write[schedule.nodes[I].reads.first + k] == write_mode::add &&
               !plan::adds_itself(table, I);
    }
    static void add(T* to, const T* from, std::size_t n)
    {
        for (std::size_t i = 0; i < n; ++i) to[i] += from[i];
    }

    /// Whether a layer can take a step with its parameters while its backward runs: nobody else has them.
    static constexpr bool takes_step(std::size_t i)
    {
        if (!trace.facts[i]->takes_steps || plan::joints.with[i] != plan::none || mixes_weights(i) ||
            table.weights[i] != write_mode::set || !table.runs_backward[i])
            return false;
        for (std::size_t j = 0; j < plan::nodes; ++j)
            if (j != i && (trace.weights_of[j] == i || trace.weights_of[i] == j || plan::joints.with[j] == i))
                return false;
        return true;
    }

    /// Whether a layer is told the true number of rows of a batch that is not full.
    static constexpr bool counts_rows(std::size_t i)
    {
        return trace.facts[i]->mixes_batch || trace.facts[i]->draws;
    }

    /// Whether the nodes of kind K are run otherwise in such a batch.
    template <std::size_t K, bool IsPartial>
    static constexpr bool counts = counts_rows(kinds.first[K]) && IsPartial;

    template <std::size_t I, bool Accumulates, bool IsPartial>
    static constexpr function backward_function()
    {
        if constexpr (table.runs_backward[I]) return backward_node<I, Accumulates, IsPartial>;
        else return nullptr;
    }
    /// The functions of all kinds.
    template <bool IsPartial, std::size_t... K>
    static constexpr auto forward_of(std::index_sequence<K...>)
    {
        return std::array<function, sizeof...(K)>{forward_node<kinds.first[K], counts<K, IsPartial>>...};
    }
    template <bool Accumulates, bool IsPartial, std::size_t... K>
    static constexpr auto backward_of(std::index_sequence<K...>)
    {
        return std::array<function, sizeof...(K)>{
            backward_function<kinds.first[K], Accumulates, counts<K, IsPartial>>()...};
    }
    template <bool IsPartial>
    static constexpr auto forward_functions = forward_of<IsPartial>(std::make_index_sequence<kinds.count>{});
    template <bool Accumulates, bool IsPartial>
    static constexpr auto backward_functions =
        backward_of<Accumulates, IsPartial>(std::make_index_sequence<kinds.count>{});

    /// Node by node with all places as constants, for a network of few; a longer one is a loop over a table
    /// of functions, which costs less to compile.
    static constexpr bool is_written_out = plan::nodes <= 16 && kinds.count > 0;
    template <bool IsPartial, class F, std::size_t... I>
    static void forward_written_out(const run<T>& r, F& f, std::index_sequence<I...>)
    {
        ((table.runs[I]
              ? (forward_node<kinds.first[kinds.kind_of[I]], counts<kinds.kind_of[I], IsPartial>>(r, I), f(I))
              : void()),
         ...);
    }

    /// All layers in order; after each that is run, f(its node).
    template <bool IsPartial = false, class F = look_at_nothing>
    static void forward(const run<T>& r, F f = {})
    {
        if constexpr (is_written_out) {
            forward_written_out<IsPartial>(r, f, std::make_index_sequence<plan::nodes>{});
        } else {
            for (std::size_t i = 0; i < plan::nodes; ++i) {
                if (!table.runs[i]) continue;
                forward_functions<IsPartial>[kinds.kind_of[i]](r, i);
                f(i);
            }
        }
        for_each_index<plan::outputs>([&](auto k) {
            if constexpr (table.copies_output[k()]) {
                constexpr std::size_t v = schedule.outputs[k()];
                std::memcpy(r.base[plan::base::output + k()], r.template at<T>(table.value[v]),
                            r.rows * trace.at[v].size() * sizeof(T));
            }
        });
    }

    /// The gradients of all parameters, from those of the outputs.
    template <bool Accumulates, bool IsPartial>
    static void backward(const run<T>& r)
    {
        for (std::size_t i = plan::nodes; i-- > 0;)
            if (table.runs_backward[i]) backward_functions<Accumulates, IsPartial>[kinds.kind_of[i]](r, i);
    }
};

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
