// SPDX-License-Identifier: BSD-3-Clause
/// Many trainings of one stage, with different learning rates and seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "training.hpp"

namespace makemore {

struct Sweep {
    std::vector<double> rates{0.1};
    std::vector<std::uint64_t> seeds{2147483647};
    std::string output;              ///< the journal
    std::size_t part = 1, parts = 1; ///< of a job array
    std::size_t workers = 0;         ///< 0: one for each core
};

/// "1..8", "3", "1,5,7..9" as numbers.
///   errors : Failure with code 1, naming the text
[[nodiscard]] std::vector<std::uint64_t> numbers_from(const std::string& text);

/// Trains all that are not yet in the journal, and prints a table of all that are.
void run_sweep(Stage stage, const Options& options, const Sweep& sweep);

} // namespace makemore
