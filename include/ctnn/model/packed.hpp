// SPDX-License-Identifier: BSD-3-Clause
/// The weights of a frozen model in the form that its kernels want.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <ctnn/core/mode.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/model/arena.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/model/weights.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// The bytes that each of some layers keeps its weight in; 0 for one that keeps it as it is.
template <class N, class... L>
constexpr auto packed_bytes(layer_list<L...>)
{
    return std::array<std::size_t, sizeof...(L)>{packing_rule<L, N>::bytes...};
}

/// The weights of the layers that have a `packing_rule`. One that several layers share stays as it is.
template <class Net, class T, class N>
struct packed_slots {
    using plain = slots<Net, T>;
    static constexpr auto bytes = packed_bytes<N>(leaves_of<Net>{});
    /// Else the model has complained.
    static constexpr bool is_sound = !SmallNumber<N> || std::is_same_v<T, float>;

    static constexpr bool is_packed(std::size_t node)
    {
        constexpr auto& trace = shapes_of<Net>;
        std::size_t users = 0;
        for (std::size_t i = 0; i < plain::nodes; ++i)
            users += trace.weights_of[i] == trace.weights_of[node] ? 1 : 0;
        return is_sound && users == 1 && bytes[trace.leaf[node]] > 0;
    }
    /// Which nodes have a packed weight, where it stands, in bytes, and how many they are together.
    struct table {
        std::array<bool, plain::nodes + 1> has{};
        std::array<std::size_t, plain::nodes + 1> offset{};
        std::size_t bytes = 0;
    };
    static constexpr table value = [] {
        table t;
        for (std::size_t i = 0; i < plain::nodes; ++i) {
            t.has[i] = is_packed(i);
            t.offset[i] = t.bytes;
            if (t.has[i]) t.bytes += whole_lines(bytes[shapes_of<Net>.leaf[i]]);
        }
        return t;
    }();
};

// Shown by a compile error; never true.
template <class Net>
inline constexpr bool has_ranges = false;

template <class Net, class T, class N>
class with_packed_weights;

/// What a model that answers keeps of its weights: `with_weights`, and a frozen one beside that those that
/// are packed.
template <class Net, class M, class T>
struct kept_weights {
    using type = with_weights<Net, T>;
};
template <class Net, class N, class T>
struct kept_weights<Net, Packed<N>, T> {
    using type = with_packed_weights<Net, T, N>;
};

/// With numbers of its own type a frozen model answers as the Model<Net, Eval> of its weights, and is one;
/// with fewer bytes it answers something else, and is not.
template <class Net, class T, class N>
using plain_weights = std::conditional_t<SmallNumber<N>, with_weights<Net, T>, Model<Net, Eval, T>>;

/// A model that answers. Its weights stay as they are, because they stand a second time as its kernels read
/// them: who changes them through a reference to the Model<Net, Eval> that it may be changes the answers of
/// that one alone.
template <class Net, class T, class N>
class with_packed_weights : public plain_weights<Net, T, N> {
    using base = plain_weights<Net, T, N>;
    using places = packed_slots<Net, T, N>;
    using ranges = std::array<value_range, slots<Net, T>::nodes>; ///< of each layer's first input

public:
    template <fixed_string Name>
    auto parameter() const
    {
        return base::template parameter<Name>();
    }
    [[nodiscard]] const Weights<Net, T>& weights() const { return base::weights(); }
    [[nodiscard]] const T* parameter_block() const { return base::parameter_block(); }

protected:
    with_packed_weights()
        requires(!is_calibrated<N>)
        : with_packed_weights(Weights<Net, T>{})
    {}
    explicit with_packed_weights(Weights<Net, T> all) : with_packed_weights(std::move(all), {})
    {
        static_assert(
            !is_calibrated<N> || has_ranges<Net>,
            "[ctnn.mode] a model of std::int8_t is made by freeze<std::int8_t>(model, x), which sees "
            "what the numbers of each layer lie between");
    }
    with_packed_weights(Weights<Net, T> all, const ranges& seen)
        : base(std::move(all)), packed_(places::value.bytes)
    {
        static_assert(places::is_sound, "[ctnn.mode] numbers of one or two bytes are for models of float");
        if constexpr (is_calibrated<N>) require_finite();
        for (std::size_t i = 0; i < slots<Net, T>::nodes; ++i)
            if (places::value.has[i])
                packing<leaves_of<Net>>::value[leaf_numbers<Net>[i]](
                    packed_.template at<std::byte>(places::value.offset[i]), parameter_block(), i, seen[i]);
    }
    [[nodiscard]] const std::byte* packed() const { return packed_.template at<std::byte>(0); }

private:
    memory_block packed_;

    void require_finite() const
    {
        for (const slot& s : slots<Net, T>::value.slot_at)
            for (std::size_t k = 0; places::value.has[s.node] && k < s.shape.size(); ++k)
                if (!std::isfinite(parameter_block()[s.offset + k]))
                    throw Error("ctnn.option", "parameter '" + std::string(s.name) +
                                                   "' has NaN or infinity: numbers of one byte with a scale "
                                                   "cannot hold that");
    }
    template <class L>
    static void pack(std::byte* to, const T* weights, std::size_t node, value_range x)
    {
        if constexpr (places::is_sound && packing_rule<L, N>::bytes > 0) {
            const T* parameters[facts<L>.parameters];
            for (std::size_t k = 0; k < facts<L>.parameters; ++k)
                parameters[k] = weights + slots<Net, T>::offset_of_parameter(node, k);
            packing_rule<L, N>::pack(to, parameters, x);
        }
    }
    template <class List>
    struct packing;
    template <class... L>
    struct packing<layer_list<L...>> {
        static constexpr std::array<void (*)(std::byte*, const T*, std::size_t, value_range), sizeof...(L)>
            value{pack<L>...};
    };
};

} // namespace ctnn::inline CTNN_ARCH::detail
