// SPDX-License-Identifier: BSD-3-Clause
/// A number of two bytes with the range of float.
#pragma once

#include <cstdint>

#include <ctnn/core/arch.hpp>
#include <ctnn/core/bits.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The first half of a float: its sign, its exponent and 8 bits of precision, so it is within 2^-8 of the
/// number that it stands for. Rounded to nearest, a tie to even; NaN stays NaN.
struct bfloat16 {
    std::uint16_t bits = 0;

    bfloat16() = default;
    constexpr explicit bfloat16(float x)
    {
        const auto b = detail::bit_cast<std::uint32_t>(x);
        const std::uint32_t rounded = b + 0x7fffU + ((b >> 16U) & 1U), quiet = b | 0x400000U;
        bits = static_cast<std::uint16_t>(((b & 0x7fffffffU) > 0x7f800000U ? quiet : rounded) >> 16U);
    }
    constexpr explicit operator float() const
    {
        return detail::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
    }
};

} // namespace ctnn::inline CTNN_ARCH
