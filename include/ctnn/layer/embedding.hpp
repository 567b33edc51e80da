// SPDX-License-Identifier: BSD-3-Clause
/// A table of vectors looked up by class id.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/gather.hpp>
#include <ctnn/kernel/update.hpp>
#include <ctnn/layer/embedding_linear.hpp>
#include <ctnn/layer/fold_rules.hpp>
#include <ctnn/layer/table_sum.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A learnt vector of C features for each of V classes: `Embedding<27, 10>`, with a context of T ids
/// `Embedding<27, 24, 8>`.
///
///   x        : T class ids in 0..V-1. T may be left out where the next layer tells it: with `Linear<30,
///              ...>` after `Embedding<27, 10>` it is 3; with a layer of C features, or none, x is a single
///              id
///   y        : (T, C), or (C) for a single id
///   weight   : (V, C)
///   backward : dweight is set or added to; an id that occurs twice adds twice; ids have no gradient
///   reset    : standard normal, as torch.nn.Embedding
///   errors   : [ctnn.class_id] an id outside 0..V-1, thrown by the model before anything is written
template <std::size_t V, std::size_t C, std::size_t... T>
// a pack of at most one, because a default would stand in every message as a third argument of 0
    requires(sizeof...(T) <= 1)
struct Embedding {
    static constexpr std::size_t classes = V;
    static constexpr std::array parameters{Parameter{"weight", {V, C}}};

    static constexpr extents output(const extents& x)
    {
        if (V == 0 || C == 0 || (sizeof...(T) == 1 && x != extents{T...})) return extents::none();
        extents y = x;
        y.push_back(C);
        return y;
    }
    static constexpr extents input(std::size_t next_in_features)
    {
        if (sizeof...(T) == 1) return {T...};
        return C != 0 && next_in_features > C && next_in_features % C == 0 ? extents{next_in_features / C}
                                                                           : extents{};
    }

    static void forward(const auto& pass)
    {
        const auto [weight] = pass.parameters();
        kernel::gather<C>(pass.y().data(), weight.data(), pass.x().data(), pass.x().size());
    }

    template <class P>
    static void backward(const P& pass)
    {
        constexpr write_mode how = P::weight_gradient;
        const auto [dweight] = pass.gradients();
        const std::size_t n = pass.x().size();
        // With more rows than a batch has ids a step leaves most of them alone.
        const bool is_sparse = n < V;
        if constexpr (how != write_mode::skip) {
            if (pass.rate != nullptr && is_sparse)
                return kernel::gather_descend<V, C>(pass.stepped_data[0], dweight.data(), pass.dy().data(),
                                                    pass.x().data(), n, *pass.rate);
            kernel::gather_backward<V, C, how>(dweight.data(), pass.dy().data(), pass.x().data(), n);
            if (pass.rate != nullptr)
                kernel::descend(pass.stepped_data[0], dweight.data(), V * C, *pass.rate);
        }
    }

    template <class S>
    static void reset(const std::array<std::span<S>, 1>& p, Generator& generator)
    {
        generator.fill_randn(p[0]);
    }

    using self = Embedding;
    static constexpr uses derivative_uses = uses::input;
    static constexpr bool overwrites_gradients = true;
    static constexpr bool adds_gradients = true;
    static constexpr bool takes_steps = true;
};

template <std::size_t V, std::size_t C, std::size_t... T>
struct expected_spread<Embedding<V, C, T...>> {
    static Spread of(const Spread&, const std::array<Spread, 1>& p) { return p[0]; }
};
template <std::size_t V, std::size_t C, std::size_t... T>
struct lookup_rule<Embedding<V, C, T...>> {
    static constexpr std::size_t rows = V;
};
template <std::size_t V, std::size_t C, std::size_t... T>
struct stream_rule<Embedding<V, C, T...>> : steps_as<Embedding<V, C>> {};
template <std::size_t V, std::size_t C, std::size_t... T>
struct export_rule<Embedding<V, C, T...>> {
    static std::string type(const extents& x, bool int8 = false)
    {
        return detail::embedded_type("embedding", {V, C, x.size()}, int8);
    }
};

} // namespace ctnn::inline CTNN_ARCH
