// SPDX-License-Identifier: BSD-3-Clause
/// What stands beside a layer and not in it: how it folds, how it is exported, what inspection knows of it.
/// Each role is a specialisation next to the struct; a layer without one does not have the role.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <ctnn/core/facts.hpp>

namespace ctnn::inline CTNN_ARCH {

/// All arrays of a layer as `freeze` and `export_header` work on them: its parameters, then its buffers, in
/// double, so that a folded weight is rounded once, however many layers went into it.
using layer_values = std::vector<std::vector<double>>;

/// How two neighbouring layers become one in a frozen network. A specialisation for `First`, reading samples
/// of shape `Input`, and `Second` after it states
///
///   type   : the layer that does the work of both in eval
///   values : template <class S> static layer_values values(const layer_values& first, const layer_values&
///            second), what to put into it, for a model of S: as many arrays as type has, each as long
///
/// and exists where both give the same result but for rounding, and one layer is cheaper than two.
template <class First, class Second, class Input>
struct fold_rule {
    using type = void;
};

/// How two neighbouring layers train as one. A specialisation for `First`, reading samples of shape `Input`,
/// and `Second`, the only one that reads what it gives, in batches of `Rows`, states
///
///   type : the layer that does the work of both: it has the parameters of First, then those of Second; its
///          passes give y and all gradients but that of its input. A reshape may stand between the two
///
/// and exists where that is less work. Who looks at every output sees those of First too; the gradients and
/// the output of Second have the same bits then.
template <class First, class Second, class Input, std::size_t Rows>
struct joint_rule {
    using type = void;
};

/// How a layer that mixes the samples of a batch does so over all shards of a DataParallel model. A
/// specialisation states
///
///   numbers, backward_numbers : how many numbers a shard tells the others before it goes on
///   tell(pass, to), tell_backward(pass, to) : writes them; the latter sets the parameters' gradients too
///   merge<P>(a, b, shards)    : a becomes what both tell as one, of so many shards each, with passes of type
///                               P. What is told backward is added
///   forward(pass, all, shards), backward(pass, all, shards) : the rest of the pass, with what all have told
///
/// A layer without it works on each shard by itself.
template <class L>
struct shard_rule {
    static constexpr std::size_t numbers = 0;
};

/// A layer that looks up vectors: of its only parameter, a table of so many `rows`, it gives the row of each
/// class id in its input. So the table's gradient is dy, by ids; the rows of all other ids have none.
template <class L>
struct lookup_rule {
    static constexpr std::size_t rows = 0;
};

/// What all numbers of a value have lain between.
struct value_range {
    float low = 0, high = 0;
};

/// How a frozen model keeps the weights of a layer as numbers of type N. A specialisation states
///
///   bytes   : how many they take; 0, as here, where they stay as they are
///   pack    : static void pack(std::byte* to, const T* const* parameters, value_range x), for a model of T;
///             x is what the layer's input lies between, where N is a whole number
///   forward : template <class P> static void forward(const P& pass, const std::byte* packed), in place of
///             the layer's own; what is packed starts on a cache line
template <class L, class N>
struct packing_rule {
    static constexpr std::size_t bytes = 0;
};

/// What stands for the layer in an exported header.
///
///   type   : static std::string type(const extents& x), the text of a type that does the layer's eval for
///            samples of shape x (see ctnn/embed/layers.hpp), made from its parameters and buffers in order.
///            With type(x, bool int8) the first parameter may be stored in bytes: the type's members are
///            then called as the parameters are, and a `scale` follows them
///   values : template <class S> static layer_values values(const layer_values&), the arrays that the type
///            is made from, where they are others than the layer's own
///
/// A user's layer may state `embedded` and `embedded_values` itself instead, with `using self = ...`.
template <class L>
struct export_rule {};

/// The spread of the layer's output by theory.
///
///   of : static Spread of(const Spread& x, const std::array<Spread, N>& parameters); a layer of several
///        inputs takes an array of them first
///
/// A user's layer may state `expected` itself instead; a struct that inherits it has it too.
template <class L>
struct expected_spread {
    template <class X, class P>
    static Spread of(const X& x, const P& parameters)
        requires requires {
            {
                L::expected(x, parameters)
            } -> std::convertible_to<Spread>;
        }
    {
        return L::expected(x, parameters);
    }
};

/// The values that the layer's output approaches and does not pass, `static constexpr Limits value`. A user's
/// layer may state `limits` itself instead; a struct that inherits it has it too.
template <class L>
struct output_limits {};

/// A layer whose two buffers are a running mean and spread of each feature: `is_std` (else it is a variance)
/// and `correction` (the variance is divided by the number of rows less that).
template <class L>
struct running_statistics {};

/// How the layer takes one time step after the other, where samples are sequences, (T, ...).
///
///   step<X>   : the layer that does a step, for sequences of shape X. It has the parameters and buffers of
///               L, `output` for the shape of one step, and `forward`. It may keep `state` numbers from step
///               to step, as `pass.state()`: at first 0, or what `static void begin(T* state, const auto&
///               parameters)` writes
///   ends_time : true, if what L gives has no time any more
///
/// A layer without this rule does not stream, unless it is elementwise; a user's layer that does the same at
/// each position by itself says so by `template <> struct ctnn::stream_rule<Mine> : ctnn::steps_as<Mine> {}`.
template <class L>
struct stream_rule {};
/// The rule of a layer that does with each time step what Step does with a sample.
template <class Step>
struct steps_as {
    template <class>
    using step = Step;
};
template <class L>
    requires(detail::facts<L>.elementwise)
struct stream_rule<L> : steps_as<L> {};

template <class L>
    requires detail::speaks_for_itself<L> && requires { L::embedded(extents{}); }
struct export_rule<L> {
    static std::string type(const extents& x) { return L::embedded(x); }
    static std::string type(const extents& x, bool int8)
        requires requires { L::embedded(x, int8); }
    {
        return L::embedded(x, int8);
    }
    template <class S>
    static layer_values values(const layer_values& own)
        requires requires { L::template embedded_values<S>(own); }
    {
        return L::template embedded_values<S>(own);
    }
};
template <class L>
    requires std::convertible_to<decltype(L::limits), Limits>
struct output_limits<L> {
    static constexpr Limits value = L::limits;
};

namespace detail {

/// The text of a type in ctnn/embed: "::ctnn::embed::linear<1, 30, 200>", with weights of one byte
/// "::ctnn::embed::linear<1, 30, 200, ::std::int8_t>".
inline std::string embedded_type(std::string_view name, std::initializer_list<std::size_t> sizes,
                                 bool int8 = false)
{
    std::string text = "::ctnn::embed::";
    text.append(name);
    for (const std::size_t n : sizes)
        text.append(text.find('<') == std::string::npos ? "<" : ", ").append(std::to_string(n));
    return text.append(int8 ? ", ::std::int8_t>" : ">");
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
