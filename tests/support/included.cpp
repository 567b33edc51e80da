// SPDX-License-Identifier: BSD-3-Clause
/// No program: what the tests include is compiled with it, once for all of them.
