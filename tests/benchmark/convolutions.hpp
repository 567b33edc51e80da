// SPDX-License-Identifier: BSD-3-Clause
/// What a peer does with a convolution of 3 x 3, the border filled up.
#pragma once

#include <cstddef>
#include <functional>

namespace benchmarks {

struct convolution_size {
    std::size_t batch, side, channels;
};
/// Passes over numbers of the peer's own, in the layout that it likes best.
struct convolution_passes {
    std::function<void()> forward, backward;
};
/// `check`: the sum of all results of forward where every input is 0.5 and every weight 0.25.
convolution_passes onednn_convolution(const convolution_size& size, double& check);

} // namespace benchmarks
