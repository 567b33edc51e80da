// SPDX-License-Identifier: BSD-3-Clause
/// Everything that follows from the type of a network: its shapes, its parameters, its counts, and whether it is sound.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <ctnn/core/concepts.hpp>
#include <ctnn/core/facts.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/model/sequential.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

enum class fault { none, empty, not_a_layer, shape, ids, resized, single_row, no_row };

/// The shapes of a sample before and behind each layer, and the first place where they do not fit.
template <std::size_t N>
struct shape_trace {
    std::array<extents, N + 1> at{};
    fault what = fault::none;
    std::size_t position = 0;
};

template <class List>
struct facts_table;
template <class... L>
struct facts_table<layer_list<L...>> {
    static constexpr std::array<bool, sizeof...(L)> is_layer{Layer<L>...};
    static constexpr bool sound = (Layer<L> && ...);
    static constexpr auto value = [] {
        if constexpr (sound) return std::array<layer_facts, sizeof...(L)>{facts_of<L>()...};
        else return std::array<layer_facts, 0>{};
    }();
};

/// One plain loop over values, however deep the network.
template <class Net>
constexpr auto trace_shapes()
{
    using list = flat_layers<Net>;
    using table = facts_table<list>;
    constexpr std::size_t n = list::size;
    shape_trace<n> t;
    if constexpr (n == 0) {
        t.what = fault::empty;
    } else if constexpr (!table::sound) {
        while (table::is_layer[t.position]) ++t.position;
        t.what = fault::not_a_layer;
    } else {
        std::size_t next = 0; // in_features of the first layer behind the first that states them
        for (std::size_t i = 1; i < n && next == 0; ++i) next = table::value[i].in_features;
        const layer_facts& first = table::value[0];
        t.at[0] = first.input != nullptr ? first.input(next) : next != 0 ? extents{next} : extents::none();
        for (std::size_t i = 0; i < n; ++i) {
            if (i > 0 && table::value[i].classes > 0) {
                t.what = fault::ids;
                t.position = i;
                return t;
            }
            t.at[i + 1] = t.at[i].is_none() ? extents::none() : table::value[i].output(t.at[i]);
            if (t.at[i + 1].is_none()) {
                t.what = fault::shape;
                t.position = i;
                return t;
            }
            const layer_facts& f = table::value[i];
            if ((f.reshapes_only || f.in_place || f.training_only) && t.at[i + 1].size() != t.at[i].size()) {
                t.what = fault::resized;
                t.position = i;
                return t;
            }
        }
    }
    return t;
}

template <class Net>
inline constexpr auto shapes_of = trace_shapes<Net>();

template <class Net, std::size_t I>
struct shape_holder {
    static constexpr extents value = shapes_of<Net>.at[I];
};
/// The shape of a sample before layer I, as a type; I = number of layers: the output.
template <class Net, std::size_t I>
using shape_at = typename to_shape<shape_holder<Net, I>>::type;

// The names below are what a compile error shows; they are never true. Each gives the position, the layer and the facts.
template <class Net>
inline constexpr bool has_layers = false;
template <std::size_t Position, class L>
inline constexpr bool is_a_layer = false;
template <std::size_t Position, class L, class Offered>
inline constexpr bool takes_shape = false;
template <std::size_t Position, class L>
inline constexpr bool is_first = false;
template <std::size_t Position, class L, class Offered>
inline constexpr bool keeps_size = false;
template <std::size_t Position, class L, std::size_t Batch>
inline constexpr bool can_train_with_batch = false;
template <class M>
inline constexpr bool has_rows = false;
template <std::size_t Position, class L>
inline constexpr bool draws_nothing = false;

/// The position of the first layer that mixes the batch and gets a single row of it; the number of layers if there is none.
template <class Net>
constexpr std::size_t first_single_row(std::size_t batch)
{
    using list = flat_layers<Net>;
    constexpr auto& shapes = shapes_of<Net>;
    for (std::size_t i = 0; i < list::size; ++i)
        if (facts_table<list>::value[i].mixes_batch && batch * (shapes.at[i].size() / shapes.at[i].last()) < 2) return i;
    return list::size;
}

/// The position of the first layer that draws random numbers in training; the number of layers if there is none.
template <class Net>
constexpr std::size_t first_that_draws()
{
    std::size_t i = 0;
    for (const layer_facts& f : facts_table<flat_layers<Net>>::value) {
        if (f.draws) break;
        ++i;
    }
    return i;
}

template <class Net>
inline constexpr fault fault_of = shapes_of<Net>.what;
template <class Net, Mode M>
constexpr fault find_fault()
{
    if constexpr (is_train<M> && fault_of<Net> == fault::none)
        return M::batch == 0 ? fault::no_row : first_single_row<Net>(M::batch) < flat_layers<Net>::size ? fault::single_row : fault::none;
    else return fault_of<Net>;
}
/// Whether a network can be a model of a mode. It reports nothing, so that it can be asked in a constraint.
template <class Net, Mode M>
inline constexpr bool is_sound = find_fault<Net, M>() == fault::none;

// One struct for each kind of mistake. The facts are template parameters, because clang prints a condition as it is spelled.
template <class Net, std::size_t Position, class L>
struct report_layer {
    static_assert(is_a_layer<Position, L>,
                  "[ctnn.layer] what stands at this position is not a layer: it needs a static constexpr extents output(const extents&), and "
                  "static void forward(const auto& pass) and backward(const auto& pass); see ctnn/core/concepts.hpp");
};
template <class Net, std::size_t Position, class L, class Offered>
struct report_shape {
    static_assert(takes_shape<Position, L, Offered>,
                  "[ctnn.shape] the layer at this position does not take the shape it is offered (position, layer and shape are named "
                  "here); a context length that cannot follow from the next layer is given as in Embedding<27, 10, 3>, "
                  "any other first shape as Input<3, 10>");
};
template <class Net, std::size_t Position, class L>
struct report_ids {
    static_assert(is_first<Position, L>, "[ctnn.layer] a layer that takes class ids can only be the first; the layer before it gives numbers");
};
template <class Net, std::size_t Position, class L, class Offered>
struct report_resized {
    static_assert(
        keeps_size<Position, L, Offered>,
        "[ctnn.layer] a layer that states reshapes_only, in_place or training_only gives as many numbers as it takes; this one does not for the "
        "shape offered");
};
template <class Net, std::size_t Position, class L, std::size_t B>
struct report_single_row {
    static_assert(can_train_with_batch<Position, L, B>,
                  "[ctnn.mode] the layer at this position learns from the spread of a batch and cannot train with a single row");
};

/// What layer I applies to its result: the activation of the layer behind it, or nothing.
template <class List, std::size_t I, bool Applies>
using applied_activation = typename std::conditional_t<Applies, activation_of<typename List::template at<(Applies ? I + 1 : I)>>,
                                                       std::type_identity<no_activation>>::type;

template <class Net, std::size_t Position>
using layer_at = typename flat_layers<Net>::template at<Position>;

/// The one place where an unsound network is reported: once for each network, however often it is used.
template <class Net, fault = fault_of<Net>, std::size_t Position = shapes_of<Net>.position>
struct report {};
template <class Net, std::size_t Position>
struct report<Net, fault::empty, Position> {
    static_assert(has_layers<Net>, "[ctnn.shape] a network has at least one layer");
};
template <class Net, std::size_t Position>
struct report<Net, fault::not_a_layer, Position> : report_layer<Net, Position, layer_at<Net, Position>> {};
template <class Net, std::size_t Position>
struct report<Net, fault::shape, Position> : report_shape<Net, Position, layer_at<Net, Position>, shape_at<Net, Position>> {};
template <class Net, std::size_t Position>
struct report<Net, fault::resized, Position> : report_resized<Net, Position, layer_at<Net, Position>, shape_at<Net, Position>> {};
template <class Net, std::size_t Position>
struct report<Net, fault::ids, Position> : report_ids<Net, Position, layer_at<Net, Position>> {};

/// Instantiating it reports what is wrong with a network in a mode.
template <class Net, Mode M, fault = find_fault<Net, M>()>
struct report_in_mode : report<Net> {};
template <class Net, Mode M>
struct report_in_mode<Net, M, fault::no_row> {
    static_assert(has_rows<M>, "[ctnn.mode] a training batch has at least one sample");
};
template <class Net, Mode M>
struct report_in_mode<Net, M, fault::single_row>
    : report_single_row<Net, first_single_row<Net>(M::batch), layer_at<Net, first_single_row<Net>(M::batch)>, M::batch> {};

/// A parameter or buffer and where it stands.
struct slot {
    dotted_name name;
    extents shape;
    double initial = 0;
    layout in_files = layout::same;
    std::size_t layer = 0, index = 0, offset = 0;
    bool is_buffer = false;
};

/// All parameters and then all buffers of a network, in order, with offsets in elements of T.
template <class Net, class T>
struct slots {
    using list = flat_layers<Net>;
    static constexpr auto facts = facts_table<list>::value;
    static constexpr std::size_t parameters = [] {
        std::size_t n = 0;
        for (const layer_facts& f : facts) n += f.parameters;
        return n;
    }();
    static constexpr std::size_t count = [] {
        std::size_t n = parameters;
        for (const layer_facts& f : facts) n += f.buffers;
        return n;
    }();

    struct table {
        std::array<slot, count> slot_at{};
        std::array<std::size_t, list::size + 1> parameter_offset{}, buffer_offset{}; ///< of each layer, from the start of its kind
    };
    static constexpr table value = []<std::size_t... I>(std::index_sequence<I...>)
    {
        table t;
        const auto paths = paths_of<Net>();
        std::size_t n = 0;
        const auto add = [&](const auto& declared, std::size_t layer, auto& offsets, bool is_buffer) {
            offsets[layer + 1] = offsets[layer];
            for (std::size_t i = 0; i < declared.size(); ++i) {
                slot s{paths[layer], declared[i].shape, declared[i].initial, declared[i].in_files, layer, i, offsets[layer + 1], is_buffer};
                if (s.name.length > 0) s.name.append("."); // a layer that is the whole network has no number
                s.name.append(declared[i].name);
                t.slot_at[n++] = s;
                offsets[layer + 1] += aligned<T>(declared[i].shape.size());
            }
        };
        (add(parameters_of<typename list::template at<I>>(), I, t.parameter_offset, false), ...);
        (add(buffers_of<typename list::template at<I>>(), I, t.buffer_offset, true), ...);
        return t;
    }
    (std::make_index_sequence<list::size>{});

    static constexpr std::size_t parameter_elements = value.parameter_offset[list::size]; ///< with the gaps that align them
    static constexpr std::size_t buffer_elements = value.buffer_offset[list::size];

    static constexpr std::size_t find(std::string_view name)
    {
        std::size_t i = 0;
        while (i < count && value.slot_at[i].name.view() != name) ++i;
        return i;
    }
};

/// The counts of an unsound network: equal to everything, so that a static_assert on them adds nothing to the one error.
struct unknown_count {
    constexpr operator std::size_t() const { return 0; }
    template <std::integral N>
    friend constexpr bool operator==(unknown_count, N)
    {
        return true;
    }
    template <std::integral N>
    friend constexpr bool operator<(unknown_count, N)
    {
        return true;
    }
    template <std::integral N>
    friend constexpr bool operator<=(unknown_count, N)
    {
        return true;
    }
    template <std::integral N>
    friend constexpr bool operator>(unknown_count, N)
    {
        return true;
    }
    template <std::integral N>
    friend constexpr bool operator>=(unknown_count, N)
    {
        return true;
    }
    friend constexpr unknown_count operator*(unknown_count, std::size_t) { return {}; }
    friend constexpr unknown_count operator*(std::size_t, unknown_count) { return {}; }
};

/// Naming the count of an unsound network reports it.
template <class Net>
struct unsound : report<Net> {
    using count = unknown_count;
};

template <class Net, class F>
constexpr auto sum_over_layers(F f)
{
    if constexpr (fault_of<Net> != fault::none) {
        return typename unsound<Net>::count{};
    } else {
        std::size_t n = 0;
        for (std::size_t i = 0; i < flat_layers<Net>::size; ++i)
            n += f(facts_table<flat_layers<Net>>::value[i], shapes_of<Net>.at[i], shapes_of<Net>.at[i + 1]);
        return n;
    }
}

template <class Net, bool = fault_of<Net> == fault::none>
struct outer_shapes {
    using input = shape_at<Net, 0>;
    using output = shape_at<Net, flat_layers<Net>::size>;
};
template <class Net>
struct outer_shapes<Net, false> : report<Net> {
    using input = shape<1>;
    using output = shape<1>;
};

} // namespace detail

/// Shapes of one sample: `shape<3>` in, `shape<27>` out.
template <class Net>
using input_shape = typename detail::outer_shapes<Net>::input;
template <class Net>
using output_shape = typename detail::outer_shapes<Net>::output;

/// The number of trainable numbers.
template <class Net>
inline constexpr auto parameter_count = detail::sum_over_layers<Net>([](const detail::layer_facts& f, const extents&, const extents&) {
    return f.parameter_elements;
});

/// Multiply-adds of one sample in matrix products, forward.
template <class Net>
inline constexpr auto multiply_adds = detail::sum_over_layers<Net>([](const detail::layer_facts& f, const extents& x, const extents&) {
    return f.multiply_adds != nullptr ? f.multiply_adds(x) : 0;
});

/// Bytes of all trainable numbers.
template <class Net, class T = float>
inline constexpr auto weight_bytes = parameter_count<Net> * sizeof(T);

/// Bytes of the outputs of all layers for a batch of B, as PyTorch would keep them.
template <class Net, std::size_t B, class T = float>
inline constexpr auto
    activation_bytes = B * sizeof(T) * detail::sum_over_layers<Net>([](const detail::layer_facts& f, const extents&, const extents& y) {
                           return f.reshapes_only ? 0 : y.size();
                       });

} // namespace ctnn::inline CTNN_ARCH
