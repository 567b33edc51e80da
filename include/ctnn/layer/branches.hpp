// SPDX-License-Identifier: BSD-3-Clause
/// Branches that are added, multiplied, or set side by side.
#pragma once

#include <cstddef>

#include <ctnn/core/layer_list.hpp>
#include <ctnn/layer/joins.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// Every branch reads x; then two at a time are joined, from the left.
template <class Join, class... Branch>
constexpr std::size_t wire_branches(auto& net, std::size_t x)
{
    const std::array<std::size_t, sizeof...(Branch)> y{net.template add<Branch>(x)...};
    std::size_t joined = y[0];
    for (std::size_t i = 1; i < y.size(); ++i) joined = net.template join<Join>(joined, y[i]);
    return joined;
}

} // namespace detail

/// y = A(x) + B(x) + ...
///
///   names  : "0", "1", ... for the branches
///   errors : [ctnn.shape] the branches give different shapes
template <class A, class... B>
struct Sum {
    using parts = layer_list<A, B..., Add>;
    static constexpr bool is_branches = true;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        return detail::wire_branches<Add, A, B...>(net, x);
    }
};

/// y = A(x) * B(x), number by number: `Multiply<Sequential<Linear<8, 16>, Tanh>, Sequential<Linear<8, 16>,
/// Sigmoid>>` is a gate.
///
///   names  : "0" and "1" for the branches
///   errors : [ctnn.shape] the branches give different shapes
template <class A, class B>
struct Multiply {
    using parts = layer_list<A, B, Product>;
    static constexpr bool is_branches = true;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        return detail::wire_branches<Product, A, B>(net, x);
    }
};

/// y = A(x), B(x), ... side by side along the last axis.
///
///   names  : "0", "1", ... for the branches
///   errors : [ctnn.shape] the branches give shapes that differ in another axis
template <class... Branch>
    requires(sizeof...(Branch) > 0)
struct Concat {
    using parts = layer_list<Branch..., ConcatLast<sizeof...(Branch)>>;
    static constexpr bool is_branches = true;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        return net.template join<ConcatLast<sizeof...(Branch)>>(std::array{net.template add<Branch>(x)...});
    }
};

} // namespace ctnn::inline CTNN_ARCH
