// SPDX-License-Identifier: BSD-3-Clause
/// The affine map and its gradients.
#pragma once

#include <cstddef>
#include <type_traits>

#include <ctnn/kernel/matmul.hpp>
#include <ctnn/kernel/transpose.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// y(rows,Out) = x(rows,In) * w(In,Out) + b(Out); b may be null.   y : =
template <std::size_t In, std::size_t Out, class T>
void affine(T* y, const T* x, const T* w, const T* b, std::size_t rows)
{
    matmul<Out>(rows_of<T, Out>{y}, left<T, In, 1>{x}, rows_of<const T, Out>{w}, b, rows, simd::constant<In>{});
}

/// dx(rows,In) = dy(rows,Out) * w(In,Out)^T.   dx : =
///
///   transposed : space for w(In,Out)^T, In * Out numbers
template <std::size_t In, std::size_t Out, class T>
void affine_backward_input(T* dx, T* transposed, const T* dy, const T* w, std::size_t rows)
{
    transpose<In, Out>(transposed, w);
    matmul<In, T>(rows_of<T, In>{dx}, left<T, Out, 1>{dy}, rows_of<const T, In>{transposed}, nullptr, rows, simd::constant<Out>{});
}

/// dw(In,Out) = x(rows,In)^T * dy(rows,Out).   dw : =
template <std::size_t In, std::size_t Out, class T>
void affine_backward_weight(T* dw, const T* dy, const T* x, std::size_t rows)
{
    matmul<Out, T>(rows_of<T, Out>{dw}, left<T, 1, In>{x}, rows_of<const T, Out>{dy}, nullptr, In, rows);
}

} // namespace ctnn::inline CTNN_ARCH::kernel
