// SPDX-License-Identifier: BSD-3-Clause
/// The one place where the version is written; CMake reads it from here.
#pragma once

/// "major.minor.patch"
#define CTNN_VERSION "0.2.0"
