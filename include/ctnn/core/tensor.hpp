// SPDX-License-Identifier: BSD-3-Clause
/// xtensor at the edges: the includes for every supported version, and views of memory that ctnn owns.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <ctnn/core/arch.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/shape.hpp>

namespace ctnn::inline CTNN_ARCH {

/// An xtensor of rank `N` over memory owned by someone else, row-major and dense. Copying it copies the reference.
template <class T, std::size_t N>
using tensor_view = decltype(xt::adapt(std::declval<T*>(), std::size_t{}, xt::no_ownership(), std::array<std::size_t, N>{}));

template <class T, std::size_t N>
[[nodiscard]] tensor_view<T, N> view_of(T* data, const std::array<std::size_t, N>& shape)
{
    std::size_t size = 1;
    for (const std::size_t e : shape) size *= e;
    return xt::adapt(std::move(data), size, xt::no_ownership(), shape); // an lvalue pointer would be stored by reference
}

namespace detail {

template <class X>
concept tensor_like = requires(const X& x)
{
    x.shape();
    x.dimension();
    x.begin();
    typename X::value_type;
};

/// Throws unless `x` has exactly the extents `expected`.
template <class X, std::size_t N>
void require_shape(const char* what, const X& x, const std::array<std::size_t, N>& expected)
{
    bool same = x.dimension() == N;
    for (std::size_t i = 0; same && i < N; ++i) same = static_cast<std::size_t>(x.shape()[i]) == expected[i];
    if (!same) throw Error("ctnn.shape", std::string(what) + " has shape " + shape_text(x.shape()) + ", expected " + shape_text(expected));
}

/// The elements of `x` in row-major order: its own memory when it is a dense row-major container of `T`, else a copy in `spare`.
template <class T, class X, class Spare>
const T* dense(const X& x, Spare& spare)
{
    if constexpr (std::is_same_v<std::remove_const_t<typename X::value_type>, T> && X::static_layout == xt::layout_type::row_major && requires {
                      {
                          x.data()
                          } -> std::convertible_to<const T*>;
                  }) {
        return x.data();
    } else {
        spare.resize(x.size());
        auto to = spare.begin();
        for (auto from = x.template begin<xt::layout_type::row_major>(); to != spare.end(); ++from, ++to) *to = static_cast<T>(*from);
        return spare.data();
    }
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
