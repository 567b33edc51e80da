// SPDX-License-Identifier: BSD-3-Clause
/// The program that runs the tests of one folder.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
