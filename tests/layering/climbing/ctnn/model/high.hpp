// SPDX-License-Identifier: BSD-3-Clause
/// What the climbing header reaches for.
#pragma once
