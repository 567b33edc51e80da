// SPDX-License-Identifier: BSD-3-Clause
/// The numbers in the library's exp, tanh and normal distribution for float, which registers (simd/) and
/// single numbers (embed/) share. Each polynomial stands from its highest power down.
#pragma once

#include <ctnn/base/arch.hpp>

namespace ctnn::inline CTNN_ARCH::coefficients {

/// x = n ln 2 + r: `round` added and subtracted rounds to a whole number.
inline constexpr float round = 0x1.8p23F;
inline constexpr float log2_e = 0x1.715476p+0F;   ///< 1 / ln 2
inline constexpr float ln2 = 0x1.62e43p-1F;       ///< ln 2, which comes in two parts too:
inline constexpr float ln2_high = 0x1.62e4p-1F;   ///< so few bits that n times it is exact
inline constexpr float ln2_low = 0x1.7f7d1cp-20F; ///< the rest

/// e^r on |r| <= ln 2 / 2: degree 6 with the least relative error, 1.9e-9; its last two powers are 1 and 1.
inline constexpr float exp[] = {0x1.6ab926p-10F, 0x1.126d64p-7F, 0x1.55589cp-5F, 0x1.55540ap-3F,
                                0x1.fffffap-2F};

/// tanh a = a + a p(a^2) for |a| below `tanh_small`, relative error 4e-8.
inline constexpr float tanh[] = {0x1.0c60cap-6F, -0x1.af3f6ep-5F, 0x1.10cca2p-3F, -0x1.555446p-2F};
/// From here on tanh is made of e^(-2 |a|).
inline constexpr float tanh_small = 0.55F;

/// The share of a standard normal distribution below -a is e^(-a^2 / 2) t p(t) with t = 1 / (1 +
/// `normal_scale` a), relative error 1e-7. a + `normal_round` - `normal_round` is a to 1/64.
inline constexpr float normal[] = {0x1.2ca2ccp-5F, -0x1.3950fp-3F, 0x1.7c5772p-3F, -0x1.3714fcp-5F,
                                   0x1.efb2ccp-4F, 0x1.a79d22p-4F, 0x1.f59fbp-4F,  0x1.f23c82p-4F};
inline constexpr float normal_scale = 0.305F;    ///< see `normal`
inline constexpr float normal_round = 0x1.8p17F; ///< see `normal`

} // namespace ctnn::inline CTNN_ARCH::coefficients
