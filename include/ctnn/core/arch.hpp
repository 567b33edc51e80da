// SPDX-License-Identifier: BSD-3-Clause
/// What the compiler is told: the instruction set in every name, and what must be inlined and unrolled.
#pragma once

#include <ctnn/base/arch.hpp> // CTNN_ARCH: the core that needs nothing has it for all

// Inlined whatever the size of the translation unit: a compiler that has reached its limits otherwise leaves
// calls inside the inner loops, and registers that a called lambda refers to live in memory.
#define CTNN_INLINE [[gnu::always_inline]] inline
#define CTNN_INLINE_LAMBDA __attribute__((always_inline))
// Stands before a loop over registers, which stay registers only when the loop is written out. Under a
// sanitizer each of them would be checked by itself: there it costs minutes and gains nothing.
#if defined(__SANITIZE_ADDRESS__)
#define CTNN_UNROLL
#elif defined(__clang__)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define CTNN_UNROLL
#else
#define CTNN_UNROLL _Pragma("clang loop unroll(full)")
#endif
#else
#define CTNN_UNROLL _Pragma("GCC unroll 64")
#endif
