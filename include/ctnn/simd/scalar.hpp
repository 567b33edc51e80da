// SPDX-License-Identifier: BSD-3-Clause
/// What stands in for xsimd where the instruction set has no vector registers: the same names for one number
/// at a time.
#pragma once

#include <cmath>
#include <cstddef>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::simd::scalar {

template <class T>
T select(bool mask, T a, T b)
{
    return mask ? a : b;
}
template <class T>
T fma(T a, T b, T c)
{
    // std::fma is a slow function on a CPU without the instruction, and the compiler's choice on one with it
    return a * b + c;
}
template <class T>
T fnma(T a, T b, T c)
{
    return c - a * b;
}
template <class T>
T divide(T a, T b)
{
    return a / b;
}
template <class T>
T max(T a, T b)
{
    return a > b ? a : b;
}
template <class T>
T min(T a, T b)
{
    return a < b ? a : b;
}
template <class T>
T abs(T a)
{
    return std::fabs(a);
}
template <class T>
T sqrt(T a)
{
    return std::sqrt(a);
}
template <class T>
T copysign(T a, T s)
{
    return std::copysign(a, s);
}
template <class T>
T scale_by_power(T x, T n)
{
    return n == n ? std::ldexp(x, static_cast<int>(n)) : n; // NaN is no int
}

} // namespace ctnn::inline CTNN_ARCH::simd::scalar
