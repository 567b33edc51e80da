// SPDX-License-Identifier: BSD-3-Clause
/// What the peers of larger.cpp offer.
#pragma once

#include <cstddef>
#include <vector>

namespace benchmarks {

/// y(rows, columns) = left times right over `depth`, each of them as it is or as its transpose, row by row.
struct product_shape {
    std::size_t rows, columns, depth;
    bool left_is_turned, right_is_turned;
};
struct larger_peer {
    const char* name;
    void (*multiply)(float* y, const float* left, const float* right, const product_shape& shape);
};
/// Those that were found when this was built.
std::vector<larger_peer> larger_peers();

} // namespace benchmarks
