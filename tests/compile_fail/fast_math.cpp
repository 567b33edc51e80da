// expect: [ctnn.fast_math]
// flags: -ffast-math
// SPDX-License-Identifier: BSD-3-Clause
/// Without NaN, infinity and signed zero the kernels do not do what they promise.
#include <ctnn/ctnn.hpp>
