// SPDX-License-Identifier: BSD-3-Clause
/// A step of recurrent and convolutional networks on a signal, one number in and one out: Model<Net, Stream>,
/// beside Eigen by hand and RTNeural, which are checked to give the same answers first. Each answer is fed
/// back, so that steps follow each other as they do in an audio callback.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <ctnn/ctnn.hpp>

#include "streams.hpp"

using namespace ctnn;
using namespace benchmarks;

namespace {

template <class Cell, std::size_t H>
using Net = Sequential<Input<64, 1>, Cell, Linear<H, 1>>;
using Convolutions =
    Sequential<Input<64, 1>, Conv1d<1, 16, 3, Causal>, Tanh, Conv1d<16, 16, 3, Causal, Dilation<2>>, Tanh,
               Conv1d<16, 16, 3, Causal, Dilation<4>>, Tanh, Linear<16, 1>>;

/// A WaveNet of three layers: each is a gate of what is before it, adds to that, and to the sum at the end.
template <std::size_t D>
using Gate = Multiply<Sequential<Conv1d<8, 8, 2, Causal, Dilation<D>>, Tanh>,
                      Sequential<Conv1d<8, 8, 2, Causal, Dilation<D>>, Sigmoid>>;
struct SkipSum {
    using way = Conv1d<8, 8, 1>;
    using parts = layer_list<Gate<1>, Gate<2>, Gate<4>, way, Add>;
    static constexpr bool is_branches = true;

    static constexpr std::size_t wire(auto& net, std::size_t x)
    {
        const std::size_t one = net.template add<Gate<1>>(x), skip1 = net.template add<way>(one);
        x = net.template join<Add>(x, net.template add<way>(one));
        const std::size_t two = net.template add<Gate<2>>(x), skip2 = net.template add<way>(two);
        x = net.template join<Add>(x, net.template add<way>(two));
        const std::size_t skip3 = net.template add<way>(net.template add<Gate<4>>(x));
        return net.template join<Add>(net.template join<Add>(skip1, skip2), skip3);
    }
};
using WaveNet = Sequential<Input<64, 1>, Conv1d<1, 8, 1>, SkipSum, ReLU, Conv1d<8, 1, 1>>;

void add(const std::string& name, sample_step step)
{
    benchmark::RegisterBenchmark(name.c_str(), [step = std::move(step)](benchmark::State& state) mutable {
        float x = 0.1F;
        for (auto _ : state) x = 0.1F + 0.3F * step(x);
        benchmark::DoNotOptimize(x);
    });
}

/// Who, and how their network is made of our weights.
using peers = std::vector<std::pair<const char*, sample_step (*)(const float* const*)>>;

/// Ours, and those of the peers that answer the same.
template <class N>
void add_all(const std::string& name, const peers& others)
{
    Generator generator{1};
    const auto model = std::make_shared<Model<N, Stream>>(generator);
    const auto* const block = model->parameter_block();
    // one after the other in the block, each on a cache line; a matrix (In, Out) row by row is one of (Out,
    // In) column by column
    std::vector<const float*> weights;
    std::size_t at = 0;
    model->for_each_parameter([&](auto, auto value) {
        weights.push_back(block + at);
        at += (value.size() + 15) / 16 * 16;
    });
    const auto ours = [model](float x) { return model->step(x)[0]; };
    add("ctnn " + name, ours);
    for (const auto& [who, make] : others) {
        const sample_step theirs = make(weights.data());
        bool same = true;
        model->reset();
        for (int i = 0; i < 100 && same; ++i) {
            const float x = std::sin(static_cast<float>(i)), a = ours(x), b = theirs(x);
            same = std::fabs(a - b) <= 1e-5F;
            if (!same)
                std::printf("%s: step %d is %g, that of %s %g\n", name.c_str(), i, static_cast<double>(a),
                            who, static_cast<double>(b));
        }
        if (same) add(who + (" " + name), make(weights.data()));
    }
    model->reset();
}

} // namespace

int main(int argc, char** argv)
{
    peers lstm16, lstm40, gru, convolutions, wavenet;
#if defined(CTNN_BENCHMARK_EIGEN)
    lstm16.emplace_back("Eigen", [](auto* w) { return eigen_lstm(16, w); });
    lstm40.emplace_back("Eigen", [](auto* w) { return eigen_lstm(40, w); });
    gru.emplace_back("Eigen", eigen_gru);
    convolutions.emplace_back("Eigen", eigen_convolutions);
    wavenet.emplace_back("Eigen", eigen_wavenet);
#endif
#if defined(CTNN_BENCHMARK_RTNEURAL)
    convolutions.emplace_back("RTNeural", rtneural_convolutions);
#endif
    add_all<Net<Lstm<1, 16>, 16>>("LSTM 1-16-1", lstm16);
    add_all<Net<Lstm<1, 40>, 40>>("LSTM 1-40-1", lstm40);
    add_all<Net<Gru<1, 40>, 40>>("GRU 1-40-1", gru);
    add_all<Convolutions>("convolutions 1-16-16-16-1", convolutions);
    add_all<WaveNet>("WaveNet 1-8-8-8-1", wavenet);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
