// SPDX-License-Identifier: BSD-3-Clause
/// The named parameters and buffers that models of both modes have.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <ctnn/core/generator.hpp>
#include <ctnn/core/memory.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/model/network.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

// Shown by a compile error; never true.
template <class Net, fixed_string Name>
inline constexpr bool has_parameter = false;

/// Typed access to slots in a block, for parameters that start at `parameters` and buffers that start at `buffers`.
template <class Net, class T>
struct parameter_access {
    using table = slots<Net, T>;

    template <std::size_t Slot>
    static constexpr auto slot_shape = [] {
        std::array<std::size_t, table::value.slot_at[Slot].shape.rank> s{};
        for (std::size_t i = 0; i < s.size(); ++i) s[i] = table::value.slot_at[Slot].shape[i];
        return s;
    }();

    template <std::size_t Slot, class P>
    static auto view(P* parameters, P* buffers)
    {
        constexpr const slot& s = table::value.slot_at[Slot];
        return view_of((s.is_buffer ? buffers : parameters) + s.offset, slot_shape<Slot>);
    }

    static constexpr std::size_t everything = table::count, parameters_only = table::parameters;

    /// The slot of this name among the first `Count`.
    template <fixed_string Name, std::size_t Count = everything, class P>
    static auto named(P* parameters, P* buffers)
    {
        constexpr std::size_t slot = table::find(Name.view());
        static_assert(slot < Count || has_parameter<Net, Name>,
                      "[ctnn.name] the network has no parameter of this name (and buffers have no gradient); summary<Net>() lists the layers");
        if constexpr (slot < Count) return view<slot>(parameters, buffers);
        else return view_of(parameters, std::array<std::size_t, 1>{0});
    }

    /// f(slot, name, view) for each trainable parameter, f(name, view) for each buffer.
    template <class P, class F>
    static void for_each_parameter(P* parameters, P* buffers, F&& f)
    {
        [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            (f(std::integral_constant<std::size_t, I>{}, table::value.slot_at[I].name.view(), view<I>(parameters, buffers)), ...);
        }
        (std::make_index_sequence<table::parameters>{});
    }
    template <class P, class F>
    static void for_each_buffer(P* parameters, P* buffers, F&& f)
    {
        [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            (f(table::value.slot_at[table::parameters + I].name.view(), view<table::parameters + I>(parameters, buffers)), ...);
        }
        (std::make_index_sequence<table::count - table::parameters>{});
    }

    /// The declared initial value of every element, then each layer's own `reset` where a generator is given.
    static void initialise(T* parameters, T* buffers, Generator* generator)
    {
        for (const slot& s : table::value.slot_at)
            std::fill_n((s.is_buffer ? buffers : parameters) + s.offset, s.shape.size(), static_cast<T>(s.initial));
        if (generator != nullptr) [&]<std::size_t... I>(std::index_sequence<I...>)
            {
                (reset<typename flat_layers<Net>::template at<I>>(parameters + table::value.parameter_offset[I], *generator), ...);
            }
        (std::make_index_sequence<flat_layers<Net>::size>{});
    }

private:
    template <class L>
    static void reset(T* base, Generator& generator)
    {
        constexpr auto declared = parameters_of<L>();
        constexpr auto offset = offsets_of<T>(declared);
        std::array<std::span<T>, declared.size()> spans{};
        for (std::size_t i = 0; i < declared.size(); ++i) spans[i] = std::span<T>(base + offset[i], declared[i].shape.size());
        if constexpr (requires { L::reset(spans, generator); }) L::reset(spans, generator);
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
