// SPDX-License-Identifier: BSD-3-Clause
/// A header that climbs, for the test of the layering script.
#pragma once
#include <ctnn/model/high.hpp>
