// SPDX-License-Identifier: BSD-3-Clause
/// xtensor at the edges: the includes for every supported version, and views of memory that ctnn owns.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <ctnn/core/arch.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/shape.hpp>

namespace ctnn::inline CTNN_ARCH {

/// An xtensor of rank `N` over memory owned by someone else, row-major and dense, for reading.
template <class T, std::size_t N>
using const_tensor_view =
    xt::xtensor_adaptor<xt::xbuffer_adaptor<const T*, xt::no_ownership, std::allocator<T>>, N,
                        xt::layout_type::row_major>;

namespace detail {

template <class X>
concept tensor_like = requires(const X& x) {
    x.shape();
    x.dimension();
    x.begin();
    typename X::value_type;
};

/// How many axes it has is known when compiling.
template <class X>
concept has_fixed_axes = requires { std::tuple_size<typename X::shape_type>::value; };

// Shown by a compile error; never true.
template <class X>
inline constexpr bool is_a_tensor = false;
/// A function of its own, so that a type is complained of once, however many look at it.
template <class X>
struct check_tensor {
    static constexpr void complain()
    {
        static_assert(tensor_like<X> || is_a_tensor<X>,
                      "[ctnn.shape] this is not an xtensor; xt::adapt(numbers, {rows, columns}) makes one of "
                      "a std::vector without a copy");
    }
};
/// Whether all are xtensors; of each that is not, one error.
template <class... X>
constexpr bool are_tensors()
{
    (check_tensor<X>::complain(), ...);
    return (tensor_like<X> && ...);
}

/// Throws unless `x` has exactly the extents `expected`.
template <class X, std::size_t N>
void require_shape(const char* what, const X& x, const std::array<std::size_t, N>& expected)
{
    bool same = x.dimension() == N;
    for (std::size_t i = 0; same && i < N; ++i) same = static_cast<std::size_t>(x.shape()[i]) == expected[i];
    if (!same)
        throw Error("ctnn.shape", std::string(what) + " has shape " + shape_text(x.shape()) + ", expected " +
                                      shape_text(expected));
}

/// What is read twice, checked and then used: `x` itself when its elements are stored, else a copy. A lazy
/// expression may give other elements the second time, as xt::random::randint does.
template <class X>
decltype(auto) stored(const X& x)
{
    if constexpr (std::integral<typename X::value_type> && !requires { x.data(); })
        return xt::xarray<typename X::value_type, xt::layout_type::row_major>(x);
    else return (x);
}

} // namespace detail

template <class T, std::size_t N>
class tensor_view;

} // namespace ctnn::inline CTNN_ARCH

namespace xt {

template <class T, std::size_t N>
struct xcontainer_inner_types<ctnn::tensor_view<T, N>>
    : xcontainer_inner_types<
          xtensor_adaptor<xbuffer_adaptor<T*, no_ownership, std::allocator<T>>, N, layout_type::row_major>> {
};
template <class T, std::size_t N>
struct xiterable_inner_types<ctnn::tensor_view<T, N>> : xcontainer_iterable_types<ctnn::tensor_view<T, N>> {};

} // namespace xt

namespace ctnn::inline CTNN_ARCH {

/// An xtensor of rank `N` over memory owned by someone else, row-major and dense, for reading and writing.
/// Unlike xtensor's own adaptor it keeps its shape: what is assigned or added must have the same extents,
/// nothing is reshaped or broadcast.
///
///   errors : [ctnn.shape] an expression of other extents; nothing is written then
template <class T, std::size_t N>
class tensor_view : public xt::xstrided_container<tensor_view<T, N>>,
                    public xt::xcontainer_semantic<tensor_view<T, N>> {
    using base = xt::xstrided_container<tensor_view>;
    using semantic = xt::xcontainer_semantic<tensor_view>;

public:
    using storage_type = typename base::storage_type;
    using shape_type = typename base::shape_type;
    using temporary_type = typename semantic::temporary_type;
    using expression_tag = xt::xtensor_expression_tag;
    static constexpr std::size_t rank = N;

    tensor_view(T* data, std::size_t size, const shape_type& shape) : storage_(std::move(data), size)
    {
        base::resize(shape);
    }
    tensor_view(const tensor_view&) = default; ///< refers to the same memory
    ~tensor_view() = default;

    tensor_view& operator=(const tensor_view& other) { return copy_numbers(other); }
    tensor_view& operator=(temporary_type&& other) { return copy_numbers(other); }
    template <class E>
    tensor_view& operator=(const xt::xexpression<E>& e)
    {
        require_same(e.derived_cast());
        return semantic::operator=(e);
    }
    /// What `xt::noalias(view) = e` calls.
    template <class E>
    tensor_view& assign(const xt::xexpression<E>& e)
    {
        require_same(e.derived_cast());
        return semantic::assign(e);
    }
    template <class E>
    tensor_view& operator+=(const E& e)
    {
        require_same(e);
        return semantic::operator+=(e);
    }
    template <class E>
    tensor_view& operator-=(const E& e)
    {
        require_same(e);
        return semantic::operator-=(e);
    }
    template <class E>
    tensor_view& operator*=(const E& e)
    {
        require_same(e);
        return semantic::operator*=(e);
    }
    template <class E>
    tensor_view& operator/=(const E& e)
    {
        require_same(e);
        return semantic::operator/=(e);
    }

private:
    storage_type storage_;

    storage_type& storage_impl() noexcept { return storage_; }
    const storage_type& storage_impl() const noexcept { return storage_; }
    friend class xt::xcontainer<tensor_view>;

    template <class E>
    void require_same(const E& e) const
    {
        if constexpr (detail::tensor_like<E>) detail::require_shape("what is assigned", e, this->shape());
    }
    template <class E>
    tensor_view& copy_numbers(const E& other)
    {
        require_same(other);
        std::copy(other.storage().begin(), other.storage().end(), storage_.begin());
        return *this;
    }
};

/// Numbers that somebody else owns, as an xtensor.
///   data : as many as the product of the extents, in row-major order; const, and the view only reads
template <class T, std::size_t N>
[[nodiscard]] auto view_of(T* data, const std::array<std::size_t, N>& shape)
{
    std::size_t size = 1;
    for (const std::size_t e : shape) size *= e;
    if constexpr (std::is_const_v<T>) {
        using buffer = xt::xbuffer_adaptor<T*, xt::no_ownership, std::allocator<std::remove_const_t<T>>>;
        return const_tensor_view<std::remove_const_t<T>, N>(buffer(std::move(data), size), shape);
    } else {
        return tensor_view<T, N>(data, size, shape);
    }
}

namespace detail {

/// Where the elements of `x` stand one after the other in row-major order; null when they do not, as in a
/// view with gaps.
template <class X>
auto dense_data(X& x)
{
    if constexpr (requires {
                      x.data() + x.data_offset();
                      x.strides();
                  }) {
        auto* const first = x.data() + x.data_offset();
        std::ptrdiff_t expected = 1;
        for (std::size_t axis = x.dimension(); axis-- > 0;) {
            const auto extent = static_cast<std::ptrdiff_t>(x.shape()[axis]);
            if (extent != 1 && static_cast<std::ptrdiff_t>(x.strides()[axis]) != expected)
                return decltype(first + 0){nullptr};
            expected *= extent;
        }
        return first + 0;
    } else {
        return static_cast<const typename X::value_type*>(nullptr);
    }
}

/// The same, for memory that is to be written.
///   errors : [ctnn.shape] the elements do not stand one after the other
template <class X>
auto* writable_data(const char* what, X& x)
{
    auto* const data = dense_data(x);
    if (data == nullptr && x.size() > 0)
        throw Error("ctnn.shape", std::string(what) + " of shape " + shape_text(x.shape()) +
                                      " has gaps in memory, expected one dense row-major array");
    return data;
}

/// The elements of `x` in row-major order: its own memory when they stand there so as `T`, else a copy in
/// `spare`.
template <class T, class X, class Spare>
const T* dense(const X& x, Spare& spare)
{
    if constexpr (std::is_same_v<std::remove_const_t<typename X::value_type>, T>)
        if (const T* data = dense_data(x)) return data;
    spare.resize(x.size());
    auto to = spare.begin();
    for (auto from = x.template begin<xt::layout_type::row_major>(); to != spare.end(); ++from, ++to)
        *to = static_cast<T>(*from);
    return spare.data();
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
