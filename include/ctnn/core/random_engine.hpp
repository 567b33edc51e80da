// SPDX-License-Identifier: BSD-3-Clause
/// The Mersenne Twister with the two seedings that PyTorch and Python use.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

/// MT19937: 32 random bits a call. Its whole state is public data, so it can be stored and compared.
///
///   source : Matsumoto & Nishimura 1998, doi:10.1145/272991.272995
struct random_engine {
    static constexpr std::size_t length = 624;

    std::array<std::uint32_t, length> words{};
    std::uint32_t position = length;

    /// Seeded by one number, as `std::mt19937` and PyTorch do.
    static constexpr random_engine seeded(std::uint32_t seed)
    {
        random_engine e;
        e.words[0] = seed;
        for (std::uint32_t i = 1; i < length; ++i)
            e.words[i] = 1812433253U * (e.words[i - 1] ^ (e.words[i - 1] >> 30)) + i;
        return e;
    }

    /// Seeded by a key of 32-bit words, least significant first, as Python's `random.seed(int)` does. The key
    /// is not empty.
    static constexpr random_engine seeded_by_array(std::span<const std::uint32_t> key)
    {
        random_engine e = seeded(19650218U);
        std::size_t i = 1, j = 0;
        const auto next_i = [&] {
            if (++i == length) {
                e.words[0] = e.words[length - 1];
                i = 1;
            }
        };
        const auto mixed = [&](std::uint32_t factor) {
            return e.words[i] ^ ((e.words[i - 1] ^ (e.words[i - 1] >> 30)) * factor);
        };
        for (std::size_t k = std::max(length, key.size()); k > 0; --k) {
            e.words[i] = mixed(1664525U) + key[j] + static_cast<std::uint32_t>(j);
            if (++j == key.size()) j = 0;
            next_i();
        }
        for (std::size_t k = length - 1; k > 0; --k) {
            e.words[i] = mixed(1566083941U) - static_cast<std::uint32_t>(i);
            next_i();
        }
        e.words[0] = 0x80000000U;
        return e;
    }

    constexpr std::uint32_t operator()()
    {
        if (position >= length) refill();
        std::uint32_t y = words[position++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680U;
        y ^= (y << 15) & 0xefc60000U;
        return y ^ (y >> 18);
    }

    /// 64 random bits: the first draw is the high word.
    constexpr std::uint64_t bits64()
    {
        const std::uint64_t high = (*this)();
        return high << 32 | (*this)();
    }

    friend constexpr bool operator==(const random_engine&, const random_engine&) = default;

private:
    constexpr void refill()
    {
        constexpr std::size_t shift = 397;
        for (std::size_t i = 0; i < length; ++i) {
            const std::uint32_t y = (words[i] & 0x80000000U) | (words[(i + 1) % length] & 0x7fffffffU);
            words[i] = words[(i + shift) % length] ^ (y >> 1) ^ ((y & 1U) != 0 ? 0x9908b0dfU : 0U);
        }
        position = 0;
    }
};

} // namespace ctnn::inline CTNN_ARCH
