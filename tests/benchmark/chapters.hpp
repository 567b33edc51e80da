// SPDX-License-Identifier: BSD-3-Clause
/// The trainings of the examples' chapters, a step at a time, as each library does it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace benchmarks {

/// A network of two or three Linear layers, learnt with AdamW from batches of 32.
struct chapter {
    const char* name;
    std::vector<std::size_t> widths; ///< inputs, hidden ones, outputs
    bool classifies; ///< ReLU, dropout of a fifth and cross entropy; else tanh and squared error
};
inline const chapter digits{"04_digits", {64, 64, 10}, true},
    regression{"03_regression", {1, 64, 64, 1}, false};

/// Samples that are all alike: n rows of inputs, and targets.
struct chapter_data {
    std::size_t rows;
    std::vector<float> x, y;
    std::vector<int> classes;
};

/// Goes through the samples batch by batch, a step each call, and gives the loss.
using step = std::function<float()>;
step libtorch_step(const chapter& what, const chapter_data& data);

} // namespace benchmarks
