// SPDX-License-Identifier: BSD-3-Clause
/// Convolutions of 3 x 3 forward and backward, 16 to 64 channels, beside oneDNN's, which is checked to give
/// the same sum first.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include <ctnn/ctnn.hpp>

#include "convolutions.hpp"
#include "rate.hpp"

using namespace ctnn;
using namespace benchmarks;

namespace {

constexpr std::size_t batch = 32;

template <std::size_t Side, std::size_t C>
void add_size()
{
    using Net = Sequential<Input<Side, Side, C>, Conv2d<C, C, 3, Same>>;
    const auto model = std::make_shared<Model<Net, Train<batch, RetainGradients>>>();
    const auto x = std::make_shared<xt::xtensor<float, 4>>(std::array<std::size_t, 4>{batch, Side, Side, C},
                                                           0.5F),
               dy = std::make_shared<xt::xtensor<float, 4>>(std::array<std::size_t, 4>{batch, Side, Side, C},
                                                            0.1F);
    model->for_each_parameter([](auto name, auto value, auto) {
        for (std::size_t i = 0; i < value.size(); ++i)
            value.data()[i] = name.ends_with("weight") ? 0.25F : 0.F;
    });
    const std::string size =
        std::to_string(C) + " channels, " + std::to_string(Side) + " x " + std::to_string(Side);
    const double products = static_cast<double>(batch * Side * Side * C * C * 9);
    add("ctnn forward, " + size, products, [=] { benchmark::DoNotOptimize(model->forward(*x).data()); });
    (void)model->forward(*x);
    [[maybe_unused]] double sum = 0;
    for (const float e : model->forward(*x)) sum += static_cast<double>(e);
    add("ctnn backward, " + size, 2 * products, [=] { model->backward(*dy); });
#if defined(CTNN_BENCHMARK_ONEDNN)
    double theirs = 0;
    const convolution_passes peer = onednn_convolution({batch, Side, C}, theirs);
    if (!(std::fabs(sum - theirs) <= 1e-5 * sum)) {
        std::printf("%s: our sum is %g, oneDNN's %g\n", size.c_str(), sum, theirs);
        return;
    }
    add("oneDNN forward, " + size, products, peer.forward);
    add("oneDNN backward, " + size, 2 * products, peer.backward);
#endif
}

} // namespace

int main(int argc, char** argv)
{
    add_size<28, 16>();
    add_size<28, 32>();
    add_size<28, 64>();
    add_size<14, 16>();
    add_size<14, 32>();
    add_size<14, 64>();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
