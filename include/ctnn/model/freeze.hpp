// SPDX-License-Identifier: BSD-3-Clause
/// From a model that learns to a model that answers.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <ctnn/core/roles.hpp>
#include <ctnn/model/eval.hpp>
#include <ctnn/model/sequential.hpp>
#include <ctnn/model/summary.hpp>
#include <ctnn/model/train.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// The arrays of the layer of a node, in double and with the axes that the layer itself has, whosever they
/// are.
template <class M>
layer_values values_of_layer(const M& model, std::size_t node)
{
    using Net = typename M::network;
    constexpr auto& table = slots<Net, typename M::scalar>::value;
    const layer_facts& declared = *schedule_of<Net>.nodes[node].facts;
    layer_values all;
    const auto take = [&](const slot& s) {
        const auto* from = model.parameter_block() + s.offset;
        all.emplace_back(from, from + s.shape.size());
    };
    for (std::size_t k = 0; k < declared.parameters; ++k)
        take(table.slot_at[table.parameter_used[table.parameter_uses[node] + k]]);
    for (std::size_t k = 0; k < declared.buffers; ++k)
        take(table.slot_at[table.buffer_used[table.buffer_uses[node] + k]]);
    if (shapes_of<Net>.facts[node] != &declared) { // a tied weight that is used the other way round
        const extents& shape = declared.parameter[0].shape;
        const std::vector<double> turned = all[0];
        for (std::size_t r = 0; r < shape[0]; ++r)
            for (std::size_t c = 0; c < shape[1]; ++c) all[0][r * shape[1] + c] = turned[c * shape[0] + r];
    }
    return all;
}

// The entries of a frozen network. Each has its `type`, the `first` node that it is made of, and `each(model,
// shift, f)`, which calls f with the arrays of each of its nodes. `shift` is the distance to another copy of
// a Repeat.

/// A layer of the frozen network that is a layer of the trained one.
template <class Net, class L, std::size_t I>
struct taken {
    using type = L;
    static constexpr std::size_t first = I, nodes = 1;
    static constexpr bool is_dropped = shapes_of<Net>.facts[I]->training_only; ///< once anything follows
    static constexpr bool keeps_a_tie = false;
    template <class M>
    static layer_values values(const M& model, std::size_t shift)
    {
        return values_of_layer(model, I + shift);
    }
    template <class M, class F>
    static void each(const M& model, std::size_t shift, F& f)
    {
        f(values(model, shift));
    }
};
/// A layer that `Rule` makes of what came before and node I.
template <class Rule, class Before, std::size_t I>
struct folded {
    using type = typename Rule::type;
    static constexpr std::size_t first = Before::first, nodes = 1;
    static constexpr bool is_dropped = false, keeps_a_tie = false;
    template <class M>
    static layer_values values(const M& model, std::size_t shift)
    {
        return Rule::template values<typename M::scalar>(Before::values(model, shift),
                                                         values_of_layer(model, I + shift));
    }
    template <class M, class F>
    static void each(const M& model, std::size_t shift, F& f)
    {
        f(values(model, shift));
    }
};

/// The number of leaves of a layer or container.
template <class L>
constexpr std::size_t leaf_count = 1;
template <container C>
constexpr std::size_t leaf_count<C> = size_of_schedule<C>.nodes;

/// A part of a network in its place: layer or container L, from node I on.
template <class L, std::size_t I>
struct part_at {
    using type = L;
    static constexpr std::size_t first = I;
};
template <std::size_t First, class List, class Index = std::make_index_sequence<List::size>>
struct parts_in_row;
template <std::size_t First, class... L, std::size_t... I>
struct parts_in_row<First, layer_list<L...>, std::index_sequence<I...>> {
    static constexpr std::array<std::size_t, sizeof...(L) + 1> start = [] {
        std::array<std::size_t, sizeof...(L) + 1> at{First};
        ((at[I + 1] = at[I] + leaf_count<L>), ...);
        return at;
    }();
    using type = layer_list<part_at<L, start[I]>...>;
};

/// A part as the parts that a row of layers is made of: without the names and marks that mean nothing in
/// eval, and without nesting.
template <class Part>
struct row_of {
    using type = layer_list<Part>;
};
template <class List>
struct rows_joined;
template <class... Part>
struct rows_joined<layer_list<Part...>> {
    using type = typename joined<typename row_of<Part>::type...>::type;
};
template <class... Part>
    requires(!container<typename Part::type> && ...)
struct rows_joined<layer_list<Part...>> { // the usual case, without joining anything
    using type = layer_list<Part...>;
};
template <class... L, std::size_t I>
struct row_of<part_at<Sequential<L...>, I>> : rows_joined<typename parts_in_row<I, layer_list<L...>>::type> {
};
template <class L, std::size_t I>
    requires requires { typename L::in_eval; }
struct row_of<part_at<L, I>> : row_of<part_at<typename L::in_eval, I>> {};

template <class Net, class L, std::size_t I>
struct nested;
template <class Net, class Part>
using entry_of =
    std::conditional_t<container<typename Part::type>, nested<Net, typename Part::type, Part::first>,
                       taken<Net, typename Part::type, Part::first>>;

/// The rule for an entry and the layer of node I, as long as it gives what the two give one after the other.
template <class Net, class Before, class L, std::size_t I>
struct rule_at {
    using rule = fold_rule<typename Before::type, L, shape_at<Net, schedule_of<Net>.read(Before::first)>>;
    static constexpr bool applies = [] {
        if constexpr (std::is_void_v<typename rule::type>) return false;
        else return rule::type::output(shape_read<Net>(Before::first)) == shape_given<Net>(I);
    }();
};

/// How far a row is rewritten: entries that are done, the last one that computes, and layers after it that
/// only reshape.
template <class Net, class Done, class Last, class Reshapes>
struct rewriting;
template <class Net, class... Done, class Last, class... Reshapes>
struct rewriting<Net, layer_list<Done...>, Last, layer_list<Reshapes...>> {
    using result = layer_list<Done..., Last, Reshapes...>;
    template <class Part>
    static constexpr auto next()
    {
        using L = typename Part::type;
        constexpr std::size_t I = Part::first;
        using entry = entry_of<Net, Part>;
        if constexpr (Last::is_dropped && !entry::is_dropped)
            return rewriting<Net, layer_list<>, entry, layer_list<>>{};
        else if constexpr (entry::is_dropped) return rewriting{};
        else if constexpr (container<L>)
            return rewriting<Net, layer_list<Done..., Last, Reshapes...>, entry, layer_list<>>{};
        else if constexpr (shapes_of<Net>.facts[I]->reshapes_only)
            return rewriting<Net, layer_list<Done...>, Last, layer_list<Reshapes..., entry>>{};
        else if constexpr (rule_at<Net, Last, L, I>::applies)
            return rewriting<Net, layer_list<Done...>,
                             folded<typename rule_at<Net, Last, L, I>::rule, Last, I>, layer_list<>>{};
        else return rewriting<Net, layer_list<Done..., Last, Reshapes...>, entry, layer_list<>>{};
    }
};
/// One step of a left fold over the parts, in which the type on the left is the state.
template <class R, class L, std::size_t I>
constexpr auto operator<<(R, part_at<L, I>)
{
    return R::template next<part_at<L, I>>();
}

/// A row of parts rewritten: its entries, and its type.
template <class Net, class Row>
struct rewritten;
template <class Net, class First, class... Part>
struct rewritten<Net, layer_list<First, Part...>> {
    using entries = typename decltype((rewriting<Net, layer_list<>, entry_of<Net, First>, layer_list<>>{}
                                       << ... << Part{}))::result;

    template <class List>
    struct sequence;
    template <class... Entry>
    struct sequence<layer_list<Entry...>> {
        using parts = layer_list<typename Entry::type...>;
        using in_row = Sequential<typename Entry::type...>;
        using type =
            typename std::conditional_t<sizeof...(Entry) == 1, parts, layer_list<in_row>>::template at<0>;
        static constexpr std::size_t nodes = (Entry::nodes + ...);
        static constexpr bool keeps_a_tie = (Entry::keeps_a_tie || ...);
        template <class M, class F>
        static void each(const M& model, std::size_t shift, F& f)
        {
            (Entry::each(model, shift, f), ...);
        }
    };
    using all = sequence<entries>;
};
template <class Net, class L, std::size_t I>
using rewritten_part = typename rewritten<Net, typename row_of<part_at<L, I>>::type>::all;

/// A container of the frozen network. One that states `is_row`, `is_branches` or `copies` is made again of
/// its parts as they are when frozen; any other stays as it is.
template <class Net, class L, std::size_t I>
struct nested {
    using type = L;
    static constexpr std::size_t first = I, nodes = leaf_count<L>;
    static constexpr bool is_dropped = false;
    static constexpr bool keeps_a_tie = [] { // whose path may be another in the frozen network
        for (std::size_t i = I; i < I + nodes; ++i)
            if (shapes_of<Net>.weights_of[i] != i) return true;
        return false;
    }();
    template <class M, class F>
    static void each(const M& model, std::size_t shift, F& f)
    {
        for (std::size_t i = 0; i < nodes; ++i) f(values_of_layer(model, I + i + shift));
    }
};
/// One that is a row of layers and then a join, such as Residual.
template <class Net, template <class...> class C, class... L, std::size_t I>
    requires(C<L...>::is_row)
struct nested<Net, C<L...>, I> {
    using row =
        typename rewritten<Net,
                           typename rows_joined<typename parts_in_row<I, layer_list<L...>>::type>::type>::all;
    static constexpr std::size_t first = I, nodes = row::nodes + 1;
    static constexpr bool is_dropped = false, keeps_a_tie = row::keeps_a_tie;
    template <class List>
    struct made_of;
    template <class... Other>
    struct made_of<layer_list<Other...>> {
        using type = C<Other...>;
    };
    using type = typename made_of<typename row::parts>::type;
    template <class M, class F>
    static void each(const M& model, std::size_t shift, F& f)
    {
        row::each(model, shift, f);
        f(layer_values{});
    }
};
/// One of branches, and then joins.
template <class Net, template <class...> class C, class... L, std::size_t I>
    requires(C<L...>::is_branches)
struct nested<Net, C<L...>, I> {
    static constexpr std::size_t joins = leaf_count<C<L...>> - (leaf_count<L> + ... + 0);
    template <class List>
    struct made_of;
    template <class... Part>
    struct made_of<layer_list<Part...>> {
        using type = C<typename rewritten_part<Net, typename Part::type, Part::first>::type...>;
        static constexpr std::size_t nodes =
            (rewritten_part<Net, typename Part::type, Part::first>::nodes + ... + joins);
        static constexpr bool keeps_a_tie =
            (rewritten_part<Net, typename Part::type, Part::first>::keeps_a_tie || ...);
        template <class M, class F>
        static void each(const M& model, std::size_t shift, F& f)
        {
            (rewritten_part<Net, typename Part::type, Part::first>::each(model, shift, f), ...);
            for (std::size_t i = 0; i < joins; ++i) f(layer_values{});
        }
    };
    using made = made_of<typename parts_in_row<I, layer_list<L...>>::type>;
    using type = typename made::type;
    static constexpr std::size_t first = I, nodes = made::nodes;
    static constexpr bool is_dropped = false, keeps_a_tie = made::keeps_a_tie;
    template <class M, class F>
    static void each(const M& model, std::size_t shift, F& f)
    {
        made::each(model, shift, f);
    }
};
/// One of copies. If a copy changes the shape the next one may fold in another way: then it stays as it is.
template <class Net, template <std::size_t, class> class C, std::size_t N, class L, std::size_t I>
    requires(C<N, L>::copies == N && N > 0 && shape_read<Net>(I) == shape_given<Net>(I + leaf_count<L> - 1))
struct nested<Net, C<N, L>, I> {
    using copy = rewritten_part<Net, L, I>;
    using type = C<N, typename copy::type>;
    static constexpr std::size_t first = I, nodes = N * copy::nodes;
    static constexpr bool is_dropped = false, keeps_a_tie = copy::keeps_a_tie;
    template <class M, class F>
    static void each(const M& model, std::size_t shift, F& f)
    {
        for (std::size_t i = 0; i < N; ++i) copy::each(model, shift + i * leaf_count<L>, f);
    }
};

/// The frozen network: the entries it is made of, and its type.
template <class Net, bool = fault_of<Net> == fault::none>
struct frozen {
    using all = rewritten_part<Net, Net, 0>;
    static constexpr bool is_changed = all::nodes < leaf_count<Net> && !all::keeps_a_tie; // some rule held
    template <class N>
    struct type_of {
        using type = typename all::type;
    };
    template <class... L>
    struct type_of<Sequential<L...>> {
        using type = typename all::in_row;
    };
    using type = typename std::conditional_t<is_changed, type_of<Net>, std::type_identity<Net>>::type;
};
template <class Net>
struct frozen<Net, false> {
    using type = Net; // its one error comes from the model
};

} // namespace detail

/// The network that `freeze` makes of `Net`: where two neighbouring layers can be computed as one, they are.
/// See layer/fold_rules.hpp.
template <class Net>
using Frozen = typename detail::frozen<Net>::type;

namespace detail {

/// Parameters and buffers of the frozen network.
template <class Net, Mode M, class T>
auto frozen_weights(const Model<Net, M, T>& model)
{
    if constexpr (std::is_same_v<Frozen<Net>, Net>) {
        return Weights<Net, T>(model.weights());
    } else {
        Weights<Frozen<Net>, T> result;
        constexpr auto& table = detail::slots<Frozen<Net>, T>::value;
        std::size_t node = 0;
        const auto put = [&](const layer_values& values) {
            std::size_t next = 0;
            for (const detail::slot& s : table.slot_at) {
                if (s.node != node) continue;
                const std::size_t found = next < values.size() ? values[next].size() : 0;
                if (found != s.shape.size())
                    throw Error("ctnn.layer", "a fold_rule gives " + std::to_string(found) + " numbers for " +
                                                  std::string(s.name) + " of " + signature<Frozen<Net>>() +
                                                  ", expected " + std::to_string(s.shape.size()));
                T* to = result.data() + s.offset;
                for (const double v : values[next++]) *to++ = static_cast<T>(v);
            }
            if (next != values.size())
                throw Error("ctnn.layer", "a fold_rule gives " + std::to_string(values.size()) +
                                              " arrays for a layer of " + signature<Frozen<Net>>() +
                                              " that has " + std::to_string(next));
            ++node;
        };
        detail::frozen<Net>::all::each(model, 0, put);
        return result;
    }
}

} // namespace detail

/// A model of another type, with the parameters and running statistics of one in training, or of one that was
/// loaded: it answers, it does not learn, and it uses BatchNorm's running statistics because its type has no
/// others. They are folded into the weights of the layer before, and an Embedding and the Linear after it
/// into a table; a Dropout is left out; what has no rule stays as it is. Its parameters are those of
/// `Frozen<Net>`; `Model<Net, Eval>{model}` keeps all layers and names.
///
///   weights  : they stand a second time in the order that kernels read them (`packing_rule`), so they can be
///              read and not changed; a copy as a Model<Frozen<Net>, Eval> can
///   accuracy : a folded weight is computed in double and rounded once, so an answer z = x w + b of a folded
///              layer is off by the rounding of its own sum, a few 2^-24 (sum |x w| + |b|). That is what the
///              layers one by one are off by, or less, but where x w and a running mean far larger than its
///              spread cancel: there the subtraction by itself is exact, and the sum with b is not. A product
///              of two weights that a float cannot hold is infinite.
///   errors   : [ctnn.layer] the arrays of a custom fold_rule are not those of its type in number or size
template <class Net, Mode M, class T>
[[nodiscard]] Model<Frozen<Net>, Packed<T>, T> freeze(const Model<Net, M, T>& model)
{
    using result = Model<Frozen<Net>, Packed<T>, T>;
    if constexpr (detail::fault_of<Net> == detail::fault::none) return result(detail::frozen_weights(model));
    else return result(model); // which complains
}

} // namespace ctnn::inline CTNN_ARCH
