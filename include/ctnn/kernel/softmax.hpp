// SPDX-License-Identifier: BSD-3-Clause
/// Softmax and cross entropy, stable for every finite input.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/math.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// The largest of x(n), n >= 1. Where x holds NaN it may be any of them: what follows makes NaN of it,
/// because e^(NaN - largest) is.
template <class T>
[[gnu::flatten]] T largest(const T* x, std::size_t n)
{
    using V = simd::vec<T>;
    constexpr std::size_t W = simd::width<T>;
    if (n < W) return simd::largest(simd::load_first_or(V(x[0]), x, n));
    V best = V::load(x + (n - W)); // the last whole register, which may overlap the ones before it
    for (std::size_t i = 0; i + W <= n; i += W) best = simd::max(best, V::load(x + i));
    return simd::largest(best);
}

/// y(n) = e^(x(n) - largest), and returns their sum.   y : =, may be x
template <class T>
[[gnu::flatten]] T shifted_exp(T* y, const T* x, T largest_x, std::size_t n)
{
    using V = simd::vec<T>;
    const V shift(largest_x);
    V sum(T{0});
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        const V e = simd::exp(place.load(x + i) - shift);
        place.store(y + i, e);
        sum = sum + place.only(e);
    });
    return simd::sum(sum);
}

/// y(n) = softmax of x(n): e^x over its sum. +inf or NaN anywhere makes all NaN.   y : =, may be x
template <class T>
[[gnu::flatten]] void softmax(T* y, const T* x, std::size_t n)
{
    using V = simd::vec<T>;
    const V scale(T{1} / shifted_exp(y, x, largest(x, n), n));
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place)
                                 CTNN_INLINE_LAMBDA { place.store(y + i, place.load(y + i) * scale); });
}

/// y(n) = log softmax of x(n) = x - largest - log(sum of e^(x - largest)). Finite for every finite x: what
/// would be below the lowest number is that number.   y : =, may not be x
template <class T>
[[gnu::flatten]] void log_softmax(T* y, const T* x, std::size_t n)
{
    using V = simd::vec<T>;
    const T most = largest(x, n);
    const V shift(most), log_sum(std::log(shifted_exp(y, x, most, n)));
    const V lowest(std::numeric_limits<T>::lowest());
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        const V in = place.load(x + i), out = in - shift - log_sum;
        place.store(y + i, simd::select<T>(out < lowest, simd::select<T>(in < lowest, in, lowest), out));
    });
}

/// dx(n) = y(n) * (dy(n) - sum of dy y), for y = softmax(x).   dx : =, may be dy
template <class T>
[[gnu::flatten]] void softmax_backward(T* dx, const T* dy, const T* y, std::size_t n)
{
    using V = simd::vec<T>;
    V sum(T{0});
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        sum = simd::fma(place.load(dy + i), place.load(y + i), sum); // past the end both are 0
    });
    const V mean(simd::sum(sum));
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        place.store(dx + i, place.load(y + i) * (place.load(dy + i) - mean));
    });
}

/// dx(n) = dy(n) - e^y(n) * sum of dy, for y = log_softmax(x).   dx : =, may be dy
template <class T>
[[gnu::flatten]] void log_softmax_backward(T* dx, const T* dy, const T* y, std::size_t n)
{
    using V = simd::vec<T>;
    V sum(T{0});
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place)
                                 CTNN_INLINE_LAMBDA { sum = sum + place.load(dy + i); });
    const V all(simd::sum(sum));
    simd::for_each_vec<T>(n, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
        place.store(dx + i, simd::fnma(simd::exp(place.load(y + i)), all, place.load(dy + i)));
    });
}

/// A mean or sum of losses of finite numbers as T, which is finite too.
template <class T>
T finite_loss(double loss)
{
    constexpr auto most = static_cast<double>(std::numeric_limits<T>::max());
    return std::isfinite(loss) && loss > most ? std::numeric_limits<T>::max() : static_cast<T>(loss);
}

namespace detail {

/// dx(n) = e^(x(n) - largest) share / their sum, for the n of N registers, which are read and written once.
///   returns the sum
template <std::size_t N, class T>
CTNN_INLINE T shares_of_row(T* dx, const T* x, T most, T share, std::size_t n)
{
    using V = simd::vec<T>;
    constexpr std::size_t W = simd::width<T>;
    const simd::part<T> last{n - (N - 1) * W};
    V e[N], all(T{0});
    CTNN_UNROLL
    for (std::size_t i = 0; i < N; ++i) {
        const T* const at = x + i * W;
        e[i] = simd::exp((i + 1 < N ? V::load(at) : last.load(at)) - V(most));
        all = all + (i + 1 < N ? e[i] : last.only(e[i]));
    }
    const T sum = simd::sum(all);
    const V scale(share / sum);
    CTNN_UNROLL
    for (std::size_t i = 0; i < N; ++i) {
        if (i + 1 < N) (e[i] * scale).store(dx + i * W);
        else last.store(dx + i * W, e[i] * scale);
    }
    return sum;
}

} // namespace detail

/// Mean over rows of -log softmax(x(rows,C))[target], and its gradient.
///
///   dx : =, (softmax(x) - one_hot(target)) / rows
///   targets : (rows), each in 0..C-1
///   returns the loss, summed over rows in double; finite for every finite x
///   method  : a row's sum of e^(x - largest) is from 1 to C, so the product of many of them is a double, and
///             one logarithm does
template <class T, class Id>
[[gnu::flatten]] T softmax_cross_entropy(T* dx, const T* x, const Id* targets, std::size_t rows,
                                         std::size_t C)
{
    using V = simd::vec<T>;
    const T share = T{1} / static_cast<T>(rows);
    double loss = 0, product = 1;
    for (std::size_t r = 0; r < rows; ++r, x += C, dx += C) {
        const auto target = static_cast<std::size_t>(targets[r]);
        const T most = largest(x, C);
        constexpr std::size_t W = simd::width<T>;
        const T sum = [&] {
            if (C <= W) return detail::shares_of_row<1>(dx, x, most, share, C);
            if (C <= 2 * W) return detail::shares_of_row<2>(dx, x, most, share, C);
            const T all = shifted_exp(dx, x, most, C);
            const V scale(share / all);
            simd::for_each_vec<T>(C, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
                place.store(dx + i, place.load(dx + i) * scale);
            });
            return all;
        }();
        loss += static_cast<double>(most) - static_cast<double>(x[target]);
        product *= static_cast<double>(sum);
        // far enough from the largest double for one more factor; NaN goes into the loss
        if (!(product < 1e200)) {
            loss += std::log(product);
            product = 1;
        }
    }
    // Now, because reading back one number of a register that has just been stored would wait for the store.
    dx -= rows * C;
    for (std::size_t r = 0; r < rows; ++r) dx[r * C + static_cast<std::size_t>(targets[r])] -= share;
    return finite_loss<T>((loss + std::log(product)) / static_cast<double>(rows));
}

/// The cross entropy of one row against weights of its classes, w = q + hot * one_hot(target): the sum of
/// -w log softmax(x), and its gradient.
///
///   dx : =, scale * (softmax(x) * sum(w) - w)
///   q  : (C), or null for zeros; its sum is q_sum
///   returns the loss without scale; finite for every finite x
template <class T>
[[gnu::flatten]] double cross_entropy_row(T* dx, const T* x, const T* q, double q_sum, double hot,
                                          std::size_t target, double scale, std::size_t C)
{
    using V = simd::vec<T>;
    const T most = largest(x, C);
    const T sum = shifted_exp(dx, x, most, C);
    const double all = q_sum + hot;
    double loss = all * std::log(static_cast<double>(sum));
    if (hot != 0) loss += hot * (static_cast<double>(most) - static_cast<double>(x[target]));
    const V share(static_cast<T>(scale * all / static_cast<double>(sum))), factor(static_cast<T>(scale));
    if (q == nullptr) {
        simd::for_each_vec<T>(C, [&](std::size_t i, auto place)
                                     CTNN_INLINE_LAMBDA { place.store(dx + i, place.load(dx + i) * share); });
    } else {
        V below(T{0}); // the sum of q * (most - x), all of one sign
        const V top(most);
        simd::for_each_vec<T>(C, [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
            const V w = place.load(q + i);
            below = below + place.only(w * (top - place.load(x + i)));
            place.store(dx + i, simd::fnma(factor, w, place.load(dx + i) * share));
        });
        double rest = static_cast<double>(simd::sum(below));
        if (!std::isfinite(rest)) { // differences of finite numbers may be over the largest T
            rest = 0;
            for (std::size_t i = 0; i < C; ++i)
                rest += static_cast<double>(q[i]) * (static_cast<double>(most) - static_cast<double>(x[i]));
        }
        loss += rest;
    }
    if (hot != 0) dx[target] -= static_cast<T>(scale * hot);
    return loss;
}

} // namespace ctnn::inline CTNN_ARCH::kernel
