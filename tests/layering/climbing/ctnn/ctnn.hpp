// SPDX-License-Identifier: BSD-3-Clause
/// Reaches both.
#pragma once
#include <ctnn/kernel/low.hpp>
