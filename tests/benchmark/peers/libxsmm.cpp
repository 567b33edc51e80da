// SPDX-License-Identifier: BSD-3-Clause
/// Loops on LIBXSMM, whose kernels are compiled at run time for each size. It reads matrices by columns: a
/// row-major matrix is its transpose.
#include <libxsmm.h>

#include "network.hpp"

namespace benchmarks {

struct libxsmm : loops {
    template <std::size_t M, std::size_t N, std::size_t K, int Flags, std::size_t Ldb>
    static void multiply(float* y, const float* a, const float* b)
    {
        // In LIBXSMM's own order: y(N x M by columns) = a(N x K) * b(K x M).
        static const libxsmm_mmfunction<float> kernel(Flags, N, M, K, N, Ldb, N, 1.F, 0.F);
        kernel(a, b, y);
    }
    template <std::size_t M, std::size_t N, std::size_t K>
    static void nn(float* y, const float* x, const float* w)
    {
        multiply<M, N, K, LIBXSMM_GEMM_FLAG_NONE, K>(y, w, x);
    }
    template <std::size_t M, std::size_t N, std::size_t K>
    static void tn(float* y, const float* x, const float* dy)
    {
        multiply<M, N, K, LIBXSMM_GEMM_FLAG_TRANS_B, M>(y, dy, x);
    }
    /// It has no kernel for this form, so the weight is transposed first.
    template <std::size_t M, std::size_t N, std::size_t K>
    static void nt(float* y, const float* dy, const float* w)
    {
        static array<N * K> transposed;
        libxsmm_otrans(transposed.data(), w, sizeof(float), K, N, K, N);
        multiply<M, N, K, LIBXSMM_GEMM_FLAG_NONE, K>(y, transposed.data(), dy);
    }
};

peer libxsmm_peer()
{
    libxsmm_init();
    return peer_of<libxsmm>("LIBXSMM");
}

} // namespace benchmarks
