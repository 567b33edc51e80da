// SPDX-License-Identifier: BSD-3-Clause
/// What layers that normalise have in common.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include <ctnn/core/facts.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// What a layer states that normalises each sample by itself, over its C features.
template <std::size_t C>
struct normalises_samples {
    static constexpr extents output(const extents& x)
    {
        return C != 0 && x.rank > 0 && x.last() == C ? x : extents::none();
    }
    static constexpr std::size_t in_features = C;
    static constexpr uses derivative_uses = uses::input;
    static constexpr bool overwrites_gradients = true;
    static constexpr bool in_place = true;
    static constexpr bool adds_input_gradients = true;
    static constexpr applies_activation applies = applies_activation::both;
    static constexpr extents input(std::size_t) { return {C}; }
};

/// Numbers of mean 0 and standard deviation 1, times the gain, plus the shift.
struct scaled_and_shifted {
    static Spread of(const Spread&, const std::array<Spread, 2>& gain_and_shift)
    {
        const auto& [gain, shift] = gain_and_shift;
        return {shift.mean, std::sqrt(gain.square() + shift.std * shift.std)};
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
