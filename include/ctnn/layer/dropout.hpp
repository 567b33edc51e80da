// SPDX-License-Identifier: BSD-3-Clause
/// Dropout.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

#include <ctnn/core/pass.hpp>
#include <ctnn/core/roles.hpp>
#include <ctnn/kernel/elementwise.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

/// In training each number is 0 with the chance Numerator / Denominator, and the others are enlarged so that
/// the mean stays: `Dropout<1, 5>` drops one in five. In eval it is not there, and `freeze` leaves it out.
///
///   x, y     : any shape, the same
///   train    : y = x * mask, the mask 0 or 1 / (1 - p). `model.forward(x, generator)` draws it: one double
///              for each number, in order, as torch.nn.functional.dropout does
///   backward : dx = dy * mask is overwritten
///   errors   : [ctnn.shape] a chance of 1 or more; [ctnn.mode] forward without a generator
///   source   : Srivastava et al. 2014
template <std::size_t Numerator, std::size_t Denominator>
struct Dropout {
    static constexpr double keep = 1 - static_cast<double>(Numerator) / static_cast<double>(Denominator);

    static constexpr extents output(const extents& x)
    {
        return Numerator < Denominator ? x : extents::none();
    }
    template <class P>
    static void forward(const P& pass)
    {
        if constexpr (P::training) {
            using T = typename P::scalar;
            Generator& generator = pass.generator();
            const std::span<T> mask{pass.saved(), pass.x().size()};
            generator.fill_bernoulli(mask, keep, T{1} / static_cast<T>(keep));
            kernel::multiply(pass.y().data(), pass.x().data(), mask.data(), mask.size());
        }
    }

    static void backward(const auto& pass)
    {
        kernel::multiply(pass.dx().data(), pass.dy().data(), pass.saved(), pass.dy().size());
    }

    static constexpr uses derivative_uses = uses::nothing;
    static constexpr bool in_place = true;
    static constexpr bool training_only = true;
    static constexpr bool draws = true;
    static constexpr std::size_t saved(const extents& x, std::size_t rows) { return x.size() * rows; }
};

/// The mean stays; the mean of the squares grows.
template <std::size_t Numerator, std::size_t Denominator>
struct expected_spread<Dropout<Numerator, Denominator>> {
    static Spread of(const Spread& x, const auto&)
    {
        return {x.mean, std::sqrt(x.square() / Dropout<Numerator, Denominator>::keep - x.mean * x.mean)};
    }
};

} // namespace ctnn::inline CTNN_ARCH
