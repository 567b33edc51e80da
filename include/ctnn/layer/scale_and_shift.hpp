// SPDX-License-Identifier: BSD-3-Clause
/// What all layers that normalise have in common: a gain and a shift for each feature.
#pragma once

#include <array>
#include <cmath>

#include <ctnn/core/facts.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Numbers of mean 0 and standard deviation 1, times the gain, plus the shift.
struct scaled_and_shifted {
    static Spread of(const Spread&, const std::array<Spread, 2>& gain_and_shift)
    {
        const auto& [gain, shift] = gain_and_shift;
        return {shift.mean, std::sqrt(gain.square() + shift.std * shift.std)};
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
