// SPDX-License-Identifier: BSD-3-Clause
/// A register of 128 bits on the vectors that g++ and clang know as types, for instruction sets that have
/// such
/// registers and that xsimd does not know: WebAssembly's, that of z14.
#pragma once
#if defined(__GNUC__)

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include <ctnn/core/arch.hpp>
#include <ctnn/core/bits.hpp>

namespace ctnn::inline CTNN_ARCH::simd::portable {

template <class T>
using word = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
/// A class of its own, because g++ takes the attribute of a type that is not known yet for none.
template <class T>
struct vector_of {
    typedef T type __attribute__((vector_size(16)));
};
/// -1 in a lane that is true, 0 in one that is not.
template <class T>
using mask = typename vector_of<word<T>>::type;

template <class T>
struct vector_register {
    using register_type = typename vector_of<T>::type;
    static constexpr std::size_t width = 16 / sizeof(T);
    register_type v;

    vector_register() = default;
    CTNN_INLINE vector_register(register_type x) : v(x) {}
    CTNN_INLINE explicit vector_register(mask<T> bits) : v(ctnn::detail::bit_cast<register_type>(bits)) {}
    CTNN_INLINE vector_register(T x)
    {
        CTNN_UNROLL
        for (std::size_t i = 0; i < width; ++i) v[i] = x;
    }
    CTNN_INLINE operator register_type() const { return v; }
    [[nodiscard]] CTNN_INLINE mask<T> bits() const { return ctnn::detail::bit_cast<mask<T>>(v); }

    CTNN_INLINE friend vector_register operator+(vector_register a, vector_register b) { return a.v + b.v; }
    CTNN_INLINE friend vector_register operator-(vector_register a, vector_register b) { return a.v - b.v; }
    CTNN_INLINE friend vector_register operator*(vector_register a, vector_register b) { return a.v * b.v; }
    CTNN_INLINE friend vector_register operator&(vector_register a, vector_register b)
    {
        return vector_register(a.bits() & b.bits());
    }
    CTNN_INLINE friend mask<T> operator<(vector_register a, vector_register b)
    {
        return ctnn::detail::bit_cast<mask<T>>(a.v < b.v);
    }
    CTNN_INLINE friend mask<T> operator>(vector_register a, vector_register b) { return b < a; }
};

template <class T>
CTNN_INLINE void load(vector_register<T>& x, const T* p)
{
    std::memcpy(&x.v, p, sizeof(x.v));
}
template <class T>
CTNN_INLINE void store(T* p, vector_register<T> x)
{
    std::memcpy(p, &x.v, sizeof(x.v));
}
template <class T>
CTNN_INLINE vector_register<T> select(mask<T> m, vector_register<T> a, vector_register<T> b)
{
    return vector_register<T>((a.bits() & m) | (b.bits() & ~m));
}
template <class T>
CTNN_INLINE vector_register<T> fma(vector_register<T> a, vector_register<T> b, vector_register<T> c)
{
    return a * b + c;
}
template <class T>
CTNN_INLINE vector_register<T> fnma(vector_register<T> a, vector_register<T> b, vector_register<T> c)
{
    return c - a * b;
}
template <class T>
CTNN_INLINE vector_register<T> divide(vector_register<T> a, vector_register<T> b)
{
    return a.v / b.v;
}
template <class T>
CTNN_INLINE vector_register<T> max(vector_register<T> a, vector_register<T> b)
{
    return select(a > b, a, b);
}
template <class T>
CTNN_INLINE vector_register<T> min(vector_register<T> a, vector_register<T> b)
{
    return select(a < b, a, b);
}
/// The bit of the sign alone.
template <class T>
inline constexpr word<T> sign_bit =
    static_cast<word<T>>(std::make_unsigned_t<word<T>>{1} << (8 * sizeof(T) - 1));
template <class T>
CTNN_INLINE vector_register<T> abs(vector_register<T> a)
{
    return vector_register<T>(a.bits() & ~sign_bit<T>);
}
template <class T>
CTNN_INLINE vector_register<T> copysign(vector_register<T> a, vector_register<T> s)
{
    return vector_register<T>((a.bits() & ~sign_bit<T>) | (s.bits() & sign_bit<T>));
}
template <class T>
CTNN_INLINE vector_register<T> sqrt(vector_register<T> a)
{
    CTNN_UNROLL
    for (std::size_t i = 0; i < vector_register<T>::width; ++i) a.v[i] = std::sqrt(a.v[i]);
    return a;
}
template <class T>
CTNN_INLINE vector_register<T> scale_by_power(vector_register<T> x, vector_register<T> n)
{
    constexpr int mantissa = sizeof(T) == 4 ? 23 : 52, bias = sizeof(T) == 4 ? 127 : 1023;
    return x * vector_register<T>((__builtin_convertvector(n.v, mask<T>) + bias) << mantissa);
}

} // namespace ctnn::inline CTNN_ARCH::simd::portable
#endif
