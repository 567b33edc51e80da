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
        return tempered(words[position++]);
    }

    /// 64 random bits: the first draw is the high word.
    constexpr std::uint64_t bits64()
    {
        const std::uint64_t high = (*this)();
        return high << 32 | (*this)();
    }

    /// f(i, bits) for i from 0, with what up to `most` calls would give: as many as there are before a
    /// refill. Returns how many, at least 1.
    template <class F>
    constexpr std::size_t for_each_word(std::size_t most, F f)
    {
        if (position >= length) refill();
        const std::size_t n = std::min<std::size_t>(most, length - position);
        const std::uint32_t* const from = words.data() + position;
        for (std::size_t i = 0; i < n; ++i) f(i, tempered(from[i]));
        position += static_cast<std::uint32_t>(n);
        return n;
    }

    /// f(i, bits) for i from 0, with what up to `most` calls of `bits64` would give: as many as there are
    /// before a refill. Returns how many, at least 1.
    template <class F>
    constexpr std::size_t for_each_bits64(std::size_t most, F f)
    {
        if (position >= length) refill();
        if (position + 1 == length) { // one word here, the next after a refill
            f(0, bits64());
            return 1;
        }
        const std::size_t n = std::min<std::size_t>(most, (length - position) / 2);
        const std::uint32_t* const from = words.data() + position;
        for (std::size_t i = 0; i < n; ++i)
            f(i, std::uint64_t{tempered(from[2 * i])} << 32 | tempered(from[2 * i + 1]));
        position += static_cast<std::uint32_t>(2 * n);
        return n;
    }

    friend constexpr bool operator==(const random_engine&, const random_engine&) = default;

private:
    static constexpr std::uint32_t tempered(std::uint32_t y)
    {
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680U;
        y ^= (y << 15) & 0xefc60000U;
        return y ^ (y >> 18);
    }
    /// The next word from this one, its neighbour and the one 397 places on.
    static constexpr std::uint32_t twisted(std::uint32_t here, std::uint32_t next, std::uint32_t far)
    {
        const std::uint32_t y = (here & 0x80000000U) | (next & 0x7fffffffU);
        return far ^ (y >> 1) ^ ((0U - (y & 1U)) & 0x9908b0dfU);
    }
    /// In three stretches, so that no index wraps around inside a loop, and a compiler makes vectors of them.
    constexpr void refill()
    {
        constexpr std::size_t shift = 397, rest = length - shift;
        for (std::size_t i = 0; i < rest; ++i) words[i] = twisted(words[i], words[i + 1], words[i + shift]);
        for (std::size_t i = rest; i + 1 < length; ++i)
            words[i] = twisted(words[i], words[i + 1], words[i - rest]);
        words[length - 1] = twisted(words[length - 1], words[0], words[shift - 1]);
        position = 0;
    }
};

} // namespace ctnn::inline CTNN_ARCH
