// SPDX-License-Identifier: BSD-3-Clause
/// The weights of PyTorch's recurrent layers, and the sums that are made with them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include <ctnn/layer/recurrence.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// The weights of PyTorch's recurrent layers: `Sums` sums for each of H units from x, as many from h.
template <std::size_t In_, std::size_t H_, std::size_t Sums, std::size_t Index, direction D>
struct torch_cell {
    static constexpr std::size_t In = In_, H = H_, N = Sums * H;
    static constexpr direction way = D;
    static constexpr std::array own{
        Parameter{with_layer<"weight_ih", Index, D>, {In, N}, 0, layout::transposed},
        Parameter{with_layer<"weight_hh", Index, D>, {H, N}, 0, layout::transposed},
        Parameter{with_layer<"bias_ih", Index, D>, {N}}, Parameter{with_layer<"bias_hh", Index, D>, {N}}};
    static constexpr std::size_t multiply_adds = (In + H) * N;

    /// All uniform in +-1/sqrt(H), in the order of torch.nn.RNNBase.
    template <class S, std::size_t P>
    static void reset(const std::array<std::span<S>, P>& p, Generator& generator)
    {
        const S bound = static_cast<S>(1 / std::sqrt(static_cast<double>(H)));
        for (std::size_t k = 0; k < 2; ++k)
            for (std::size_t o = 0; o < N; ++o)
                for (std::size_t i = 0; i < (k == 0 ? In : H); ++i)
                    p[k][i * N + o] = generator.uniform(-bound, bound);
        for (std::size_t k = 2; k < 4; ++k)
            for (S& b : p[k]) b = generator.uniform(-bound, bound);
    }

    /// Room for either weight turned.
    static constexpr std::size_t turned = N * padded(std::max(In, H));
    template <class S, class P>
    static void turn(S* to, const P& p)
    {
        kernel::transpose_rows<N>(to, p[1].data(), H, padded(H));
    }
    template <class S, class P>
    static void turn_input(S* to, const P& p)
    {
        kernel::transpose_rows<N>(to, p[0].data(), In, padded(In));
    }
};

/// A cell whose gates are its N sums, where those of x and h are added: an Rnn's and an Lstm's.
template <std::size_t In, std::size_t H, std::size_t Sums, std::size_t Index, direction D>
struct summing_cell : torch_cell<In, H, Sums, Index, D> {
    static constexpr std::size_t N = Sums * H, gates = N, scratch = 0;
    static constexpr std::size_t scratch_backward(std::size_t, std::size_t) { return 0; }

    /// gates(rows,N) = x w_ih + b_ih
    template <std::size_t Stride, kernel::chains Chains, class S, class P, class Rows>
    static void read(S* to, const S* x, const P& p, Rows rows)
    {
        kernel::matmul<N, kernel::parts_in<Chains, In, N, S>()>(
            kernel::rows_of<S, N>{to}, kernel::left<S, Stride, 1>{x},
            kernel::rows_of<const S, N>{p[0].data()}, p[2].data(), rows, simd::constant<In>{});
    }
    /// gates += h w_hh + b_hh
    template <kernel::chains Chains, class S, class P, class Rows>
    static void remember(S* to, const S* h, const P& p, Rows rows)
    {
        kernel::matmul<N, kernel::parts_in<Chains, H, N, S>()>(
            kernel::rows_of<S, N>{to}, kernel::left<S, H, 1>{h}, kernel::rows_of<const S, N>{p[1].data()},
            p[3].data(), rows, simd::constant<H>{}, kernel::add_to_result{});
    }
    /// dh of the step before, from the gradients of the sums
    template <class S, class Rows>
    static void remember_backward(S* dh, const S* dgates, const S* turned, Rows rows)
    {
        kernel::matmul<H, 1, S>(kernel::rows_of<S, H>{dh}, kernel::left<S, N, 1>{dgates},
                                kernel::rows_of<const S, padded(H)>{turned}, nullptr, rows,
                                simd::constant<N>{});
    }
    template <write_mode How, class S, class P, class Rows>
    static void gradients(const P& dp, const S* dgates, const S*, const S* x, const S* h, S*, Rows rows)
    {
        kernel::affine_backward_weight<In, N, How>(dp[0].data(), dgates, x, rows);
        kernel::affine_backward_weight<H, N, How>(dp[1].data(), dgates, h, rows);
        kernel::sum_rows<N, How>(dp[2].data(), dgates, rows);
        if constexpr (How == write_mode::set) kernel::copy(dp[3].data(), dp[2].data(), N); // the same sums
        else kernel::sum_rows<N, How>(dp[3].data(), dgates, rows);
    }
    template <write_mode How, std::size_t Stride, class S, class Rows>
    static void input_gradient(S* dx, const S* dgates, const S* turned, Rows rows)
    {
        kernel::matmul<In, 1, S>(kernel::rows_of<S, Stride>{dx}, kernel::left<S, N, 1>{dgates},
                                 kernel::rows_of<const S, padded(In)>{turned}, nullptr, rows,
                                 simd::constant<N>{}, kernel::finish_of<How>{});
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
