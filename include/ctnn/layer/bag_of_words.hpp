// SPDX-License-Identifier: BSD-3-Clause
/// What was before a position, without a choice.
#pragma once

#include <cstddef>
#include <string>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/layer/last_step.hpp>
#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The mean of each position and those before it: makemore's CausalBoW, attention without a choice.
///
///   x, y     : (T, C), the same
///   backward : dx is overwritten: dx(s) = sum over t >= s of dy(t) / (t + 1)
///   errors   : [ctnn.shape] x does not have two axes
struct BagOfWords {
    static constexpr extents output(const extents& x) { return x.rank == 2 ? x : extents::none(); }
    template <class P>
    static void forward(const P& pass)
    {
        constexpr std::size_t T = P::input::value[0], C = P::input::value[1];
        each_column<T, C, typename P::scalar>(
            pass.x().size(), [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
                using V = simd::vec<typename P::scalar>;
                V sum(typename P::scalar{0});
                for (std::size_t t = 0; t < T; ++t) {
                    sum = sum + place.load(pass.x().data() + i + t * C);
                    place.store(pass.y().data() + i + t * C, sum / V(static_cast<typename P::scalar>(t + 1)));
                }
            });
    }
    template <class P>
    static void backward(const P& pass)
    {
        constexpr std::size_t T = P::input::value[0], C = P::input::value[1];
        each_column<T, C, typename P::scalar>(
            pass.dx().size(), [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
                using V = simd::vec<typename P::scalar>;
                V sum(typename P::scalar{0});
                for (std::size_t t = T; t-- > 0;) {
                    sum = sum + place.load(pass.dy().data() + i + t * C) /
                                    V(static_cast<typename P::scalar>(t + 1));
                    place.store(pass.dx().data() + i + t * C, sum);
                }
            });
    }

    static constexpr uses derivative_uses = uses::nothing;
    static constexpr bool in_place = true;

private:
    /// f(offset of the first position, place) for each register of columns of each sample.
    template <std::size_t T, std::size_t C, class S, class F>
    static void each_column(std::size_t numbers, F f)
    {
        for (std::size_t sample = 0; sample < numbers; sample += T * C)
            simd::for_each_vec<S>(C, [&](std::size_t c, auto place)
                                         CTNN_INLINE_LAMBDA { f(sample + c, place); });
    }
};

template <>
struct stream_rule<BagOfWords> {
    template <class X>
    using step = detail::mean_step<X::value[1]>;
};
template <>
struct export_rule<BagOfWords> {
    static std::string type(const extents& x) { return detail::embedded_type("bag_of_words", {x[0], x[1]}); }
};

} // namespace ctnn::inline CTNN_ARCH
