// SPDX-License-Identifier: BSD-3-Clause
/// Several inputs and several outputs.
#pragma once

#include <cstddef>

#include <ctnn/core/layer_list.hpp>
#include <ctnn/layer/joins.hpp>

namespace ctnn::inline CTNN_ARCH {

/// At the front of a network: each branch reads an input of its own, and what they give stands side by side
/// along the last axis. `Inputs<Sequential<Embedding<27, 10, 3>, Flatten>, Linear<5, 8>>` takes ids beside
/// numbers: `model.forward(ids, numbers)`.
///
///   names  : "0", "1", ... for the branches
///   errors : [ctnn.shape] the branches give shapes that differ in another axis
template <class... Branch>
    requires(sizeof...(Branch) > 0)
struct Inputs {
    using parts = layer_list<Branch..., ConcatLast<sizeof...(Branch)>>;
    static constexpr bool is_branches = true;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        std::size_t n = 0;
        return net.template join<ConcatLast<sizeof...(Branch)>>(
            std::array{net.template add<Branch>(n++ == 0 ? x : net.input())...});
    }
};

/// At the end of a network: what each branch makes of x. `forward` gives a std::tuple, and `backward` takes
/// one of gradients:
///
/// ```cpp
/// const auto [letter, length] = model.forward(x);
/// const auto [loss, dletter] = criterion(letter, letters);
/// const auto [other, dlength] = criterion(length, lengths);
/// model.backward(std::tie(dletter, dlength));
/// ```
///
///   names  : "0", "1", ... for the branches
///   errors : [ctnn.layer] a layer stands after it
template <class... Branch>
    requires(sizeof...(Branch) > 0)
struct Outputs {
    using parts = layer_list<Branch...>;
    static constexpr bool is_branches = true;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        (net.output(net.template add<Branch>(x)), ...);
        return x;
    }
};

} // namespace ctnn::inline CTNN_ARCH
