// SPDX-License-Identifier: BSD-3-Clause
/// The registers of xsimd, or the compiler's own, or one number where there are none, under the same names.
/// The only header that includes xsimd.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include <xsimd/xsimd.hpp>

#include <ctnn/core/arch.hpp>
#include <ctnn/core/mode.hpp>
#if defined(CTNN_HAS_VECTOR128)
#include <ctnn/simd/portable.hpp>
#endif
#include <ctnn/simd/scalar.hpp>

namespace ctnn::inline CTNN_ARCH::simd::detail {

/// One number at a time where there are no vector registers of T: of double, NEON of 32 bits has none.
template <class T>
struct register_of {
    using type = T;
    using mask = bool;
    static constexpr std::size_t width = 1;
};
template <class T>
CTNN_INLINE void load(T& x, const T* p)
{
    x = *p;
}
template <class T>
CTNN_INLINE void store(T* p, T x)
{
    *p = x;
}

/// The operations of xsimd, with one number those of scalar.hpp.
namespace native {
using scalar::abs, scalar::copysign, scalar::divide, scalar::fma, scalar::fnma, scalar::max, scalar::min,
    scalar::scale_by_power, scalar::select, scalar::sqrt;
}

#if !defined(XSIMD_NO_SUPPORTED_ARCHITECTURE)
/// For a T without registers xsimd 8 to 13 name a type that has no operations.
template <class T>
concept has_registers =
    xsimd::types::has_simd_register<T, xsimd::default_arch>::value &&
    requires(typename xsimd::types::simd_register<T, xsimd::default_arch> r) { r.data + r.data; };
template <class T>
    requires has_registers<T>
struct register_of<T> {
    using type = xsimd::batch<T>;
    using mask = typename xsimd::batch<T>::batch_bool_type;
    static constexpr std::size_t width = xsimd::batch<T>::size;
};
template <class T, class A>
CTNN_INLINE void load(xsimd::batch<T, A>& x, const T* p)
{
    x = xsimd::batch<T, A>::load_unaligned(p);
}
template <class T, class A>
CTNN_INLINE void store(T* p, xsimd::batch<T, A> x)
{
    x.store_unaligned(p);
}
namespace native {

template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> fma(xsimd::batch<T, A> a, xsimd::batch<T, A> b, xsimd::batch<T, A> c)
{
    return xsimd::fma(a, b, c);
}
template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> fnma(xsimd::batch<T, A> a, xsimd::batch<T, A> b, xsimd::batch<T, A> c)
{
#if defined(__aarch64__) // xsimd 8.1 rounds the product too
    if constexpr (std::is_same_v<T, float>) return vfmsq_f32(c, a, b);
    else return vfmsq_f64(c, a, b);
#else
    return xsimd::fnma(a, b, c);
#endif
}
template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> select(xsimd::batch_bool<T, A> mask, xsimd::batch<T, A> a,
                                      xsimd::batch<T, A> b)
{
    return xsimd::select(mask, a, b);
}
template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> max(xsimd::batch<T, A> a, xsimd::batch<T, A> b)
{
    return xsimd::max(a, b);
}
template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> min(xsimd::batch<T, A> a, xsimd::batch<T, A> b)
{
    return xsimd::min(a, b);
}
template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> abs(xsimd::batch<T, A> a)
{
    return xsimd::abs(a);
}
template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> sqrt(xsimd::batch<T, A> a)
{
#if defined(__aarch64__) // xsimd 8.1 goes by way of an estimate, as the NEON of 32 bits must
    if constexpr (std::is_same_v<T, float>) return vsqrtq_f32(a);
    else return vsqrtq_f64(a);
#elif defined(__ARM_NEON)
    std::array<T, xsimd::batch<T, A>::size> lanes;
    a.store_unaligned(lanes.data());
    for (T& x : lanes) x = std::sqrt(x);
    return xsimd::batch<T, A>::load_unaligned(lanes.data());
#else
    return xsimd::sqrt(a);
#endif
}
template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> divide(xsimd::batch<T, A> a, xsimd::batch<T, A> b)
{
#if defined(__aarch64__) // the same
    if constexpr (std::is_same_v<T, float>) return vdivq_f32(a, b);
    else return vdivq_f64(a, b);
#else
    return a / b;
#endif
}
template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> copysign(xsimd::batch<T, A> a, xsimd::batch<T, A> s)
{
    return xsimd::bitofsign(s) | xsimd::abs(a);
}
template <class T, class A>
CTNN_INLINE xsimd::batch<T, A> scale_by_power(xsimd::batch<T, A> x, xsimd::batch<T, A> n)
{
    return xsimd::ldexp(x, xsimd::to_int(n));
}

} // namespace native
#endif

#if defined(XSIMD_NO_SUPPORTED_ARCHITECTURE) && defined(CTNN_HAS_VECTOR128)
template <Scalar T>
struct register_of<T> {
    using type = portable::vector_register<T>;
    using mask = portable::mask<T>;
    static constexpr std::size_t width = type::width;
};
using portable::load, portable::store;
namespace native {
using portable::abs, portable::copysign, portable::divide, portable::fma, portable::fnma, portable::max,
    portable::min, portable::scale_by_power, portable::select, portable::sqrt;
}
#endif

} // namespace ctnn::inline CTNN_ARCH::simd::detail
