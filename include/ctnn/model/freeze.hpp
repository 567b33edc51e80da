// SPDX-License-Identifier: BSD-3-Clause
/// From a model that learns to a model that answers.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <ctnn/core/fold.hpp>
#include <ctnn/model/eval.hpp>
#include <ctnn/model/train.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// The arrays of one layer of a model.
template <class M>
layer_values values_of_layer(const M& model, std::size_t layer)
{
    layer_values all;
    for (const slot& s : slots<typename M::network, typename M::scalar>::value.slot_at) {
        if (s.layer != layer) continue;
        const auto* from = (s.is_buffer ? model.buffer_block() : model.parameter_block()) + s.offset;
        all.emplace_back(from, from + s.shape.size());
    }
    return all;
}

/// A layer of the frozen network that is layer I of the trained one.
template <class L, std::size_t I>
struct taken {
    using type = L;
    static constexpr std::size_t first = I;
    template <class M>
    static layer_values values(const M& model)
    {
        return values_of_layer(model, I);
    }
};
/// A layer of the frozen network that `Rule` makes of what came before and layer I.
template <class Rule, class Before, std::size_t I>
struct folded {
    using type = typename Rule::type;
    static constexpr std::size_t first = Before::first;
    template <class M>
    static layer_values values(const M& model)
    {
        return Rule::template values<typename M::scalar>(Before::values(model), values_of_layer(model, I));
    }
};

/// The rule for an entry and layer I, as long as it gives what the two give one after the other.
template <class Net, class Before, std::size_t I>
struct rule_at {
    using rule = fold_rule<typename Before::type, layer_at<Net, I>, shape_at<Net, Before::first>>;
    static constexpr bool applies = [] {
        if constexpr (std::is_void_v<typename rule::type>) return false;
        else return rule::type::output(shapes_of<Net>.at[Before::first]) == shapes_of<Net>.at[I + 1];
    }();
};

/// How far the network is rewritten: layers that are done, the last one that computes, and layers behind it that only reshape.
template <class Net, class Done, class Last, class Reshapes>
struct rewriting;
template <class Net, class... Done, class Last, class... Reshapes>
struct rewriting<Net, layer_list<Done...>, Last, layer_list<Reshapes...>> {
    using result = layer_list<Done..., Last, Reshapes...>;
    template <std::size_t I>
    static constexpr auto next()
    {
        using L = layer_at<Net, I>;
        using at = rule_at<Net, Last, I>;
        constexpr auto& facts = facts_table<flat_layers<Net>>::value;
        if constexpr (facts[I].training_only) return rewriting{};
        else if constexpr (sizeof...(Done) == 0 && Last::first == 0 && facts[0].training_only) // the network starts with one
            return rewriting<Net, layer_list<>, taken<L, I>, layer_list<>>{};
        else if constexpr (facts[I].reshapes_only) return rewriting<Net, layer_list<Done...>, Last, layer_list<Reshapes..., taken<L, I>>>{};
        else if constexpr (at::applies) return rewriting<Net, layer_list<Done...>, folded<typename at::rule, Last, I>, layer_list<>>{};
        else return rewriting<Net, layer_list<Done..., Last, Reshapes...>, taken<L, I>, layer_list<>>{};
    }
};

/// One step of a left fold over the layers, in which the type on the left is the state.
template <class R, std::size_t I>
constexpr auto operator<<(R, std::integral_constant<std::size_t, I>)
{
    return R::template next<I>();
}

/// The frozen network: the entries it is made of, and its type.
template <class Net, bool = fault_of<Net> == fault::none>
struct frozen {
    static constexpr std::size_t layers = flat_layers<Net>::size;
    template <std::size_t... I>
    static constexpr auto rewrite(std::index_sequence<I...>)
    {
        using start = rewriting<Net, layer_list<>, taken<layer_at<Net, 0>, 0>, layer_list<>>;
        return (start{} << ... << std::integral_constant<std::size_t, I + 1>{});
    }
    using entries = typename decltype(rewrite(std::make_index_sequence<layers - 1>{}))::result;

    template <class List>
    struct sequence;
    template <class... Entry>
    struct sequence<layer_list<Entry...>> {
        using type = Sequential<typename Entry::type...>;
    };
    using type = typename std::conditional_t<entries::size == layers, std::type_identity<Net>, sequence<entries>>::type; // no rule held
};
template <class Net>
struct frozen<Net, false> {
    using type = Net; // its one error comes from the model
};

} // namespace detail

/// The network that `freeze` makes of `Net`: where two neighbouring layers can be computed as one, they are. See layer/fold_rules.hpp.
template <class Net>
using Frozen = typename detail::frozen<Net>::type;

/// A model of another type, with the parameters and running statistics of one in training, or of one that was loaded: it answers, it does
/// not learn, and it uses BatchNorm's running statistics because its type has no others. They are folded into the weights of the layer before,
/// and an Embedding and the Linear behind it into a table; a Dropout is left out; what has no rule stays as it is. Its parameters are those of
/// `Frozen<Net>`; `Model<Net, Eval>{model}` keeps all layers and names.
///
///   accuracy : a folded weight is computed in double and rounded once, so an answer z = x w + b of a folded layer is off by the rounding of
///              its own sum, a few 2^-24 (sum |x w| + |b|). That is what the layers one by one are off by, or less, but where x w and a
///              running mean far larger than its spread cancel: there the subtraction by itself is exact, and the sum with b is not.
///              A product of two weights that a float cannot hold is infinite.
template <class Net, Mode M, class T>
[[nodiscard]] Model<Frozen<Net>, Eval, T> freeze(const Model<Net, M, T>& model)
{
    if constexpr (std::is_same_v<Frozen<Net>, Net>) {
        return Model<Net, Eval, T>(model);
    } else {
        Model<Frozen<Net>, Eval, T> result;
        using table = detail::slots<Frozen<Net>, T>;
        const auto put = [&](std::size_t layer, const layer_values& values) {
            std::size_t next = 0;
            for (const detail::slot& s : table::value.slot_at) {
                if (s.layer != layer) continue;
                T* to = (s.is_buffer ? result.buffer_block() : result.parameter_block()) + s.offset;
                for (const double v : values[next++]) *to++ = static_cast<T>(v);
            }
        };
        using entries = typename detail::frozen<Net>::entries;
        [&]<std::size_t... I>(std::index_sequence<I...>) { (put(I, entries::template at<I>::values(model)), ...); }
        (std::make_index_sequence<entries::size>{});
        return result;
    }
}

} // namespace ctnn::inline CTNN_ARCH
