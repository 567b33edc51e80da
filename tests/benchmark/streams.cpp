// SPDX-License-Identifier: BSD-3-Clause
/// A step of recurrent networks on a signal, one number in and one out: Model<Net, Stream>, beside Eigen's by
/// hand, which is checked to give the same answers first. Each answer is fed back, so that steps follow each
/// other as they do in an audio callback.
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include <ctnn/ctnn.hpp>

#include "streams.hpp"

using namespace ctnn;
using namespace benchmarks;

namespace {

template <class Cell, std::size_t H>
using Net = Sequential<Input<64, 1>, Cell, Linear<H, 1>>;

void add(const std::string& name, sample_step step)
{
    benchmark::RegisterBenchmark(name.c_str(), [step = std::move(step)](benchmark::State& state) mutable {
        float x = 0.1F;
        for (auto _ : state) x = 0.1F + 0.3F * step(x);
        benchmark::DoNotOptimize(x);
    });
}

/// Ours and Eigen's, if both answer the same.
template <class N>
void add_both(const std::string& name, sample_step (*peer)(const float* const*))
{
    Generator generator{1};
    const auto model = std::make_shared<Model<N, Stream>>(generator);
    const auto* const block = model->parameter_block();
    // one after the other in the block, each on a cache line; a matrix (In, Out) row by row is one of (Out,
    // In) column by column
    const float* weights[6];
    std::size_t at = 0, k = 0;
    model->for_each_parameter([&](auto, auto value) {
        weights[k++] = block + at;
        at += (value.size() + 15) / 16 * 16;
    });
    const auto ours = [model](float x) { return model->step(x)[0]; };
    add("ctnn " + name, ours);
    if (peer == nullptr) return;
    const sample_step theirs = peer(weights);
    for (int i = 0; i < 100; ++i) {
        const float x = std::sin(static_cast<float>(i)), a = ours(x), b = theirs(x);
        if (!(std::fabs(a - b) <= 1e-5F)) {
            std::printf("%s: step %d is %g, the peer's %g\n", name.c_str(), i, static_cast<double>(a),
                        static_cast<double>(b));
            return;
        }
    }
    model->reset();
    add("Eigen " + name, peer(weights));
}

} // namespace

int main(int argc, char** argv)
{
    sample_step (*small)(const float* const*) = nullptr;
    sample_step (*large)(const float* const*) = nullptr;
    sample_step (*gru)(const float* const*) = nullptr;
#if defined(CTNN_BENCHMARK_EIGEN)
    small = [](const float* const* w) { return eigen_lstm(16, w); };
    large = [](const float* const* w) { return eigen_lstm(40, w); };
    gru = eigen_gru;
#endif
    add_both<Net<Lstm<1, 16>, 16>>("LSTM 1-16-1", small);
    add_both<Net<Lstm<1, 40>, 40>>("LSTM 1-40-1", large);
    add_both<Net<Gru<1, 40>, 40>>("GRU 1-40-1", gru);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
