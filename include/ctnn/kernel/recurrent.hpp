// SPDX-License-Identifier: BSD-3-Clause
/// What the units of recurrent layers do in one step, number by number, and its gradients.
#pragma once

#include <cstddef>

#include <ctnn/simd/loop.hpp>
#include <ctnn/simd/math.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

namespace detail {

/// f(unit, gate, place) for the H units of each of `rows` rows, a register at once: where its states stand in
/// (rows, H), its first gate in (rows, Gates), and how many of them are there.
template <std::size_t H, std::size_t Gates, class T, class F>
CTNN_INLINE void for_each_unit(std::size_t rows, F f)
{
    for (std::size_t r = 0; r < rows; ++r)
        simd::for_each_vec<T>(H, [&](std::size_t i, auto place)
                                     CTNN_INLINE_LAMBDA { f(r * H + i, r * Gates + i, place); });
}

/// dy s (1 - s) for s = sigmoid(x), and dy (1 - t^2) for t = tanh(x).
template <class T>
CTNN_INLINE simd::vec<T> sigmoid_backward(simd::vec<T> dy, simd::vec<T> s)
{
    return dy * simd::fnma(s, s, s);
}
template <class T>
CTNN_INLINE simd::vec<T> tanh_backward(simd::vec<T> dy, simd::vec<T> t)
{
    return simd::fnma(dy * t, t, dy);
}

} // namespace detail

/// Long short-term memory: i, f, o = sigmoid of their sums, g = tanh of its own; c = f c_before + i g;
/// h = o tanh(c).
///
///   gates : (rows, 4 H): sums of i, f, g, o side by side; what they become is left there
///   h, c  : (rows, H), = ;  c may be c_before
template <std::size_t H, class T>
[[gnu::flatten]] void lstm_step(T* h, T* c, T* gates, const T* c_before, std::size_t rows)
{
    using V = simd::vec<T>;
    detail::for_each_unit<H, 4 * H, T>(
        rows, [&](std::size_t u, std::size_t a, auto place) CTNN_INLINE_LAMBDA {
            T *const gi = gates + a, *const gf = gi + H, *const gg = gf + H, *const go = gg + H;
            const V i = simd::sigmoid(place.load(gi)), f = simd::sigmoid(place.load(gf)),
                    g = simd::tanh(place.load(gg)), o = simd::sigmoid(place.load(go));
            const V now = simd::fma(f, place.load(c_before + u), i * g);
            place.store(c + u, now);
            place.store(h + u, o * simd::tanh(now));
            place.store(gi, i);
            place.store(gf, f);
            place.store(gg, g);
            place.store(go, o);
        });
}
/// Its gradient.
///
///   gates, c, c_before : of that step
///   dgates             : of the four sums, =         dh : of h
///   dc                 : of c, beside what comes through h; becomes that of c_before
template <std::size_t H, class T>
[[gnu::flatten]] void lstm_step_backward(T* dgates, T* dc, const T* dh, const T* gates, const T* c,
                                         const T* c_before, std::size_t rows)
{
    using V = simd::vec<T>;
    detail::for_each_unit<H, 4 * H, T>(
        rows, [&](std::size_t u, std::size_t a, auto place) CTNN_INLINE_LAMBDA {
            const T* const at = gates + a;
            T* const to = dgates + a;
            const V i = place.load(at), f = place.load(at + H), g = place.load(at + 2 * H),
                    o = place.load(at + 3 * H), t = simd::tanh(place.load(c + u)), dy = place.load(dh + u);
            const V dnow = place.load(dc + u) + detail::tanh_backward(dy * o, t);
            place.store(to, detail::sigmoid_backward(dnow * g, i));
            place.store(to + H, detail::sigmoid_backward(dnow * place.load(c_before + u), f));
            place.store(to + 2 * H, detail::tanh_backward(dnow * i, g));
            place.store(to + 3 * H, detail::sigmoid_backward(dy * t, o));
            place.store(dc + u, dnow * f);
        });
}

/// PyTorch's gated recurrent unit: r, z = sigmoid of their sums; n = tanh(what x gives + r (what h gives));
/// h = n + z (h_before - n).
///
///   gates : (rows, 4 H): what x gives n, the sums of r and z, what h gives n. The first three become n, r
///           and z
///   h     : (rows, H), =; may be h_before
template <std::size_t H, class T>
[[gnu::flatten]] void gru_step(T* h, T* gates, const T* h_before, std::size_t rows)
{
    using V = simd::vec<T>;
    detail::for_each_unit<H, 4 * H, T>(
        rows, [&](std::size_t u, std::size_t a, auto place) CTNN_INLINE_LAMBDA {
            T* const at = gates + a;
            const V r = simd::sigmoid(place.load(at + H)), z = simd::sigmoid(place.load(at + 2 * H));
            const V n = simd::tanh(simd::fma(r, place.load(at + 3 * H), place.load(at)));
            place.store(h + u, simd::fma(z, place.load(h_before + u) - n, n));
            place.store(at, n);
            place.store(at + H, r);
            place.store(at + 2 * H, z);
        });
}
/// Its gradient.
///
///   dgates : of the four sums, =
///   dh     : of h; becomes that of h_before, beside what comes through the sums
template <std::size_t H, class T>
[[gnu::flatten]] void gru_step_backward(T* dgates, T* dh, const T* gates, const T* h_before, std::size_t rows)
{
    using V = simd::vec<T>;
    detail::for_each_unit<H, 4 * H, T>(
        rows, [&](std::size_t u, std::size_t a, auto place) CTNN_INLINE_LAMBDA {
            const T* const at = gates + a;
            T* const to = dgates + a;
            const V n = place.load(at), r = place.load(at + H), z = place.load(at + 2 * H),
                    of_h = place.load(at + 3 * H), dy = place.load(dh + u);
            const V dn = detail::tanh_backward(simd::fnma(z, dy, dy), n);
            place.store(to, dn);
            place.store(to + H, detail::sigmoid_backward(dn * of_h, r));
            place.store(to + 2 * H, detail::sigmoid_backward(dy * (place.load(h_before + u) - n), z));
            place.store(to + 3 * H, dn * r);
            place.store(dh + u, dy * z);
        });
}

/// The first form of the gated recurrent unit, whose reset gate acts before the product; in two halves, with
/// the product of `reset` between them: z, r = sigmoid of their sums, reset = r h_before; then n = tanh of
/// its sum, h = h_before + z (n - h_before).
///
///   gates    : (rows, 3 H): sums of z, r and n; what they become is left there
///   reset, h : (rows, H), =; h may be h_before
///   source   : Cho et al. 2014 (arXiv:1406.1078), eq. 5-8, with z the share of the new
template <std::size_t H, class T>
[[gnu::flatten]] void reset_step(T* reset, T* gates, const T* h_before, std::size_t rows)
{
    detail::for_each_unit<H, 3 * H, T>(
        rows, [&](std::size_t u, std::size_t a, auto place) CTNN_INLINE_LAMBDA {
            const auto z = simd::sigmoid(place.load(gates + a)), r = simd::sigmoid(place.load(gates + a + H));
            place.store(reset + u, r * place.load(h_before + u));
            place.store(gates + a, z);
            place.store(gates + a + H, r);
        });
}
template <std::size_t H, class T>
[[gnu::flatten]] void update_step(T* h, T* gates, const T* h_before, std::size_t rows)
{
    detail::for_each_unit<H, 3 * H, T>(
        rows, [&](std::size_t u, std::size_t a, auto place) CTNN_INLINE_LAMBDA {
            const auto n = simd::tanh(place.load(gates + a + 2 * H)), before = place.load(h_before + u);
            place.store(h + u, simd::fma(place.load(gates + a), n - before, before));
            place.store(gates + a + 2 * H, n);
        });
}
/// Their gradients, the second half first.
///
///   dgates : of the three sums, =: those of z and n in the first call, that of r in the second
///   dh     : of h; becomes that of h_before, beside what comes through the sums of z and r
///   dreset : of `reset`, through the sum of n
template <std::size_t H, class T>
[[gnu::flatten]] void update_step_backward(T* dgates, T* dh, const T* gates, const T* h_before,
                                           std::size_t rows)
{
    using V = simd::vec<T>;
    detail::for_each_unit<H, 3 * H, T>(
        rows, [&](std::size_t u, std::size_t a, auto place) CTNN_INLINE_LAMBDA {
            const V z = place.load(gates + a), n = place.load(gates + a + 2 * H), dy = place.load(dh + u);
            place.store(dgates + a, detail::sigmoid_backward(dy * (n - place.load(h_before + u)), z));
            place.store(dgates + a + 2 * H, detail::tanh_backward(dy * z, n));
            place.store(dh + u, simd::fnma(z, dy, dy));
        });
}
template <std::size_t H, class T>
[[gnu::flatten]] void reset_step_backward(T* dgates, T* dh, const T* dreset, const T* gates,
                                          const T* h_before, std::size_t rows)
{
    using V = simd::vec<T>;
    detail::for_each_unit<H, 3 * H, T>(
        rows, [&](std::size_t u, std::size_t a, auto place) CTNN_INLINE_LAMBDA {
            const V r = place.load(gates + a + H), d = place.load(dreset + u);
            place.store(dgates + a + H, detail::sigmoid_backward(d * place.load(h_before + u), r));
            place.store(dh + u, simd::fma(d, r, place.load(dh + u)));
        });
}

/// y(rows,H) = r h_before, with r from gates (rows, 3 H) of z, r and n.   y : =
template <std::size_t H, class T>
[[gnu::flatten]] void reset_states(T* y, const T* gates, const T* h_before, std::size_t rows)
{
    detail::for_each_unit<H, 3 * H, T>(
        rows, [&](std::size_t u, std::size_t a, auto place) CTNN_INLINE_LAMBDA {
            place.store(y + u, place.load(gates + a + H) * place.load(h_before + u));
        });
}

} // namespace ctnn::inline CTNN_ARCH::kernel
