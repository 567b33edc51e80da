// expect: [ctnn.fast_math] | -ffinite-math-only
// flags: -ffinite-math-only
// SPDX-License-Identifier: BSD-3-Clause
/// Where there is no NaN for the compiler, none is found in weights either.
#include <ctnn/ctnn.hpp>
