// SPDX-License-Identifier: BSD-3-Clause
// Nothing but the headers.
#include <ctnn/ctnn.hpp>
