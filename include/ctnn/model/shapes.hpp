// SPDX-License-Identifier: BSD-3-Clause
/// The shape of every value of a network, whose weights each layer uses, and the first mistake, in one loop
/// over its nodes.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <ctnn/model/schedule.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

enum class fault {
    none,
    empty,
    not_a_layer,
    not_a_part,
    shape,
    ids,
    numbers,
    resized,
    unread,
    tied_to_nothing,
    tied_misfit,
    same_path,
    single_row,
    no_row,
    no_stream
};

/// What follows from a schedule.
template <std::size_t Nodes, std::size_t Values>
struct shape_trace {
    extents at[Values + 1]{};              ///< of one sample of each value
    const layer_facts* facts[Nodes + 1]{}; ///< of each node, in the form that fits a tied weight
    std::size_t leaf[Nodes + 1]{};         ///< the place of its type in leaves_of<Net>
    std::size_t weights_of[Nodes + 1]{};   ///< the node whose weights it uses: itself, or what it is tied to
    fault what = fault::none;
    std::size_t node = 0; ///< where that is
};

/// The shape of an input: what the first layer that reads it says, for the in_features that come next on its
/// way.
template <class Net>
constexpr extents shape_of_input(const layer_facts* const* facts, std::size_t input)
{
    constexpr auto& s = schedule_of<Net>;
    constexpr std::size_t nodes = s.size.nodes;
    bool follows[s.size.values + 1]{};
    follows[input] = true;
    std::size_t first = nodes, next = 0;
    for (std::size_t i = 0; i < nodes && next == 0; ++i) {
        if (!follows[s.read(i)]) continue;
        if (first == nodes) first = i;
        else next = facts[i]->in_features;
        // a sum has the shape of its terms
        follows[s.nodes[i].gives] = facts[i]->inputs == 1 || facts[i]->passes_gradient;
    }
    if (first == nodes) return extents::none();
    if (facts[first]->input != nullptr) return facts[first]->input(next);
    return next != 0 ? extents{next} : extents::none();
}

/// How a tied layer can use a weight of another: as it is, the other way round, or not at all.
enum class tie { same, turned, none };
constexpr tie tie_of(const Parameter& own, const Parameter& other)
{
    const bool other_way = own.in_files != other.in_files;
    const extents turned = other.shape.rank == 2 ? extents{other.shape[1], other.shape[0]} : extents::none();
    // Shapes are compared as files have them: there is no doubt about a square weight.
    if (own.shape == (other_way ? turned : other.shape)) return other_way ? tie::turned : tie::same;
    if (own.shape == (other_way ? other.shape : turned)) return other_way ? tie::same : tie::turned;
    return tie::none;
}

/// Whether two layers at one path would have parameters of the same name.
constexpr bool share_a_name(const layer_facts& a, const layer_facts& b)
{
    for (std::size_t i = 0; i < a.parameters; ++i)
        for (std::size_t j = 0; j < b.parameters; ++j)
            if (a.parameter[i].name == b.parameter[j].name) return true;
    return false;
}

template <class Net>
constexpr auto trace_shapes()
{
    constexpr auto& s = schedule_of<Net>;
    constexpr std::size_t n = s.size.nodes;
    shape_trace<n, s.size.values> t;
    const auto fail = [&t](fault what, std::size_t node) {
        t.what = what;
        t.node = node;
        return t;
    };
    if (n == 0) return fail(fault::empty, 0);
    for (std::size_t i = 0; i < n; ++i) {
        t.facts[i] = s.nodes[i].facts;
        t.leaf[i] = leaf_of<Net>(t.facts[i]);
        t.weights_of[i] = i;
        if (t.leaf[i] == leaves_of<Net>::size) return fail(fault::not_a_part, i);
        if (t.facts[i]->output == nullptr) return fail(fault::not_a_layer, i);
    }
    for (std::size_t k = 0; k < s.size.inputs; ++k)
        t.at[s.inputs[k]] = shape_of_input<Net>(t.facts, s.inputs[k]);

    bool holds_ids[s.size.values + 1]{};
    for (std::size_t i = 0; i < n; ++i)
        if (t.facts[i]->classes > 0) holds_ids[s.read(i)] = true;
    bool is_read[s.size.values + 1]{};
    for (std::size_t k = 0; k < s.size.outputs; ++k) is_read[s.outputs[k]] = true;
    for (std::size_t i = 0; i < n; ++i) {
        const node& node = s.nodes[i];
        extents x[32]; // a join of more values does not compile
        bool is_known = true;
        for (std::size_t k = 0; k < node.reads.count; ++k) {
            x[k] = t.at[s.read(i, k)];
            is_known = is_known && !x[k].is_none();
            is_read[s.read(i, k)] = true;
        }
        const layer_facts& f = *t.facts[i];
        if (f.classes > 0 && !s.is_input(s.read(i))) return fail(fault::ids, i);
        for (std::size_t k = 0; f.classes == 0 && k < node.reads.count; ++k)
            if (holds_ids[s.read(i, k)]) return fail(fault::numbers, i);
        extents& y = t.at[node.gives];
        y = is_known && node.reads.count == f.inputs ? f.output(x) : extents::none();
        if (y.is_none()) return fail(fault::shape, i);
        if ((f.reshapes_only || f.in_place || f.training_only) && y.size() != x[0].size())
            return fail(fault::resized, i);
    }
    for (std::size_t i = 0; i < n; ++i)
        if (!is_read[s.nodes[i].gives]) return fail(fault::unread, i);

    for (std::size_t i = 0; i < n; ++i) {
        const node& node = s.nodes[i];
        if (node.tied.count == 0) continue;
        std::size_t other = 0;
        while (other < n && (s.path(other) != s.piece(node.tied) || s.nodes[other].tied.count > 0 ||
                             t.facts[other]->parameters == 0))
            ++other;
        if (other == n || node.facts->parameters == 0) return fail(fault::tied_to_nothing, i);
        const tie how = tie_of(node.facts->parameter[0], t.facts[other]->parameter[0]);
        if (how == tie::none || (how == tie::turned && node.transposed == nullptr))
            return fail(fault::tied_misfit, i);
        if (how == tie::turned) {
            t.facts[i] = node.transposed;
            t.leaf[i] = leaf_of<Net>(t.facts[i]);
            if (t.leaf[i] == leaves_of<Net>::size) return fail(fault::tied_misfit, i);
        }
        t.weights_of[i] = other;
    }
    if (size_of_schedule<Net>.has_words)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (s.path(i) == s.path(j) && share_a_name(*t.facts[i], *t.facts[j]))
                    return fail(fault::same_path, i);
    return t;
}

template <class Net>
inline constexpr auto shapes_of = trace_shapes<Net>();

/// f.operator()<L>() for every type of leaf, as an array; that of a node is at shapes_of<Net>.leaf[node].
template <class Net, class F>
constexpr auto by_leaf(F f)
{
    return [&]<class... L>(layer_list<L...>) {
        return std::array{f.template operator()<L>()...};
    }(leaves_of<Net>{});
}

/// The type of the layer of node I.
template <class Net, std::size_t I>
using layer_at = typename leaves_of<Net>::template at<shapes_of<Net>.leaf[I]>;

/// The shape of what node I gives, and of the first value that it reads, for one sample.
template <class Net>
constexpr const extents& shape_given(std::size_t i)
{
    return shapes_of<Net>.at[schedule_of<Net>.nodes[i].gives];
}
template <class Net>
constexpr const extents& shape_read(std::size_t i)
{
    return shapes_of<Net>.at[schedule_of<Net>.read(i)];
}

template <class Net, std::size_t Value>
struct shape_holder {
    static constexpr extents value = shapes_of<Net>.at[Value];
};
/// The shape of a sample of a value, as a type.
template <class Net, std::size_t Value>
using shape_at = typename to_shape<shape_holder<Net, Value>>::type;

/// Whether a layer that mixes the batch gets a single row of it; the number of nodes when none does.
template <class Net>
constexpr std::size_t first_single_row(std::size_t batch)
{
    constexpr auto& t = shapes_of<Net>;
    std::size_t i = 0;
    for (; i < schedule_of<Net>.size.nodes; ++i) {
        const extents& x = shape_read<Net>(i);
        if (t.facts[i]->mixes_batch && batch * (x.size() / x.last()) < 2) break;
    }
    return i;
}
/// The first node that draws random numbers in training; the number of nodes when none does.
template <class Net>
constexpr std::size_t first_that_draws()
{
    std::size_t i = 0;
    while (i < schedule_of<Net>.size.nodes && !shapes_of<Net>.facts[i]->draws) ++i;
    return i;
}

/// The place of each node's type in `leaves_of<Net>`, as numbers and nothing else, to be read when running.
template <class Net>
inline constexpr auto leaf_numbers = [] {
    std::array<std::size_t, schedule_of<Net>.size.nodes + 1> numbers{};
    for (std::size_t i = 0; i < schedule_of<Net>.size.nodes; ++i) numbers[i] = shapes_of<Net>.leaf[i];
    return numbers;
}();

/// The path of a node, for the same reason.
template <class Net, std::size_t I>
inline constexpr auto path_text = [] {
    std::array<char, schedule_of<Net>.path(I).size()> text{};
    for (std::size_t k = 0; k < text.size(); ++k) text[k] = schedule_of<Net>.path(I)[k];
    return text;
}();

template <class Net>
inline constexpr fault fault_of = shapes_of<Net>.what;
template <class Net>
constexpr bool can_stream(); // stream_plan.hpp
template <class Net, Mode M>
constexpr fault find_fault()
{
    if constexpr (is_train<M> && fault_of<Net> == fault::none)
        return M::batch == 0                                                   ? fault::no_row
               : first_single_row<Net>(M::batch) < schedule_of<Net>.size.nodes ? fault::single_row
                                                                               : fault::none;
    else if constexpr (std::is_same_v<M, Stream> && fault_of<Net> == fault::none)
        return can_stream<Net>() ? fault::none : fault::no_stream;
    else return fault_of<Net>;
}
/// Whether a network can be a model of a mode. It reports nothing, so that it can be asked in a constraint.
template <class Net, Mode M>
inline constexpr bool is_sound = find_fault<Net, M>() == fault::none;

} // namespace ctnn::inline CTNN_ARCH::detail
