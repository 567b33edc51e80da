// SPDX-License-Identifier: BSD-3-Clause
/// Shapes: as values for computing with at compile time, as types for telling the reader of an error what was
/// offered.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <utility>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The extents of one sample, without the batch axis: `extents{3, 10}` is a context of 3 with 10 features
/// each; `extents{}` is a single number. At most six axes.
struct extents {
    static constexpr std::size_t max_rank = 6;

    std::array<std::size_t, max_rank> extent{};
    std::size_t rank = 0;

    constexpr extents() = default;
    constexpr extents(std::initializer_list<std::size_t> list)
    {
        for (const std::size_t e : list) push_back(e);
    }

    /// What a layer answers when it cannot take the shape it is offered.
    static constexpr extents none()
    {
        extents e;
        e.rank = max_rank + 1;
        return e;
    }
    [[nodiscard]] constexpr bool is_none() const { return rank > max_rank; }

    constexpr void push_back(std::size_t e)
    {
        if (rank >= max_rank) *this = none();
        else extent[rank++] = e;
    }
    [[nodiscard]] constexpr std::size_t operator[](std::size_t axis) const { return extent[axis]; }
    /// The last extent; 1 for a single number.
    [[nodiscard]] constexpr std::size_t last() const { return rank == 0 || is_none() ? 1 : extent[rank - 1]; }
    /// The number of elements.
    [[nodiscard]] constexpr std::size_t size() const
    {
        std::size_t n = is_none() ? 0 : 1;
        for (std::size_t i = 0; i < rank && !is_none(); ++i) n *= extent[i];
        return n;
    }
    /// The same shape with another last extent.
    [[nodiscard]] constexpr extents with_last(std::size_t e) const
    {
        extents r = *this;
        if (rank > 0 && !is_none()) r.extent[rank - 1] = e;
        return r;
    }
    friend constexpr bool operator==(const extents&, const extents&) = default;
};

/// A shape as a type: what compile errors print and what a layer's pass carries.
template <std::size_t... Extents>
struct shape {
    static constexpr extents value{Extents...};
    static constexpr std::size_t rank = sizeof...(Extents);
    static constexpr std::size_t size = value.size();
};

namespace detail {

/// The type of a shape known as a value. `Holder::value` is the extents.
template <class Holder,
          class Axes = std::make_index_sequence<Holder::value.is_none() ? 0 : Holder::value.rank>>
struct to_shape;
template <class Holder, std::size_t... Axis>
struct to_shape<Holder, std::index_sequence<Axis...>> {
    using type = shape<Holder::value[Axis]...>;
};

} // namespace detail

/// `(30, 200)`; `(3,)` for one axis, as Python writes it; `()` for a single number.
template <class Range>
[[nodiscard]] std::string shape_text(const Range& range)
{
    std::string text = "(";
    std::size_t n = 0;
    for (const auto e : range) text += (n++ == 0 ? "" : ", ") + std::to_string(e);
    return text + (n == 1 ? ",)" : ")");
}

/// The same of the shape of a sample.
[[nodiscard]] inline std::string shape_text(const extents& e)
{
    std::string text = "(";
    for (std::size_t i = 0; i < e.rank && !e.is_none(); ++i)
        text += (i == 0 ? "" : ", ") + std::to_string(e[i]);
    return text + (e.rank == 1 ? ",)" : ")");
}

} // namespace ctnn::inline CTNN_ARCH
