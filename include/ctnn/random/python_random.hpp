// SPDX-License-Identifier: BSD-3-Clause
/// Python's `random.seed(int)` and `random.shuffle`, so that a list comes out in the order a notebook shows.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>

#include <ctnn/random/engine.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The part of Python 3's `random.Random` that orders data.
///
///   source : CPython 3, Lib/random.py and Modules/_randommodule.c
class PythonRandom {
public:
    /// As `random.seed(seed)` for a non-negative integer.
    explicit constexpr PythonRandom(std::uint64_t seed)
    {
        const std::uint32_t key[] = {static_cast<std::uint32_t>(seed),
                                     static_cast<std::uint32_t>(seed >> 32)};
        engine_ = random_engine::seeded_by_array(std::span(key, key[1] != 0 ? 2U : 1U));
    }

    /// A number in 0..n-1, as `random._randbelow(n)`: `n.bit_length()` random bits, drawn again until they
    /// are below `n`. n is 1 to 2^32.
    constexpr std::uint64_t below(std::uint64_t n)
    {
        const auto bits = static_cast<int>(std::bit_width(n));
        std::uint64_t r = n;
        while (r >= n)
            r = bits <= 32 ? engine_() >> (32 - bits)
                           : engine_() | (std::uint64_t{engine_()} >> (64 - bits)) << 32;
        return r;
    }

    /// As `random.shuffle(list)`.
    template <class Range>
        requires requires(Range& range) {
            std::swap(std::begin(range)[0], std::begin(range)[std::size(range)]);
        }
    constexpr void shuffle(Range&& range)
    {
        const auto first = std::begin(range);
        for (auto n = static_cast<std::uint64_t>(std::size(range)); n > 1; --n)
            std::swap(first[static_cast<std::ptrdiff_t>(n - 1)],
                      first[static_cast<std::ptrdiff_t>(below(n))]);
    }

private:
    random_engine engine_;
};

} // namespace ctnn::inline CTNN_ARCH
