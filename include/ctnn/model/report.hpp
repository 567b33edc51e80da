// SPDX-License-Identifier: BSD-3-Clause
/// What is wrong with a network, as one compile error that names position, layer and shape.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <ctnn/model/shapes.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Where a layer stands, from the outside in: position<3, 0> is the first layer in the fourth part of the
/// network, "3.0".
template <std::size_t... Numbers>
struct position;

// The names below are what a compile error shows; they are never true. Each gives the position, the layer and
// the facts.
template <class Net>
inline constexpr bool has_layers = false;
template <class Location, class L>
inline constexpr bool is_a_layer = false;
template <class Location, class L>
inline constexpr bool holds_nothing = false;
template <class Location, class L>
inline constexpr bool is_among_parts = false;
template <class Location, class L, class... Offered>
inline constexpr bool takes_shape = false;
template <class Location, class L>
inline constexpr bool is_first = false;
template <class Location, class L>
inline constexpr bool takes_class_ids = false;
template <class Location, class L, class Offered>
inline constexpr bool keeps_size = false;
template <class Location, class L>
inline constexpr bool is_read = false;
template <class Location, class L>
inline constexpr bool finds_weights = false;
template <class Location, class L, class Weights>
inline constexpr bool can_use_weights = false;
template <class Location, class L>
inline constexpr bool has_own_name = false;
template <class Location, class L, std::size_t Batch>
inline constexpr bool can_train_with_batch = false;
template <class Location, class L>
inline constexpr bool can_take_steps = false;
template <class M>
inline constexpr bool has_rows = false;
template <class Location, class L>
inline constexpr bool draws_nothing = false;

// One struct for each kind of mistake. The facts are template parameters, because clang prints a condition as
// it is spelled.
template <class Location, class L>
struct report_layer {
    static_assert(
        is_a_layer<Location, L>,
        "[ctnn.layer] what stands at this position is not a layer: it needs a static constexpr extents "
        "output(const extents&), and static void forward(const auto& pass) and backward(const auto& pass); "
        "see ctnn/core/concepts.hpp");
};
template <class Location, class L>
struct report_state {
    static_assert(
        holds_nothing<Location, L>,
        "[ctnn.layer] the layer at this position has data members: a layer is an empty struct, what it "
        "learns stands in its parameters, what it keeps in its buffers; see ctnn/core/concepts.hpp");
};
template <class Location, class Net>
struct report_part {
    static_assert(is_among_parts<Location, Net>,
                  "[ctnn.layer] the container around this position adds a layer that it does not state among "
                  "its parts: using parts = layer_list<...>; see ctnn/model/schedule.hpp");
};
template <class Location, class L, class... Offered>
struct report_shape {
    static_assert(
        takes_shape<Location, L, Offered...>,
        "[ctnn.shape] the layer at this position does not take the shape it is offered (position, layer and "
        "shape are named here); a context length that cannot follow from the next layer is given as in "
        "Embedding<27, 10, 3>, any other first shape as Input<3, 10>");
};
/// A join that does not take what its branches give.
template <class Location, class L, class First, class Second, class... More>
struct report_shape<Location, L, First, Second, More...> {
    static_assert(takes_shape<Location, L, First, Second, More...>,
                  "[ctnn.shape] the branches of the container at this position cannot be joined: they give "
                  "these shapes. A sum, a product and a Residual need equal ones, a Concat ones that are "
                  "equal but for the last extent");
};
template <class Location, class L>
struct report_ids {
    static_assert(
        is_first<Location, L>,
        "[ctnn.layer] a layer that takes class ids can only be the first; the layer before it gives numbers");
};
template <class Location, class L>
struct report_numbers {
    static_assert(takes_class_ids<Location, L>,
                  "[ctnn.layer] the layer at this position reads the class ids that another takes, and takes "
                  "numbers: give it an input of its own, as in Inputs<...>");
};
template <class Location, class L, class Offered>
struct report_resized {
    static_assert(keeps_size<Location, L, Offered>,
                  "[ctnn.layer] a layer that states reshapes_only, in_place or training_only gives as many "
                  "numbers as it takes; this one does not for the shape offered");
};
template <class Location, class L>
struct report_unread {
    static_assert(is_read<Location, L>, "[ctnn.layer] nothing reads what the layer at this position gives, "
                                        "and it is not an output: Outputs stands at the end of a network, "
                                        "and a container's wire uses all that its parts give");
};
template <class Location, class L>
struct report_tied_to_nothing {
    static_assert(finds_weights<Location, L>,
                  "[ctnn.name] no layer with parameters of its own has the path that the Tied layer at this "
                  "position names; summary<Net>() lists the paths");
};
template <class Location, class L, class Weights>
struct report_tied_misfit {
    static_assert(can_use_weights<Location, L, Weights>,
                  "[ctnn.shape] the Tied layer at this position cannot use the weight of the layer it names, "
                  "neither as it is nor transposed");
};
template <class Location, class L>
struct report_same_path {
    static_assert(has_own_name<Location, L>, "[ctnn.name] the layer at this position has parameters, and a "
                                             "layer before it has the same path: give Named another word");
};
template <class Location, class L, std::size_t B>
struct report_single_row {
    static_assert(can_train_with_batch<Location, L, B>,
                  "[ctnn.mode] the layer at this position learns from the spread of a batch and cannot train "
                  "with a single row");
};

template <class Location, class L>
struct report_no_stream {
    static_assert(
        can_take_steps<Location, L>,
        "[ctnn.mode] the layer at this position cannot answer one time step after the other: it "
        "needs the whole sequence, or has no stream_rule (see ctnn/core/roles.hpp); or the network has "
        "several inputs or outputs, or takes no sequence, (T, C) or T ids");
};

template <class Net, std::size_t I,
          class Levels = std::make_index_sequence<schedule_of<Net>.nodes[I].position.count>>
struct to_position;
template <class Net, std::size_t I, std::size_t... Level>
struct to_position<Net, I, std::index_sequence<Level...>> {
    using type = position<schedule_of<Net>.positions[schedule_of<Net>.nodes[I].position.first + Level]...>;
};
template <class Net, std::size_t I>
using position_of = typename to_position<Net, I>::type;

template <class Net, std::size_t I,
          class Reads = std::make_index_sequence<schedule_of<Net>.nodes[I].reads.count>>
struct shape_report;
template <class Net, std::size_t I, std::size_t... K>
struct shape_report<Net, I, std::index_sequence<K...>>
    : report_shape<position_of<Net, I>, layer_at<Net, I>, shape_at<Net, schedule_of<Net>.read(I, K)>...> {};

/// The one place where an unsound network is reported: once for each network, however often it is used.
template <class Net, fault = fault_of<Net>, std::size_t I = shapes_of<Net>.node>
struct report {};
template <class Net, std::size_t I>
struct report<Net, fault::empty, I> {
    static_assert(has_layers<Net>, "[ctnn.shape] a network has at least one layer");
};
template <class Net, std::size_t I>
struct report<Net, fault::not_a_layer, I>
    : std::conditional_t<has_a_layers_functions<layer_at<Net, I>>,
                         report_state<position_of<Net, I>, layer_at<Net, I>>,
                         report_layer<position_of<Net, I>, layer_at<Net, I>>> {};
template <class Net, std::size_t I>
struct report<Net, fault::not_a_part, I> : report_part<position_of<Net, I>, Net> {};
template <class Net, std::size_t I>
struct report<Net, fault::shape, I> : shape_report<Net, I> {};
template <class Net, std::size_t I>
struct report<Net, fault::resized, I>
    : report_resized<position_of<Net, I>, layer_at<Net, I>, shape_at<Net, schedule_of<Net>.read(I)>> {};
template <class Net, std::size_t I>
struct report<Net, fault::ids, I> : report_ids<position_of<Net, I>, layer_at<Net, I>> {};
template <class Net, std::size_t I>
struct report<Net, fault::numbers, I> : report_numbers<position_of<Net, I>, layer_at<Net, I>> {};
template <class Net, std::size_t I>
struct report<Net, fault::unread, I> : report_unread<position_of<Net, I>, layer_at<Net, I>> {};
template <class Net, std::size_t I>
struct report<Net, fault::tied_to_nothing, I>
    : report_tied_to_nothing<position_of<Net, I>, layer_at<Net, I>> {};
template <class Net, std::size_t I>
struct report<Net, fault::same_path, I> : report_same_path<position_of<Net, I>, layer_at<Net, I>> {};
/// The node that the Tied layer of node I names.
template <class Net>
constexpr std::size_t node_named_by(std::size_t i)
{
    constexpr auto& s = schedule_of<Net>;
    std::size_t other = 0;
    while (s.path(other) != s.piece(s.nodes[i].tied) || s.nodes[other].tied.count > 0 ||
           s.nodes[other].facts->parameters == 0)
        ++other;
    return other;
}
template <class Net, std::size_t I>
struct report<Net, fault::tied_misfit, I>
    : report_tied_misfit<position_of<Net, I>, layer_at<Net, I>, layer_at<Net, node_named_by<Net>(I)>> {};

/// Instantiating it reports what is wrong with a network in a mode.
template <class Net, Mode M, fault = find_fault<Net, M>()>
struct report_in_mode : report<Net> {};
template <class Net, Mode M>
struct report_in_mode<Net, M, fault::no_row> {
    static_assert(has_rows<M>, "[ctnn.mode] a training batch has at least one sample");
};
template <class Net, Mode M>
struct report_in_mode<Net, M, fault::single_row>
    : report_single_row<position_of<Net, first_single_row<Net>(M::batch)>,
                        layer_at<Net, first_single_row<Net>(M::batch)>, M::batch> {};

template <class Net>
struct stream_trace; // stream_plan.hpp
template <class Net, Mode M>
struct report_in_mode<Net, M, fault::no_stream>
    : report_no_stream<position_of<Net, stream_trace<Net>::steps.fault>,
                       layer_at<Net, stream_trace<Net>::steps.fault>> {};

/// The counts of an unsound network: equal to everything, so that a static_assert on them adds nothing to the
/// one error.
struct unknown_count {
    constexpr operator std::size_t() const { return 0; }
    friend constexpr bool operator==(unknown_count, std::integral auto) { return true; }
    friend constexpr bool operator<(unknown_count, std::integral auto) { return true; }
    friend constexpr bool operator<=(unknown_count, std::integral auto) { return true; }
    friend constexpr bool operator>(unknown_count, std::integral auto) { return true; }
    friend constexpr bool operator>=(unknown_count, std::integral auto) { return true; }
    friend constexpr unknown_count operator*(unknown_count, std::size_t) { return {}; }
    friend constexpr unknown_count operator*(std::size_t, unknown_count) { return {}; }
};

/// Naming the count of an unsound network reports it.
template <class Net>
struct unsound : report<Net> {
    using count = unknown_count;
};

} // namespace ctnn::inline CTNN_ARCH::detail
