// SPDX-License-Identifier: BSD-3-Clause
/// RTNeural's static model, on Eigen.
#include <memory>
#include <vector>

#include <RTNeural/RTNeural.h>

#include "../streams.hpp"

namespace benchmarks {

namespace {

using network = RTNeural::ModelT<float, 1, 1, RTNeural::Conv1DT<float, 1, 16, 3, 1>,
                                 RTNeural::TanhActivationT<float, 16>, RTNeural::Conv1DT<float, 16, 16, 3, 2>,
                                 RTNeural::TanhActivationT<float, 16>, RTNeural::Conv1DT<float, 16, 16, 3, 4>,
                                 RTNeural::TanhActivationT<float, 16>, RTNeural::DenseT<float, 16, 1>>;

template <int At>
void set_convolution(network& net, int in, const float* const*& from)
{
    std::vector<std::vector<std::vector<float>>> w(16, std::vector(in, std::vector<float>(3)));
    for (int o = 0; o < 16; ++o)
        for (int i = 0; i < in; ++i)
            for (int k = 0; k < 3; ++k) w[o][i][k] = from[0][(i * 3 + 2 - k) * 16 + o]; // the newest first
    net.get<At>().setWeights(w);
    net.get<At>().setBias({from[1], from[1] + 16});
    from += 2;
}

} // namespace

sample_step rtneural_convolutions(const float* const* from)
{
    const auto net = std::make_shared<network>();
    set_convolution<0>(*net, 1, from);
    set_convolution<2>(*net, 16, from);
    set_convolution<4>(*net, 16, from);
    net->get<6>().setWeights(std::vector<std::vector<float>>{{from[0], from[0] + 16}});
    net->get<6>().setBias(from[1]);
    net->reset();
    return [net](float x) { return net->forward(&x); };
}

} // namespace benchmarks
