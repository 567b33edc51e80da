// SPDX-License-Identifier: BSD-3-Clause
/// What the compiler is told: the instruction set in every name, and what must be inlined and unrolled.
#pragma once

#include <ctnn/base/arch.hpp> // CTNN_ARCH: the core that needs nothing has it for all

// Inlined whatever the size of the translation unit: a compiler that has reached its limits otherwise leaves
// calls inside the inner loops, and registers that a called lambda refers to live in memory.
//
// CTNN_UNROLL stands before a loop over registers, which stay registers only when the loop is written out.
// Under a sanitizer each of them would be checked by itself: there it costs minutes and gains nothing.
#if defined(__clang__)
#define CTNN_INLINE [[gnu::always_inline]] inline
#define CTNN_INLINE_LAMBDA __attribute__((always_inline))
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define CTNN_UNROLL
#else
#define CTNN_UNROLL _Pragma("clang loop unroll(full)")
#endif
#elif defined(__GNUC__)
#define CTNN_INLINE [[gnu::always_inline]] inline
#define CTNN_INLINE_LAMBDA __attribute__((always_inline))
#if defined(__SANITIZE_ADDRESS__)
#define CTNN_UNROLL
#else
#define CTNN_UNROLL _Pragma("GCC unroll 64")
#endif
#elif defined(_MSC_VER)
#define CTNN_INLINE __forceinline
#define CTNN_INLINE_LAMBDA
#define CTNN_UNROLL
#else
#define CTNN_INLINE inline
#define CTNN_INLINE_LAMBDA
#define CTNN_UNROLL
#endif

// Tells g++ that an array has a value, where it does not see that each number is written before it is read,
// and warns; no instruction.
#if defined(__GNUC__)
#define CTNN_HAS_VALUE(array) __asm__("" : "=m"(array))
#else
#define CTNN_HAS_VALUE(array) static_cast<void>(0)
#endif

// Whether the compiler knows a number.
#if defined(__GNUC__)
#define CTNN_IS_KNOWN(n) __builtin_constant_p(n)
#else
#define CTNN_IS_KNOWN(n) false
#endif
