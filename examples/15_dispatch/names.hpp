// SPDX-License-Identifier: BSD-3-Clause
/// What names.cpp offers, whatever CPU it is compiled for: functions over plain types.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <ctnn/dispatch.hpp>

struct Names {
    const char* instructions;
    /// The weights after some steps of training.
    std::vector<float> (*train)(const std::string& file, int steps);
    /// Names from a network with these weights.
    std::vector<std::string> (*sample)(std::span<const float> weights, std::uint64_t seed, int count);
};
CTNN_LEVELS(Names, names)
