// SPDX-License-Identifier: BSD-3-Clause
/// The name of the instruction set, and no mode that breaks the numbers.
#pragma once

#if defined(__FAST_MATH__) && !defined(CTNN_ALLOW_FAST_MATH)
#error                                                                                                                                          \
    "[ctnn.fast_math] -ffast-math removes NaN, infinity and signed zero, on which ctnn's kernels rely; build without it, or define CTNN_ALLOW_FAST_MATH to take the risk"
#elif !defined(CTNN_ALLOW_FAST_MATH) &&                                                                                                         \
    (defined(__ASSOCIATIVE_MATH__) || (defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16))
// The exponential functions round by adding a large number and subtracting it again: in float, and in that order.
#error                                                                                                                                          \
    "[ctnn.fast_math] float arithmetic is reordered (-fassociative-math) or wider than float (-mfpmath=387): ctnn's functions would be wrong; build without it"
#endif

// Everything in ctnn lives in an inline namespace of this name. The linker merges inline functions by name, so without it a
// function compiled for AVX-512 in one translation unit could replace the same function in a unit built for an older CPU, and an
// object of one unit could be handed to another that lays it out differently. With it the first works and the second does not link.
#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__FMA__)
#define CTNN_ARCH avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define CTNN_ARCH avx2
#elif defined(__AVX__)
#define CTNN_ARCH avx
#elif defined(__SSE4_2__)
#define CTNN_ARCH sse4
#elif defined(__SSE2__) || defined(_M_X64)
#define CTNN_ARCH sse2
#elif defined(__aarch64__)
#define CTNN_ARCH neon
#else
#define CTNN_ARCH scalar
#endif
