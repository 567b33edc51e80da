// expect: [ctnn.load] | each is named once | each_once<
// SPDX-License-Identifier: BSD-3-Clause
/// A choice between networks of which two are the same.
#include "wrong.hpp"

using Small = Sequential<Linear<4, 3>>;
using Large = Sequential<Linear<4, 3>, Tanh>;

std::size_t wrong(const char* file) { return pick_model<Small, Large, Small>(file).index(); }
