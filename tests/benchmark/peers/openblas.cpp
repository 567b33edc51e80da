// SPDX-License-Identifier: BSD-3-Clause
/// Loops on OpenBLAS, one thread.
#include <cblas.h>

#include "network.hpp"

namespace benchmarks {

struct openblas : loops {
    template <std::size_t M, std::size_t N, std::size_t K>
    static void nn(float* y, const float* x, const float* w)
    {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, M, N, K, 1, x, K, w, N, 0, y, N);
    }
    template <std::size_t M, std::size_t N, std::size_t K>
    static void tn(float* y, const float* x, const float* dy)
    {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, M, N, K, 1, x, M, dy, N, 0, y, N);
    }
    template <std::size_t M, std::size_t N, std::size_t K>
    static void nt(float* y, const float* dy, const float* w)
    {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, M, N, K, 1, dy, K, w, K, 0, y, N);
    }
};

peer openblas_peer()
{
    openblas_set_num_threads(1);
    return peer_of<openblas>("OpenBLAS");
}

} // namespace benchmarks
