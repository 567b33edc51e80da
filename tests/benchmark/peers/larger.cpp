// SPDX-License-Identifier: BSD-3-Clause
/// Products by libraries that take any size, one thread.
#include "../larger.hpp"

#if defined(CTNN_BENCHMARK_OPENBLAS)
#include <cblas.h>
#endif
#if defined(CTNN_BENCHMARK_LIBXSMM)
#include <libxsmm.h>
#endif
#if defined(CTNN_BENCHMARK_ONEDNN)
#include <dnnl.h>
#include <omp.h>
#endif

namespace benchmarks {
namespace {

[[maybe_unused]] std::size_t left_stride(const product_shape& s)
{
    return s.left_is_turned ? s.rows : s.depth;
}
[[maybe_unused]] std::size_t right_stride(const product_shape& s)
{
    return s.right_is_turned ? s.depth : s.columns;
}

#if defined(CTNN_BENCHMARK_OPENBLAS)
void openblas(float* y, const float* left, const float* right, const product_shape& s)
{
    const auto turned = [](bool is) { return is ? CblasTrans : CblasNoTrans; };
    const auto n = [](std::size_t size) { return static_cast<blasint>(size); };
    cblas_sgemm(CblasRowMajor, turned(s.left_is_turned), turned(s.right_is_turned), n(s.rows), n(s.columns),
                n(s.depth), 1, left, n(left_stride(s)), right, n(right_stride(s)), 0, y, n(s.columns));
}
#endif
#if defined(CTNN_BENCHMARK_LIBXSMM)
/// Column by column, as BLAS has it in Fortran: the transposed product.
void libxsmm(float* y, const float* left, const float* right, const product_shape& s)
{
    const char of_right = s.right_is_turned ? 'T' : 'N', of_left = s.left_is_turned ? 'T' : 'N';
    const auto n = [](std::size_t size) { return static_cast<libxsmm_blasint>(size); };
    const libxsmm_blasint columns = n(s.columns), rows = n(s.rows), depth = n(s.depth),
                          ldr = n(right_stride(s)), ldl = n(left_stride(s));
    const float one = 1, zero = 0;
    libxsmm_sgemm(&of_right, &of_left, &columns, &rows, &depth, &one, right, &ldr, left, &ldl, &zero, y,
                  &columns);
}
#endif
#if defined(CTNN_BENCHMARK_ONEDNN)
void onednn(float* y, const float* left, const float* right, const product_shape& s)
{
    const auto n = [](std::size_t size) { return static_cast<dnnl_dim_t>(size); };
    omp_set_num_threads(1);
    dnnl_sgemm(s.left_is_turned ? 'T' : 'N', s.right_is_turned ? 'T' : 'N', n(s.rows), n(s.columns),
               n(s.depth), 1, left, n(left_stride(s)), right, n(right_stride(s)), 0, y, n(s.columns));
}
#endif

} // namespace

std::vector<larger_peer> larger_peers()
{
    std::vector<larger_peer> all;
#if defined(CTNN_BENCHMARK_OPENBLAS)
    openblas_set_num_threads(1);
    all.push_back({"OpenBLAS", openblas});
#endif
#if defined(CTNN_BENCHMARK_LIBXSMM)
    all.push_back({"LIBXSMM", libxsmm});
#endif
#if defined(CTNN_BENCHMARK_ONEDNN)
    all.push_back({"oneDNN", onednn});
#endif
    return all;
}

} // namespace benchmarks
