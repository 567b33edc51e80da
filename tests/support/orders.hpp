// SPDX-License-Identifier: BSD-3-Clause
/// Orders of samples, as make_training.py keeps them.
#pragma once

#include <cstdint>
#include <vector>

#include <ctnn/random/generator.hpp>

namespace support {

/// make_training.py's checksum of int64s.
inline double checksum(const std::vector<std::int64_t>& numbers)
{
    std::uint64_t h = 0xcbf29ce484222325;
    for (const std::int64_t n : numbers)
        for (int byte = 0; byte < 8; ++byte)
            h = (h ^ (static_cast<std::uint64_t>(n) >> (8 * byte) & 0xff)) * 0x100000001b3;
    return static_cast<double>(static_cast<std::int64_t>(h));
}

/// What a generator draws next, which tells how far it has come.
inline std::vector<double> draws_after(ctnn::Generator& g)
{
    const auto next = g.randint(0, 182625, 3);
    return {next.begin(), next.end()};
}

} // namespace support
