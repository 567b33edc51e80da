// SPDX-License-Identifier: BSD-3-Clause
/// Raw numbers brought to mean 0 and standard deviation 1 by those of the training data.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH {

/// (x - mean) / std with a mean and a standard deviation for each feature, which are set once from the
/// training data and saved with the model, so that it takes raw numbers ever after.
///
/// ```cpp
/// using Net = Sequential<Standardise<7>, Linear<7, 32>, ReLU, Linear<32, 1>>;
/// model.parameter<"0.mean">() = column_means(train_x);
/// model.parameter<"0.std">() = column_stds(train_x); // 1 for a column that is constant
/// ```
///
///   x, y     : (..., C)        mean, std : (C), buffers: nothing learns them, at first 0 and 1
///   backward : dx is overwritten
///   freeze   : stays as it is: folded into a product, a large mean would cost digits
///   errors   : [ctnn.shape] last extent of x is not C
///   cost     : one pass over x; no allocation
template <std::size_t C>
struct Standardise {
    static constexpr std::array buffers{Parameter{"mean", {C}, 0}, Parameter{"std", {C}, 1}};

    static constexpr extents output(const extents& x)
    {
        return C != 0 && x.rank > 0 && x.last() == C ? x : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        const auto mean = pass.buffers()[0], std = pass.buffers()[1];
        each_row<typename P::scalar>(
            pass.x().size(), [&](std::size_t i, std::size_t c, auto place) CTNN_INLINE_LAMBDA {
                const auto distance = place.load(pass.x().data() + i) - place.load(mean.data() + c);
                place.store(pass.y().data() + i, distance / place.load(std.data() + c));
            });
    }
    template <class P>
    static void backward(const P& pass)
    {
        const auto std = pass.buffers()[1];
        each_row<typename P::scalar>(pass.dx().size(), [&](std::size_t i, std::size_t c,
                                                           auto place) CTNN_INLINE_LAMBDA {
            place.store(pass.dx().data() + i, place.load(pass.dy().data() + i) / place.load(std.data() + c));
        });
    }

    using self = Standardise;
    static constexpr std::size_t in_features = C;
    static constexpr uses derivative_uses = uses::nothing;
    static constexpr bool in_place = true;
    static constexpr extents input(std::size_t) { return {C}; }

private:
    /// f(offset of x, offset of the feature, place) for each register of each row.
    template <class T, class F>
    static void each_row(std::size_t numbers, F f)
    {
        for (std::size_t row = 0; row < numbers; row += C)
            simd::for_each_vec<T>(C, [&](std::size_t c, auto place)
                                         CTNN_INLINE_LAMBDA { f(row + c, c, place); });
    }
};

/// As the data of the training part are.
template <std::size_t C>
struct expected_spread<Standardise<C>> {
    static Spread of(const Spread&, const std::array<Spread, 0>&) { return {0, 1}; }
};
template <std::size_t C>
struct stream_rule<Standardise<C>> : steps_as<Standardise<C>> {};
template <std::size_t C>
struct export_rule<Standardise<C>> {
    static std::string type(const extents& x)
    {
        return detail::embedded_type("batch_norm", {x.size() / C, C});
    }
    /// mean, factor and shift of (x - mean) factor + shift.
    template <class S>
    static layer_values values(const layer_values& own)
    {
        std::vector<double> factor(C);
        for (std::size_t c = 0; c < C; ++c) factor[c] = 1 / own[1][c];
        return {own[0], factor, std::vector<double>(C, 0.0)};
    }
};

} // namespace ctnn::inline CTNN_ARCH
