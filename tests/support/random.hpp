// SPDX-License-Identifier: BSD-3-Clause
/// Random inputs of tests: three fixed seeds and a fresh one, or the one that CTNN_SEED names.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include <ctnn/random/generator.hpp>

namespace support {

inline std::vector<std::uint64_t> seeds()
{
    if (const char* replay = std::getenv("CTNN_SEED")) return {std::strtoull(replay, nullptr, 10)};
    return {0, 1, 42, std::random_device{}()};
}

/// f(generator) for each seed; a failure prints the seed to replay.
template <class F>
void for_each_seed(F f)
{
    for (const std::uint64_t seed : seeds()) {
        INFO("replay with CTNN_SEED=", seed);
        ctnn::Generator generator{seed};
        f(generator);
    }
}

/// n normal numbers times `scale`.
template <class T>
std::vector<T> normals(ctnn::Generator& generator, std::size_t n, double scale = 1)
{
    std::vector<T> x(n);
    generator.fill_randn(std::span<T>(x));
    for (T& e : x) e = static_cast<T>(static_cast<double>(e) * scale);
    return x;
}

} // namespace support
