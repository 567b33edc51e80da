// SPDX-License-Identifier: BSD-3-Clause
/// Four neighbouring numbers in a register, from which each can be spread over all lanes.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/simd/vec.hpp>

namespace ctnn::inline CTNN_ARCH::simd {

/// Four numbers of an array: `load(p)`, then `spread<I>()` is a register of the I-th. One read instead of
/// four, where the instruction set can spread a number that is in a register already.
template <class T>
struct quad {
    static constexpr bool is_fast = false;
    const T* p;

    CTNN_INLINE static quad load(const T* p) { return {p}; }
    template <std::size_t I>
    [[nodiscard]] CTNN_INLINE vec<T> spread() const
    {
        return vec<T>(p[I]);
    }
};

#if defined(__SSE2__) || defined(__aarch64__)
template <>
struct quad<float> {
    static constexpr bool is_fast = true;
#if defined(__aarch64__)
    using native = float32x4_t;
#else
    using native = typename vec<float>::native::register_type;
#endif
    native v;

    CTNN_INLINE static quad load(const float* p)
    {
#if defined(__AVX512F__)
        return {_mm512_maskz_broadcast_f32x4(0xffff, _mm_loadu_ps(p))};
#elif defined(__AVX__)
        return {_mm256_broadcast_ps(reinterpret_cast<const __m128*>(p))};
#elif defined(__SSE2__)
        return {_mm_loadu_ps(p)};
#else
        return {vld1q_f32(p)};
#endif
    }
    template <std::size_t I>
    [[nodiscard]] CTNN_INLINE vec<float> spread() const
    {
        constexpr int four_times = static_cast<int>(I * 0b01010101);
#if defined(__AVX512F__)
        return {_mm512_maskz_permute_ps(0xffff, v, four_times)};
#elif defined(__AVX__)
        return {_mm256_permute_ps(v, four_times)};
#elif defined(__SSE2__)
        return {_mm_shuffle_ps(v, v, four_times)};
#else
        (void)four_times;
        return {vdupq_laneq_f32(v, I)};
#endif
    }
};
#endif

} // namespace ctnn::inline CTNN_ARCH::simd
