// SPDX-License-Identifier: BSD-3-Clause
/// The affine map and its gradients.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

#include <ctnn/kernel/matmul.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// In how many chains a sum over In is made where single rows must be fast: so many that the multiply-adds of
/// one row of Out numbers hide each other's latency. It depends on the sizes alone, so that the bits of a row
/// do not depend on the number of rows.
template <std::size_t In, std::size_t Out, class T>
constexpr std::size_t parts_of_sum()
{
    constexpr std::size_t columns = (Out + simd::width<T> - 1) / simd::width<T>, in_flight = 8;
    return std::max<std::size_t>(1, std::bit_floor(std::min(in_flight / columns, In / 8)));
}

/// In how many chains sums are made: one, where many rows hide the latency of each other, or what
/// `parts_of_sum` says.
enum class chains { one, many };
template <chains Chains, std::size_t In, std::size_t Out, class T>
constexpr std::size_t parts_in()
{
    return Chains == chains::one ? 1 : parts_of_sum<In, Out, T>();
}

namespace detail {

/// One column: y(rows) = finish(x(rows,In) . w(In) + b), along the registers. Each row by itself, so that its
/// bits do not depend on their number.
template <std::size_t In, class T, class Finish>
[[gnu::flatten]] void affine_to_one(T* y, const T* x, const T* w, const T* b, std::size_t rows, Finish finish)
{
    using V = simd::vec<T>;
    constexpr std::size_t chains = In >= 4 * simd::width<T> ? 4 : In >= 2 * simd::width<T> ? 2 : 1;
    const T start = b != nullptr ? *b : T{0};
    for (std::size_t r = 0; r < rows; ++r, x += In) {
        V sum[chains];
        CTNN_UNROLL
        for (std::size_t c = 0; c < chains; ++c) sum[c] = V(T{0});
        std::size_t i = 0;
        for (; i + chains * simd::width<T> <= In; i += chains * simd::width<T>) {
            CTNN_UNROLL
            for (std::size_t c = 0; c < chains; ++c) {
                const std::size_t at = i + c * simd::width<T>;
                sum[c] = simd::fma(V::load(x + at), V::load(w + at), sum[c]);
            }
        }
        simd::for_each_vec<T>(In - i, [&](std::size_t k, auto place) CTNN_INLINE_LAMBDA {
            sum[0] = simd::fma(place.load(x + i + k), place.load(w + i + k), sum[0]); // past the end 0
        });
        CTNN_UNROLL
        for (std::size_t c = 1; c < chains; ++c) sum[0] = sum[0] + sum[c];
        T lanes[simd::width<T>];
        finish(V(simd::sum(sum[0]) + start)).store(lanes);
        y[r] = lanes[0];
    }
}

} // namespace detail

/// y(rows,Out) = finish(x(rows,In) * w(In,Out) + b(Out)); b may be null.   y : =
///
///   rows : a number, or better a `simd::constant`
template <std::size_t In, std::size_t Out, std::size_t Parts = 1, class T, class Rows,
          class Finish = no_activation>
void affine(T* y, const T* x, const T* w, const T* b, Rows rows, Finish finish = {})
{
    if constexpr (Out == 1 && In >= simd::width<T>) detail::affine_to_one<In>(y, x, w, b, rows, finish);
    else
        matmul<Out, Parts>(rows_of<T, Out>{y}, left<T, In, 1>{x}, rows_of<const T, Out>{w}, b, rows,
                           simd::constant<In>{}, finish);
}

/// The same with rows of w that are Stride apart, each filled up to whole registers.
template <std::size_t In, std::size_t Out, std::size_t Stride, std::size_t Parts = 1, class T, class Rows,
          class Finish = no_activation>
void affine_padded(T* y, const T* x, const T* w, const T* b, Rows rows, Finish finish = {})
{
    matmul<Out, Parts>(rows_of<T, Out>{y}, left<T, In, 1>{x}, padded_rows_of<const T, Stride>{{w}}, b, rows,
                       simd::constant<In>{}, finish);
}

namespace detail {

/// Whether dx = dy w^T is made as (w dy^T)^T: then dy and dx are turned and not w, and the registers run
/// along the rows. Costs in multiply-adds of a register; one that is turned takes as long as some of them.
template <class T>
constexpr bool turns_rows(std::size_t in, std::size_t out, std::size_t rows)
{
    constexpr std::size_t W = simd::width<T>, turned = 5;
    const auto in_registers = [](std::size_t n) { return (n + W - 1) / W; };
    const std::size_t with_w = (rows + turned) * out * in_registers(in),
                      with_rows = (in * out + turned * (in + out)) * in_registers(rows);
    return W > 1 && rows % W == 0 && with_rows < with_w;
}

} // namespace detail

/// The scratch of `affine_backward_input`, for so many rows; in either precision.
template <std::size_t In, std::size_t Out>
constexpr std::size_t affine_scratch(std::size_t rows)
{
    const bool turns = detail::turns_rows<float>(In, Out, rows) || detail::turns_rows<double>(In, Out, rows);
    return std::max(transposed_scratch<In>(Out), turns ? (In + Out) * rows : 0);
}

/// dx(rows,In) = dy(rows,Out) * w(In,Out)^T.   dx : =, or += with write_mode::add;   scratch :
/// `affine_scratch<In, Out>(rows)` numbers
template <std::size_t In, std::size_t Out, write_mode How = write_mode::set, class T, class Rows>
void affine_backward_input(T* dx, T* scratch, const T* dy, const T* w, Rows rows)
{
    if constexpr (requires { requires detail::turns_rows<T>(In, Out, Rows::value); }) {
        constexpr std::size_t count = Rows::value;
        T *const dy_turned = scratch, *const dx_turned = scratch + Out * count;
        transpose_rows<Out>(dy_turned, dy, count, count);
        matmul<count, 1, T>(rows_of<T, count>{dx_turned}, left<T, Out, 1>{w},
                            rows_of<const T, count>{dy_turned}, nullptr, simd::constant<In>{},
                            simd::constant<Out>{});
        transpose_rows<count, count, true, How>(dx, dx_turned, In, In);
    } else {
        matmul<In, 1, T>(rows_of<T, In>{dx}, left<T, Out, 1>{dy}, transpose_of<T, Out>{w, scratch}, nullptr,
                         rows, simd::constant<Out>{}, finish_of<How>{});
    }
}

/// dw(In,Out) = x(rows,In)^T * dy(rows,Out).   dw : =, or += with write_mode::add
template <std::size_t In, std::size_t Out, write_mode How = write_mode::set, class T, class Rows>
void affine_backward_weight(T* dw, const T* dy, const T* x, Rows rows)
{
    matmul<Out, 1, T>(rows_of<T, Out>{dw}, left<T, 1, In>{x}, rows_of<const T, Out>{dy}, nullptr,
                      simd::constant<In>{}, rows, finish_of<How>{});
}

/// w(In,Out) -= rate * x(rows,In)^T * dy(rows,Out), or without a rate w = that product.
template <std::size_t In, std::size_t Out, class T, class Rows>
void affine_descend(T* w, const T* dy, const T* x, Rows rows, const T* rate)
{
    matmul<Out, 1, T>(rows_of<T, Out>{w}, left<T, 1, In>{x}, rows_of<const T, Out>{dy}, nullptr,
                      simd::constant<In>{}, rows, set_or_descend<T>(rate));
}

/// The same three with the weight the other way round, w(Out,In); the forward one takes scratch:
/// `transposed_scratch<Out>(In)`.
template <std::size_t In, std::size_t Out, class T, class Rows, class Finish = no_activation>
void affine_transposed(T* y, T* scratch, const T* x, const T* w, const T* b, Rows rows, Finish finish = {})
{
    matmul<Out>(rows_of<T, Out>{y}, left<T, In, 1>{x}, transpose_of<T, In>{w, scratch}, b, rows,
                simd::constant<In>{}, finish);
}
template <std::size_t In, std::size_t Out, write_mode How = write_mode::set, class T, class Rows>
void affine_transposed_backward_input(T* dx, const T* dy, const T* w, Rows rows)
{
    matmul<In, 1, T>(rows_of<T, In>{dx}, left<T, Out, 1>{dy}, rows_of<const T, In>{w}, nullptr, rows,
                     simd::constant<Out>{}, finish_of<How>{});
}
template <std::size_t In, std::size_t Out, write_mode How = write_mode::set, class T, class Rows>
void affine_transposed_backward_weight(T* dw, const T* dy, const T* x, Rows rows)
{
    matmul<In, 1, T>(rows_of<T, In>{dw}, left<T, 1, Out>{dy}, rows_of<const T, In>{x}, nullptr,
                     simd::constant<Out>{}, rows, finish_of<How>{});
}

} // namespace ctnn::inline CTNN_ARCH::kernel
