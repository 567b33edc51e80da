// SPDX-License-Identifier: BSD-3-Clause
/// A network as a list of nodes: containers wire, leaves compute. Everything else follows from this list.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <ctnn/core/concepts.hpp>
#include <ctnn/core/layer_list.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

template <class L>
concept container = requires { typename L::parts; };

template <class... Lists>
struct joined;
template <>
struct joined<> {
    using type = layer_list<>;
};
template <class... A>
struct joined<layer_list<A...>> {
    using type = layer_list<A...>;
};
template <class... A, class... B, class... Rest>
struct joined<layer_list<A...>, layer_list<B...>, Rest...> : joined<layer_list<A..., B...>, Rest...> {};

/// The leaves of a network, each at least once. A leaf that stands in many places may be there many times:
/// the first counts.
template <class L>
struct leaf_types {
    using type = layer_list<L>;
};
template <class Parts>
struct leaf_types_of_parts;
template <class... L>
struct leaf_types_of_parts<layer_list<L...>> {
    using type = typename joined<typename leaf_types<L>::type...>::type;
};
template <class... L>
    requires(!container<L> && ...)
struct leaf_types_of_parts<layer_list<L...>> { // the usual case, without joining anything
    using type = layer_list<L...>;
};
template <container C>
struct leaf_types<C> : leaf_types_of_parts<typename C::parts> {};
template <class Net>
using leaves_of = typename leaf_types<Net>::type;

/// The address of a leaf's facts; of some of its own for what is not a layer.
template <class L>
inline constexpr layer_facts not_a_layer{};
template <class L>
inline constexpr const layer_facts* facts_at = &not_a_layer<L>;
template <Layer L>
inline constexpr const layer_facts* facts_at<L> = &facts<L>;
template <class L>
inline constexpr const layer_facts* transposed_facts = nullptr;
template <class L>
    requires requires { typename L::transposed; }
inline constexpr const layer_facts* transposed_facts<L> = &facts<typename L::transposed>;

/// A stretch of a longer array.
struct stretch {
    std::size_t first = 0, count = 0;
};

/// One leaf in its place. Values are numbered: the inputs of the network first come first.
struct node {
    const layer_facts* facts = nullptr;
    /// of the same layer with its weight the other way round, for a tied weight
    const layer_facts* transposed = nullptr;
    stretch reads;          ///< the values it reads, in schedule.reads
    std::size_t gives = 0;  ///< the value that it gives
    stretch path, position; ///< "3.ln_1" in schedule.text; 3, 0 in schedule.positions
    stretch tied;           ///< in schedule.text: the path of the leaf whose weights it uses
    bool is_fixed = false;
};

/// How large a schedule is.
struct schedule_size {
    std::size_t nodes = 0, reads = 0, values = 0, inputs = 0, outputs = 0, text = 0, positions = 0;
    bool has_words = false; ///< two paths can be the same, because not all have a number of their own
};

} // namespace detail

/// What a container is given to wire its parts with. A container is a plain struct that states its parts and
/// connects them:
///
/// ```cpp
/// template <class A, class B>
/// struct Difference {                                   // y = A(x) - B(x)
///     using parts = ctnn::layer_list<A, B, Subtract>;   // Subtract: a layer with inputs = 2
///     static constexpr std::size_t wire(auto& net, std::size_t x)
///     {
///         const std::size_t a = net.template add<A>(x), b = net.template add<B>(x);
///         return net.template join<Subtract>(a, b);
///     }
/// };
/// ```
///
/// It runs while compiling, once to count and once to write; x, a and b are numbers of values.
class Wiring {
public:
    /// A part, which reads x; the value that it gives. Parts are named by number, in the order they are
    /// added.
    template <class L>
    constexpr std::size_t add(std::size_t x)
    {
        const frame outer = enter();
        if constexpr (detail::container<L>) x = inside<L>(x);
        else x = leaf(detail::facts_at<L>, detail::transposed_facts<L>, &x, 1);
        leave(outer);
        return x;
    }
    /// A leaf that reads several values. It has no number.
    template <class J, class... Values>
    constexpr std::size_t join(Values... x)
    {
        size_.has_words = size_.has_words || detail::facts_at<J>->parameters > 0;
        const std::size_t values[] = {x...};
        return leaf(detail::facts_at<J>, nullptr, values, sizeof...(x));
    }
    template <class J, std::size_t N>
    constexpr std::size_t join(const std::array<std::size_t, N>& x)
    {
        return leaf(detail::facts_at<J>, nullptr, x.data(), N);
    }
    /// A part under the container's own name: for containers that add something to a single layer.
    template <class L>
    constexpr std::size_t inside(std::size_t x)
    {
        if constexpr (detail::container<L>) {
            const std::size_t number = next_number_;
            next_number_ = 0;
            x = L::wire(*this, x);
            next_number_ = number;
            return x;
        } else {
            return leaf(detail::facts_at<L>, detail::transposed_facts<L>, &x, 1);
        }
    }
    /// A further input of the network.
    constexpr std::size_t input()
    {
        if (nodes_ != nullptr) inputs_[size_.inputs] = size_.values;
        ++size_.inputs;
        return size_.values++;
    }
    /// A value that the network gives, beside others.
    constexpr void output(std::size_t x)
    {
        if (nodes_ != nullptr) outputs_[size_.outputs] = x;
        ++size_.outputs;
    }
    /// Another word for the last part of the path; an empty one takes that part away.
    constexpr void rename(std::string_view word)
    {
        path_length_ = component_;
        size_.has_words = true;
        if (word.empty()) return;
        if (component_ > 0) append(".");
        append(word);
    }
    /// Whether parameters from here on learn; what was true before.
    constexpr bool fix(bool is_fixed)
    {
        const bool before = is_fixed_;
        is_fixed_ = is_fixed;
        return before;
    }
    /// A value that says which positions of a sequence are there, for attention from here on; what was there
    /// before.
    constexpr std::size_t use_mask(std::size_t value)
    {
        const std::size_t before = mask_;
        restore_mask(value);
        return before;
    }
    constexpr void restore_mask(std::size_t before) { mask_ = before; }
    [[nodiscard]] constexpr bool has_mask() const { return mask_ != no_mask; }
    [[nodiscard]] constexpr std::size_t mask() const { return mask_; }
    /// Leaves from here on use the weights of the leaf at `path`; empty: their own.
    constexpr void tie(std::string_view path) { tied_ = path; }

    /// Wires a whole network; to count, or to fill arrays of the counted size.
    template <class Net>
    static constexpr detail::schedule_size count()
    {
        Wiring net;
        net.run<Net>();
        return net.size_;
    }
    template <class Net, class Schedule>
    static constexpr void fill(Schedule& s)
    {
        Wiring net;
        net.nodes_ = s.nodes;
        net.reads_ = s.reads;
        net.inputs_ = s.inputs;
        net.outputs_ = s.outputs;
        net.text_ = s.text;
        net.positions_ = s.positions;
        net.run<Net>();
    }

private:
    static constexpr std::size_t longest_path = 256, deepest = 32;
    struct frame {
        std::size_t component, length, number;
    };

    detail::schedule_size size_;
    detail::node* nodes_ = nullptr;
    std::size_t *reads_ = nullptr, *inputs_ = nullptr, *outputs_ = nullptr, *positions_ = nullptr;
    char* text_ = nullptr;

    char path_[longest_path]{};
    std::size_t position_[deepest]{};
    std::size_t path_length_ = 0, component_ = 0, depth_ = 0, next_number_ = 0;
    std::string_view tied_;
    bool is_fixed_ = false;
    static constexpr std::size_t no_mask = static_cast<std::size_t>(-1);
    std::size_t mask_ = no_mask;

    template <class Net>
    constexpr void run()
    {
        const std::size_t y = inside<Net>(input());
        if (size_.outputs == 0) output(y);
    }

    constexpr frame enter()
    {
        const frame outer{component_, path_length_, next_number_};
        component_ = path_length_;
        if (path_length_ > 0) append(".");
        append_number(next_number_);
        position_[depth_++] = next_number_; // more than `deepest` levels do not compile
        return outer;
    }
    constexpr void leave(const frame& outer)
    {
        --depth_;
        component_ = outer.component;
        path_length_ = outer.length;
        next_number_ = outer.number + 1;
    }
    constexpr void append(std::string_view s)
    {
        // a path of over `longest_path` characters does not compile
        for (const char c : s) path_[path_length_++] = c;
    }
    constexpr void append_number(std::size_t n)
    {
        if (n >= 10) append_number(n / 10);
        const char digit[] = {static_cast<char>('0' + n % 10)};
        append({digit, 1});
    }
    constexpr detail::stretch keep(std::string_view s)
    {
        const detail::stretch at{size_.text, s.size()};
        for (const char c : s) {
            if (text_ != nullptr) text_[size_.text] = c;
            ++size_.text;
        }
        return at;
    }

    constexpr std::size_t leaf(const detail::layer_facts* facts, const detail::layer_facts* transposed,
                               const std::size_t* x, std::size_t n)
    {
        const detail::stretch path = keep(std::string_view(static_cast<const char*>(path_), path_length_)),
                              tied = keep(tied_);
        if (nodes_ != nullptr) {
            nodes_[size_.nodes] = {.facts = facts,
                                   .transposed = transposed,
                                   .reads = {size_.reads, n},
                                   .gives = size_.values,
                                   .path = path,
                                   .position = {size_.positions, depth_},
                                   .tied = tied,
                                   .is_fixed = is_fixed_};
            for (std::size_t i = 0; i < n; ++i) reads_[size_.reads + i] = x[i];
            for (std::size_t i = 0; i < depth_; ++i) positions_[size_.positions + i] = position_[i];
        }
        ++size_.nodes;
        size_.reads += n;
        size_.positions += depth_;
        return size_.values++;
    }
};

namespace detail {

/// The arrays of a schedule. (Plain ones: each type of std::array costs compile time. One longer, because
/// there may be none.)
template <schedule_size Size>
struct schedule {
    static constexpr schedule_size size = Size;
    node nodes[size.nodes + 1]{};
    std::size_t reads[size.reads + 1]{}, inputs[size.inputs + 1]{}, outputs[size.outputs + 1]{},
        positions[size.positions + 1]{};
    char text[size.text + 1]{};

    [[nodiscard]] constexpr std::string_view path(std::size_t i) const { return piece(nodes[i].path); }
    [[nodiscard]] constexpr std::string_view piece(stretch s) const { return {text + s.first, s.count}; }
    /// The k-th value that node i reads.
    [[nodiscard]] constexpr std::size_t read(std::size_t i, std::size_t k = 0) const
    {
        return reads[nodes[i].reads.first + k];
    }
    [[nodiscard]] constexpr bool is_input(std::size_t value) const
    {
        for (std::size_t i = 0; i < size.inputs; ++i)
            if (inputs[i] == value) return true;
        return false;
    }
};

template <class Net>
inline constexpr schedule_size size_of_schedule = Wiring::count<Net>();

template <class Net>
constexpr auto make_schedule()
{
    schedule<size_of_schedule<Net>> s;
    Wiring::fill<Net>(s);
    return s;
}
/// The nodes of a network in the order they run.
template <class Net>
inline constexpr auto schedule_of = make_schedule<Net>();

template <class List>
struct addresses;
template <class... L>
struct addresses<layer_list<L...>> {
    static constexpr const layer_facts* value[sizeof...(L) + 1] = {facts_at<L>..., nullptr};
};
/// The place of a leaf's type in `leaves_of<Net>`; their number for one that its container does not state
/// among its parts.
template <class Net>
constexpr std::size_t leaf_of(const layer_facts* facts)
{
    std::size_t i = 0;
    while (i < leaves_of<Net>::size && addresses<leaves_of<Net>>::value[i] != facts) ++i;
    return i;
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
