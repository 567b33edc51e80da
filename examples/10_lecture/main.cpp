// SPDX-License-Identifier: BSD-3-Clause
/// The third makemore lecture, idea by idea: the first loss, saturated tanh, dead units, the scale of
/// weights, batch normalisation and its trap, and a deep network watched from inside.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>

#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/inspect.hpp>

using namespace ctnn;

// 27 characters, 10 numbers for each, a context of three: 30 numbers go into 200 units.
using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, Tanh, Linear<200, 27>>;
using Normalised =
    Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200>, Tanh, Linear<200, 27>>;
template <std::size_t In, std::size_t Out>
using Hidden = Sequential<Linear<In, Out, NoBias>, BatchNorm<Out>, Tanh>;
using Deep = Sequential<Embedding<27, 10>, Hidden<30, 100>, Hidden<100, 100>, Hidden<100, 100>,
                        Hidden<100, 100>, Hidden<100, 100>, Linear<100, 27, NoBias>, BatchNorm<27>>;

/// Every weight and bias a plain randn, but for two scales.
void draw(auto& model, Generator& generator, float hidden, float output)
{
    model.template parameter<"0.weight">() = generator.randn(27, 10);
    model.template parameter<"1.weight">() = generator.randn(30, 200) * hidden;
    model.template parameter<"1.bias">() = generator.randn(200) * (hidden < 1 ? 0.01F : 1.0F);
    model.template parameter<"3.weight">() = generator.randn(200, 27) * output;
    model.template parameter<"3.bias">() = generator.randn(27) * (output < 1 ? 0.0F : 1.0F);
}

void first_loss_and_tanh(const Samples& samples, const char* name, float hidden, float output)
{
    Generator generator{2147483647};
    Model<Net, Train<32, RetainGradients>> model{generator};
    draw(model, generator, hidden, output);
    CrossEntropy criterion;
    Minibatches<32> batches{samples};
    const auto [contexts, targets] = batches.next(generator);
    const auto [loss, dlogits] = criterion(model.forward(contexts), targets);
    model.backward(dlogits);
    const auto layers = layer_statistics(model); // 1 is the first Linear, 2 is Tanh
    std::printf("%-12s first loss %7.4f, into tanh std %.2f, |h| > 0.99: %4.1f %%, gradient kept %.2f\n",
                name, static_cast<double>(loss), layers[1].output.std, 100 * layers[2].saturated_strictly,
                layers[1].gradient.std / layers[2].gradient.std);
}

void dead_unit(const Samples& samples)
{
    Generator generator{2147483647};
    Model<Net, Train<32>> model{generator};
    draw(model, generator, 0.2F, 0.01F);
    model.parameter<"1.bias">()(7) = 30; // far out, whatever comes in
    CrossEntropy criterion;
    Minibatches<32> batches{samples};
    const auto [contexts, targets] = batches.next(generator);
    const auto [loss, dlogits] = criterion(model.forward(contexts), targets);
    model.backward(dlogits);
    double of_7 = 0, of_8 = 0;
    for (std::size_t i = 0; i < 30; ++i) {
        of_7 = std::max(of_7, std::fabs(static_cast<double>(model.gradient<"1.weight">()(i, 7))));
        of_8 = std::max(of_8, std::fabs(static_cast<double>(model.gradient<"1.weight">()(i, 8))));
    }
    const auto dead = dead_units(Model<Net, Eval>{model}, samples.contexts);
    std::printf(
        "\ndead over %zu samples: %zu unit, number %zu; largest gradient of its weights %.1g, of the next "
        "unit's %.1g\n",
        dead[0].samples, dead[0].dead.size(), dead[0].dead.at(0), of_7, of_8);
}

// Ten layers, one after the other.
using Chain = Sequential<Input<100>, Repeat<10, Sequential<Linear<100, 100, NoBias>, Tanh>>>;

void scale_of_weights(double gain)
{
    Generator generator{2147483647};
    Model<Chain, Train<512, RetainGradients>> model{generator};
    model.for_each_parameter([&](auto, auto weight, auto) {
        weight = generator.randn(100, 100) * static_cast<float>(gain / std::sqrt(100.0));
    });
    model.forward(generator.randn(512, 100));
    model.backward(generator.randn(512, 100));
    const auto layers = layer_statistics(model);
    std::printf("weights of %.2f / sqrt(100):", gain);
    for (const std::size_t tanh : {1U, 5U, 19U})
        std::printf("   std %.2f, gradient %.2g", layers[tanh].output.std, layers[tanh].gradient.std);
    std::puts("");
}

void batch_norm_and_its_trap(const Samples& samples)
{
    Generator generator{2147483647};
    Model<Normalised, Train<32>> model{generator};
    model.parameter<"1.weight">() = generator.randn(30, 200); // as bad as in the first line
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    Minibatches<32> batches{samples};
    for (int step = 0; step <= 2000; ++step) {
        const auto [contexts, targets] = batches.next(generator);
        const auto [loss, dlogits] = criterion(model.forward(contexts), targets);
        if (step % 1000 == 0)
            std::printf("%sstep %4d: %.4f\n", step ? "" : "\n", step, static_cast<double>(loss));
        model.backward(dlogits);
        sgd.step(model);
    }
    // The same context, first of two batches: its answer depends on who else is there.
    const Model<Normalised, Eval> eval{model};
    std::array<double, 2> training{}, alone{};
    for (std::size_t i = 0; i < 2; ++i) {
        auto [contexts, targets] = batches.next(generator);
        xt::xtensor<int, 2> batch = contexts;
        for (std::size_t j = 0; j < 3; ++j) batch(0, j) = 0;
        training[i] = static_cast<double>(model.forward(batch)(0, 1));
        alone[i] = static_cast<double>(eval.forward(batch)(0, 1));
    }
    std::printf("a logit of '...': %.4f and %.4f in two batches, %.4f and %.4f in eval mode\n", training[0],
                training[1], alone[0], alone[1]);
    const auto calibrated = calibrate(eval, samples.contexts);
    std::printf("running statistics beside those of all samples: mean %.3f std away, std %.3f times\n",
                calibrated[0].worst_mean(), calibrated[0].worst_std());
}

void deep(const Samples& samples)
{
    Generator generator{2147483647};
    Model<Deep, Train<32, RetainGradients>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    Observer<Losses, Updates<>> observer{model};
    Minibatches<32> batches{samples};
    for (int step = 0; step <= 1000; ++step) {
        const auto [contexts, targets] = batches.next(generator);
        const auto [loss, dlogits] = criterion(model.forward(contexts), targets);
        model.backward(dlogits);
        observer.step(model, sgd, static_cast<double>(loss));
    }
    std::puts("");
    for (const LayerStatistics& s : layer_statistics(model))
        if (s.layer.saturates)
            std::printf("%-12s std %.2f, saturated %4.2f %%, gradient std %.1e\n", s.layer.name().c_str(),
                        s.output.std, 100 * s.saturated, s.gradient.std);
    std::printf("%s", text_of(judge(observer.parameters())).c_str());
}

int main(int count, char** arguments)
try {
    const Words words = read_words(count > 1 ? arguments[1] : CTNN_NAMES_FILE);
    const Vocabulary vocabulary{words};
    const Samples samples = ngrams(words, vocabulary, 3);

    std::printf("equal chances: %.4f\n", -std::log(1.0 / 27));
    const float kaiming = static_cast<float>(init::tanh_gain) / std::sqrt(30.0F);
    first_loss_and_tanh(samples, "plain", 1, 1);
    first_loss_and_tanh(samples, "calm output", 1, 0.01F);
    first_loss_and_tanh(samples, "calm tanh", 0.2F, 0.01F);
    first_loss_and_tanh(samples, "kaiming", kaiming, 0.01F);
    dead_unit(samples);
    std::puts("\nafter the 1st, the 3rd and the 10th tanh");
    for (const double gain : {1.0, init::tanh_gain, 3.0}) scale_of_weights(gain);
    batch_norm_and_its_trap(samples);
    deep(samples);
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
}
