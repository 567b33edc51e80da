// SPDX-License-Identifier: BSD-3-Clause
/// The two networks of main.cpp, and how they learn and play.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <ctnn/random/generator.hpp>

/// A signal before and after the amplifier.
struct Signal {
    std::vector<float> dry, wet;
};

/// Pieces of memory that the program has asked for so far.
extern std::size_t allocations;

/// Learns `lesson` in so many steps, says how long it took, and writes itself as FOLDER/lstm.hpp. Returns
/// what it makes of test.dry, block after block, and says how long these took.
std::vector<float> play_lstm(const std::string& folder, const Signal& lesson, const Signal& test,
                             std::size_t steps, ctnn::Generator& generator);
/// The same by convolutions: FOLDER/convolution.hpp.
std::vector<float> play_convolution(const std::string& folder, const Signal& lesson, const Signal& test,
                                    std::size_t steps, ctnn::Generator& generator);
