// SPDX-License-Identifier: BSD-3-Clause
#include "networks.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <span>

#include <ctnn/ctnn.hpp>
#include <ctnn/io/export_header.hpp>

#include "amplifier.hpp"

using namespace ctnn;

namespace {

/// Sequences of T samples; a stream takes one after the other, for ever.
constexpr std::size_t T = 512, batch = 32, block = 64;
using Recurrent = Sequential<Input<T, 1>, Lstm<1, 16>, Linear<16, 1>>;
template <std::size_t D>
using Dilated = Sequential<Conv1d<16, 16, 3, Causal, Dilation<D>>, Tanh>;
using Convolutional = Sequential<Input<T, 1>, Conv1d<1, 16, 3, Causal>, Tanh, Dilated<2>, Dilated<4>,
                                 Dilated<8>, Dilated<16>, Dilated<32>, Linear<16, 1>>;

/// Trained on pieces of chance of the signal.
template <class Net>
Model<Net, Train<batch>> trained(const char* name, const Signal& signal, std::size_t steps,
                                 Generator& generator)
{
    Model<Net, Train<batch>> model{generator};
    AdamW adam_w{model, {.learning_rate = 5e-3, .weight_decay = 0}};
    MeanSquaredError criterion;
    const CosineAnnealing cosine{5e-3, steps};
    xt::xtensor<float, 3> x({batch, T, 1}), y({batch, T, 1});
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t step = 0; step < steps; ++step) {
        const auto last = static_cast<std::int64_t>(signal.dry.size() - T);
        const auto at = generator.randint(0, last, batch);
        for (std::size_t b = 0; b < batch; ++b) {
            std::copy_n(signal.dry.data() + at(b), T, x.data() + b * T);
            std::copy_n(signal.wet.data() + at(b), T, y.data() + b * T);
        }
        adam_w.set_learning_rate(cosine.at(step));
        const auto [loss, dy] = criterion(model.forward(x), y);
        model.backward(dy);
        clip_gradient_norm(model, 1);
        adam_w.step(model);
        if (step % (steps / 5) == 0 || step + 1 == steps)
            std::printf("%-11s %5zu/%zu: %.2e\n", name, step, steps, static_cast<double>(loss));
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%-11s %zu parameters, %.1f s\n", name, parameter_count<Net>, seconds.count());
    return model;
}

/// What an audio callback does: it must not allocate, throw or wait.
template <class Net>
void callback(Model<Net, Stream>& stream, std::span<const float, block> in,
              std::span<float, block> out) noexcept
{
    for (std::size_t i = 0; i < block; ++i) out[i] = stream.step(in[i])[0];
}

/// The whole signal, a block after the other, and how long each took.
template <class Net>
std::vector<float> played(const char* name, Model<Net, Stream>& stream, const Signal& signal)
{
    const std::size_t blocks = signal.dry.size() / block;
    std::vector<float> out(blocks * block);
    std::vector<double> times(blocks);
    const std::size_t before = allocations;
    for (std::size_t i = 0; i < blocks; ++i) {
        const auto start = std::chrono::steady_clock::now();
        callback(stream, std::span<const float, block>(signal.dry.data() + i * block, block),
                 std::span<float, block>(out.data() + i * block, block));
        times[i] =
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
    }
    const std::size_t asked = allocations - before;
    std::sort(times.begin(), times.end());
    double sum = 0;
    for (const double t : times) sum += t;
    const double seconds = static_cast<double>(out.size()) / sample_rate;
    std::printf("%-11s blocks of %zu: median %.1f us, 99.9 %% within %.1f us, worst %.1f us (of %.0f us); "
                "%.0f times real time; %zu allocations\n",
                name, block, times[blocks / 2], times[blocks * 999 / 1000], times.back(),
                1e6 * block / sample_rate, seconds / (sum / 1e6), asked);
    return out;
}

template <class Net>
std::vector<float> play(const char* name, const std::string& folder, const Signal& lesson, const Signal& test,
                        std::size_t steps, Generator& generator)
{
    Model<Net, Stream> stream{trained<Net>(name, lesson, steps, generator)};
    export_header(stream, folder + "/" + name + ".hpp", name);
    return played(name, stream, test);
}

} // namespace

std::vector<float> play_lstm(const std::string& folder, const Signal& lesson, const Signal& test,
                             std::size_t steps, Generator& generator)
{
    return play<Recurrent>("lstm", folder, lesson, test, steps, generator);
}
std::vector<float> play_convolution(const std::string& folder, const Signal& lesson, const Signal& test,
                                    std::size_t steps, Generator& generator)
{
    return play<Convolutional>("convolution", folder, lesson, test, steps, generator);
}
