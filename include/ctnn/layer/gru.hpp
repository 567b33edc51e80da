// SPDX-License-Identifier: BSD-3-Clause
/// The gated recurrent unit.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <ctnn/kernel/recurrent.hpp>
#include <ctnn/layer/torch_cell.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// Gates: what x gives n, the sums of r and z, what h gives n. So the product of h, and the weights' own
/// order r, z, n, are each one stretch.
template <std::size_t In, std::size_t H, std::size_t Index, direction D>
struct gru_cell : torch_cell<In, H, 3, Index, D> {
    using base = torch_cell<In, H, 3, Index, D>;
    static constexpr bool has_cell = false;
    static constexpr std::size_t N = 3 * H, gates = 4 * H, scratch = 0;
    static constexpr std::size_t scratch_backward(std::size_t, std::size_t) { return 0; }
    template <bool LearnsStart>
    static constexpr auto parameters =
        with_start<LearnsStart>(base::own, {Parameter{with_layer<"start", Index, D>, {1, H}}});

    template <std::size_t Stride, kernel::chains Chains, class S, class P, class Rows>
    static void read(S* to, const S* x, const P& p, Rows rows)
    {
        const kernel::left<S, Stride, 1> a{x};
        constexpr std::size_t parts = kernel::parts_in<Chains, In, N, S>();
        kernel::matmul<2 * H, parts>(kernel::rows_of<S, gates>{to + H}, a,
                                     kernel::rows_of<const S, N>{p[0].data()}, p[2].data(), rows,
                                     simd::constant<In>{});
        kernel::matmul<H, parts>(kernel::rows_of<S, gates>{to}, a,
                                 kernel::rows_of<const S, N>{p[0].data() + 2 * H}, p[2].data() + 2 * H, rows,
                                 simd::constant<In>{});
        for (std::size_t r = 0; r < rows; ++r) std::fill_n(to + r * gates + 3 * H, H, S{0});
    }
    template <kernel::chains Chains, class S, class P, class Rows>
    static void step(recurrent_state<S> to, S* sums, recurrent_state<const S> from, const P& p, S*, Rows rows)
    {
        kernel::matmul<N, kernel::parts_in<Chains, H, N, S>()>(
            kernel::rows_of<S, gates>{sums + H}, kernel::left<S, H, 1>{from.h},
            kernel::rows_of<const S, N>{p[1].data()}, p[3].data(), rows, simd::constant<H>{},
            kernel::add_to_result{});
        kernel::gru_step<H>(to.h, sums, from.h, rows);
    }

    template <class S, class Rows>
    static void step_backward(S* dgates, recurrent_state<S> d, const S* kept, recurrent_state<S>,
                              recurrent_state<S> before, const S* turned, S*, Rows rows)
    {
        kernel::gru_step_backward<H>(dgates, d.h, kept, static_cast<const S*>(before.h), rows);
        kernel::matmul<H, 1, S>(kernel::rows_of<S, H>{d.h}, kernel::left<S, gates, 1>{dgates + H},
                                kernel::rows_of<const S, padded(H)>{turned}, nullptr, rows,
                                simd::constant<N>{}, kernel::add_to_result{});
    }
    template <write_mode How, class S, class P, class Rows>
    static void gradients(const P& dp, const S* dgates, const S*, const S* x, const S* h, S*, Rows rows)
    {
        using kernel::finish_of;
        const kernel::left<S, 1, In> from_x{x};
        kernel::matmul<2 * H, 1, S>(kernel::rows_of<S, N>{dp[0].data()}, from_x,
                                    kernel::rows_of<const S, gates>{dgates + H}, nullptr,
                                    simd::constant<In>{}, rows, finish_of<How>{});
        kernel::matmul<H, 1, S>(kernel::rows_of<S, N>{dp[0].data() + 2 * H}, from_x,
                                kernel::rows_of<const S, gates>{dgates}, nullptr, simd::constant<In>{}, rows,
                                finish_of<How>{});
        kernel::matmul<N, 1, S>(kernel::rows_of<S, N>{dp[1].data()}, kernel::left<S, 1, H>{h},
                                kernel::rows_of<const S, gates>{dgates + H}, nullptr, simd::constant<H>{},
                                rows, finish_of<How>{});
        kernel::sum_rows<2 * H, How, gates>(dp[2].data(), dgates + H, rows);
        kernel::sum_rows<H, How, gates>(dp[2].data() + 2 * H, dgates, rows);
        kernel::sum_rows<N, How, gates>(dp[3].data(), dgates + H, rows);
    }
    template <write_mode How, std::size_t Stride, class S, class Rows>
    static void input_gradient(S* dx, const S* dgates, const S* turned, Rows rows)
    {
        kernel::matmul<In, 1, S>(kernel::rows_of<S, Stride>{dx}, kernel::left<S, gates, 1>{dgates + H},
                                 kernel::rows_of<const S, padded(In)>{turned}, nullptr, rows,
                                 simd::constant<2 * H>{}, kernel::finish_of<How>{});
        kernel::matmul<In, 1, S>(kernel::rows_of<S, Stride>{dx}, kernel::left<S, gates, 1>{dgates},
                                 kernel::rows_of<const S, padded(In)>{turned + 2 * H * padded(In)}, nullptr,
                                 rows, simd::constant<H>{}, kernel::add_to_result{});
    }
    static std::string name() { return recurrent_name("Gru", In, H); }
    static constexpr std::string_view embedded = "gru";
};

struct gru_kind {
    template <std::size_t In, std::size_t H, std::size_t Index, direction D, class...>
    using cell = gru_cell<In, H, Index, D>;
};

} // namespace detail

/// The gated recurrent unit, PyTorch's: r, z = sigmoid(x W_ih + b_ih + h W_hh + b_hh), of each its part;
/// n = tanh(x W_ih + b_ih + r (h W_hh + b_hh)), h = (1 - z) n + z h. `Gru<27, 64>`, `Gru<27, 64, Layers<2>>`;
/// with a LastStep after it only the last h goes on. The reset gate acts after the product; see ConcatGru for
/// the other kind.
///
///   x         : (T, In)        y : (T, H), every h
///   weight_ih : (In, 3 H)      weight_hh : (H, 3 H)      bias_ih, bias_hh : (3 H), in the order r, z, n;
///               with "_l0" after the name, the layer's number. Files have the weights' transposes
///   options   : Layers<N>, LearntStart
///   backward  : through all T steps; dx and the parameters' gradients are set or added to
///   reset     : uniform in +-1/sqrt(H), in the order of torch.nn.GRU
///   errors    : [ctnn.shape] x is not (T, In)
///   cost      : 3 T (In + H) H multiply-adds; no allocation. Training keeps x, gates and states of every
///               step
///   source    : Cho et al. 2014 (arXiv:1406.1078); torch.nn.GRU(batch_first=True)
template <std::size_t In, std::size_t H, class... Options>
struct Gru : detail::recurrent_stack<detail::gru_kind, In, H, Options...> {};

} // namespace ctnn::inline CTNN_ARCH
