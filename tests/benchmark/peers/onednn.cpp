// SPDX-License-Identifier: BSD-3-Clause
/// Convolutions of oneDNN, with one thread, its layouts, and no reordering inside of what is timed.
#include <memory>
#include <numeric>
#include <unordered_map>
#include <vector>

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "../convolutions.hpp"

namespace benchmarks {

convolution_passes onednn_convolution(const convolution_size& size, double& check)
{
    using namespace dnnl;
    using tag = memory::format_tag;
    omp_set_num_threads(1);
    const engine cpu(engine::kind::cpu, 0);
    const stream work(cpu);
    const auto b = static_cast<memory::dim>(size.batch), s = static_cast<memory::dim>(size.side),
               c = static_cast<memory::dim>(size.channels);
    const auto any = [](memory::dims dims) { return memory::desc(dims, memory::data_type::f32, tag::any); };
    const memory::desc picture = any({b, c, s, s}), weights = any({c, c, 3, 3}),
                       bias({c}, memory::data_type::f32, tag::x);
    const memory::dims one{1, 1};
    const convolution_forward::primitive_desc forward({prop_kind::forward_training,
                                                       algorithm::convolution_direct, picture, weights, bias,
                                                       picture, one, one, one},
                                                      cpu);
    const convolution_backward_data::primitive_desc of_x(
        {algorithm::convolution_direct, picture, weights, picture, one, one, one}, cpu, forward);
    const convolution_backward_weights::primitive_desc of_w(
        {algorithm::convolution_direct, picture, weights, bias, picture, one, one, one}, cpu, forward);
    const auto made = [&](const memory::desc& desc, float value) {
        memory m(desc, cpu);
        auto* const data = static_cast<float*>(m.get_data_handle());
        std::fill_n(data, desc.get_size() / sizeof(float), value);
        return m;
    };
    const memory x = made(forward.src_desc(), 0.5F), w = made(forward.weights_desc(), 0.25F),
                 bias_of = made(bias, 0), y = made(forward.dst_desc(), 0), dx = made(of_x.diff_src_desc(), 0),
                 dy_for_x = made(of_x.diff_dst_desc(), 0.1F), w_for_x = made(of_x.weights_desc(), 0.25F),
                 dw = made(of_w.diff_weights_desc(), 0), db = made(of_w.diff_bias_desc(), 0),
                 dy_for_w = made(of_w.diff_dst_desc(), 0.1F), x_for_w = made(of_w.src_desc(), 0.5F);
    const convolution_forward run_forward(forward);
    const convolution_backward_data run_x(of_x);
    const convolution_backward_weights run_w(of_w);
    const auto run = [=]() mutable {
        run_forward.execute(
            work, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_BIAS, bias_of}, {DNNL_ARG_DST, y}});
        stream(work).wait();
    };
    auto first = run;
    first();
    const auto* const numbers = static_cast<const float*>(y.get_data_handle());
    check = std::accumulate(numbers, numbers + y.get_desc().get_size() / sizeof(float), 0.0);
    return {run, [=]() mutable {
                run_x.execute(
                    work,
                    {{DNNL_ARG_DIFF_DST, dy_for_x}, {DNNL_ARG_WEIGHTS, w_for_x}, {DNNL_ARG_DIFF_SRC, dx}});
                run_w.execute(work, {{DNNL_ARG_SRC, x_for_w},
                                     {DNNL_ARG_DIFF_DST, dy_for_w},
                                     {DNNL_ARG_DIFF_WEIGHTS, dw},
                                     {DNNL_ARG_DIFF_BIAS, db}});
                stream(work).wait();
            }};
}

} // namespace benchmarks
