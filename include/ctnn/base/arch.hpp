// SPDX-License-Identifier: BSD-3-Clause
/// The name of the instruction set, and no mode that breaks the numbers.
#pragma once

#ifndef CTNN_ALLOW_FAST_MATH
#if defined(__FAST_MATH__) || defined(_M_FP_FAST)
#error "[ctnn.fast_math] -ffast-math takes away NaN, infinity and -0: build without it (CTNN_ALLOW_FAST_MATH)"
#elif defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "[ctnn.fast_math] -ffinite-math-only takes away NaN and infinity: build without it"
#elif defined(__ASSOCIATIVE_MATH__)
// The exponential functions round by adding a large number and subtracting it again, in that order.
#error "[ctnn.fast_math] -fassociative-math reorders additions: build without it"
#elif defined(__NO_SIGNED_ZEROS__) || defined(__RECIPROCAL_MATH__)
#error "[ctnn.fast_math] -fno-signed-zeros or -freciprocal-math changes results: build without it"
#elif defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error "[ctnn.fast_math] float arithmetic is wider than float (-mfpmath=387): build without it"
#endif
#endif

// Everything in ctnn lives in an inline namespace of this name. The linker merges inline functions by name,
// so without it a function compiled for AVX-512 in one translation unit could replace the same function in a
// unit built for an older CPU, and an object of one unit could be handed to another that lays it out
// differently. With it the first works and the second does not link.
#if defined(__FMA__) || (defined(_MSC_VER) && defined(__AVX2__)) // Microsoft's compiler has no macro for it
#define CTNN_HAS_FMA 1
#else
#define CTNN_HAS_FMA 0
#endif
// Products of bytes and of bfloat16 decide how small numbers stand in memory: the name says them.
#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && defined(__AVX512VL__) &&       \
    CTNN_HAS_FMA
#if defined(__AVX512VNNI__) && defined(__AVX512BF16__)
#define CTNN_ARCH avx512_vnni_bf16
#define CTNN_HAS_BYTE_PRODUCTS 1
#define CTNN_HAS_BFLOAT16_PRODUCTS 1
#elif defined(__AVX512VNNI__)
#define CTNN_ARCH avx512_vnni
#define CTNN_HAS_BYTE_PRODUCTS 1
#else
#define CTNN_ARCH avx512
#endif
#elif defined(__AVX2__) && CTNN_HAS_FMA && defined(__AVXVNNI__) && !defined(__AVX512F__)
#define CTNN_ARCH avx2_vnni
#define CTNN_HAS_BYTE_PRODUCTS 1
#elif defined(__AVX2__) && CTNN_HAS_FMA
#define CTNN_ARCH avx2
#elif defined(__AVX__)
#define CTNN_ARCH avx
#elif defined(__SSE4_2__)
#define CTNN_ARCH sse4
#elif defined(__SSE2__) || defined(_M_X64)
#define CTNN_ARCH sse2
#elif defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#define CTNN_ARCH neon_dot
#define CTNN_HAS_BYTE_PRODUCTS 1
#elif defined(__aarch64__) || defined(__ARM_NEON) || defined(_M_ARM64)
#define CTNN_ARCH neon
#elif defined(__wasm_simd128__) || (defined(__s390x__) && defined(__VX__) && __ARCH__ >= 12)
#define CTNN_ARCH vector128 // registers that are a type of the compiler's: see simd/portable.hpp
#define CTNN_HAS_VECTOR128 1
#else
#define CTNN_ARCH scalar
#endif
#ifndef CTNN_HAS_BYTE_PRODUCTS
#define CTNN_HAS_BYTE_PRODUCTS 0
#endif
#ifndef CTNN_HAS_BFLOAT16_PRODUCTS
#define CTNN_HAS_BFLOAT16_PRODUCTS 0
#endif
