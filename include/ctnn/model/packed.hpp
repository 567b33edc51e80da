// SPDX-License-Identifier: BSD-3-Clause
/// The weights of a frozen model in the form that its kernels want.
#pragma once

#include <array>
#include <cstddef>
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

    static constexpr bool is_packed(std::size_t node)
    {
        constexpr auto& trace = shapes_of<Net>;
        std::size_t users = 0;
        for (std::size_t i = 0; i < plain::nodes; ++i)
            users += trace.weights_of[i] == trace.weights_of[node] ? 1 : 0;
        return users == 1 && bytes[trace.leaf[node]] > 0;
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

/// A model that answers, and can be used as one. Its weights stay as they are, because they stand a second
/// time as its kernels read them: who changes them through a reference to the Model<Net, Eval> that it is
/// changes the answers of that one alone.
template <class Net, class T, class N>
class with_packed_weights : public Model<Net, Eval, T> {
    using base = Model<Net, Eval, T>;
    using places = packed_slots<Net, T, N>;

public:
    template <fixed_string Name>
    auto parameter() const
    {
        return base::template parameter<Name>();
    }
    [[nodiscard]] const Weights<Net, T>& weights() const { return base::weights(); }
    [[nodiscard]] const T* parameter_block() const { return base::parameter_block(); }

protected:
    with_packed_weights() : with_packed_weights(Weights<Net, T>{}) {}
    explicit with_packed_weights(Weights<Net, T> all) : base(std::move(all)), packed_(places::value.bytes)
    {
        for (std::size_t i = 0; i < slots<Net, T>::nodes; ++i)
            if (places::value.has[i])
                packing<leaves_of<Net>>::value[leaf_numbers<Net>[i]](
                    packed_.template at<std::byte>(places::value.offset[i]),
                    parameter_block() + slots<Net, T>::offset_of_parameter(i, 0));
    }
    [[nodiscard]] const std::byte* packed() const { return packed_.template at<std::byte>(0); }

private:
    memory_block packed_;

    template <class L>
    static void pack(std::byte* to, const T* weight)
    {
        if constexpr (packing_rule<L, N>::bytes > 0) packing_rule<L, N>::pack(to, weight);
    }
    template <class List>
    struct packing;
    template <class... L>
    struct packing<layer_list<L...>> {
        static constexpr std::array<void (*)(std::byte*, const T*), sizeof...(L)> value{pack<L>...};
    };
};

} // namespace ctnn::inline CTNN_ARCH::detail
