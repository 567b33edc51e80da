// SPDX-License-Identifier: BSD-3-Clause
/// Three networks whose weights become numbers of two bytes and of one: what that costs, and what it gains.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/data/arrays.hpp>
#include <ctnn/io/export_header.hpp>

#include "../08_audio/amplifier.hpp"

using namespace ctnn;

namespace {

using Names = Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200>, Tanh, Linear<200, 27>>;
using Digits = Sequential<Linear<64, 64>, ReLU, Dropout<1, 5>, Linear<64, 10>>;
template <std::size_t D>
using Dilated = Sequential<Conv1d<16, 16, 3, Causal, Dilation<D>>, Tanh>;
constexpr std::size_t T = 512;
using Audio = Sequential<Input<T, 1>, Conv1d<1, 16, 3, Causal>, Tanh, Dilated<2>, Dilated<4>, Dilated<8>,
                         Dilated<16>, Dilated<32>, Linear<16, 1>>;

/// The time for one sample, in ns: the best of some rounds.
template <class M, class X>
double time_of_one(const M& model, const X& x)
{
    double best = 1e300, kept = 0;
    const std::size_t n = std::min<std::size_t>(x.shape(0), 500);
    for (int round = 0; round < 20; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < n; ++i)
            kept += static_cast<double>(
                model.forward_one(std::span(x.data() + i * M::sample_size, M::sample_size))[0]);
        const std::chrono::duration<double, std::nano> passed = std::chrono::steady_clock::now() - start;
        best = std::min(best, passed.count() / static_cast<double>(n));
    }
    return kept == kept ? best : -1;
}

/// Prints a line for each kind of numbers. `judge(model)` says how good a model is.
template <class Net, class X, class Judge>
void print_costs(const char* name, const Model<Net, Eval>& model, const X& samples, const X& test,
                 const std::string& folder, Judge judge)
{
    const auto exact = freeze(model);
    const auto two = freeze<bfloat16>(model);
    const auto one = freeze<std::int8_t>(model, samples);
    const auto print = [&](const char* numbers, const auto& of, const std::string& difference) {
        std::printf("%-6s %-8s  %s  %8.0f ns%s%s\n", name, numbers, judge(of).c_str(), time_of_one(of, test),
                    difference.empty() ? "" : "\n       ", difference.c_str());
    };
    print("float", exact, "");
    print("bfloat16", two, text(compare(exact, two, test)));
    print("int8", one, text(compare(exact, one, test)));
    const std::string file = folder + "/" + name;
    export_header(exact, file + ".hpp", name);
    export_header(exact, file + "_int8.hpp", name, {.int8 = true});
    const auto size = [](const std::string& path) { return std::filesystem::file_size(path); };
    std::printf("%-6s %zu parameters; as a header %ju bytes of text, with weights of one byte %ju\n\n", name,
                parameter_count<Net>, size(file + ".hpp"), size(file + "_int8.hpp"));
}

/// The first n samples.
template <class X>
X first(std::size_t n, const X& x)
{
    std::vector<std::int64_t> numbers(n);
    std::iota(numbers.begin(), numbers.end(), 0);
    return rows_of(x, numbers);
}

std::string figure(const char* format, double value)
{
    char line[64];
    (void)std::snprintf(line, sizeof(line), format, value);
    return line;
}

void names(const std::string& folder, std::size_t steps)
{
    const Words words = read_words(CTNN_NAMES_FILE);
    const Vocabulary vocabulary{words};
    const Samples samples = ngrams(words, vocabulary, 3);
    Minibatches<32> batches{samples};
    Generator generator{2147483647};
    Model<Names, Train<32>> model{generator};
    Sgd sgd{model, {.learning_rate = 0.1F}};
    CrossEntropy criterion;
    for (std::size_t step = 0; step < steps; ++step) {
        if (step == steps / 2) sgd.set_learning_rate(0.01F);
        const auto [x, y] = batches.next(generator);
        const auto [loss, dlogits] = criterion(model.forward(x), y);
        sgd.step(model, dlogits);
    }
    print_costs("names", Model<Names, Eval>{model}, first(1000, samples.contexts), samples.contexts, folder,
                [&](const auto& of) {
                    const auto [loss, unused] = criterion(of.forward(samples.contexts), samples.targets);
                    return figure("loss %.4f", static_cast<double>(loss));
                });
}

void digits(const std::string& folder, std::size_t epochs)
{
    const std::string data = CTNN_EXAMPLES_DATA;
    const auto pictures = read_idx<float, 3>(data + "/digits-images-idx3-ubyte");
    const xt::xtensor<float, 2> pixels =
        xt::reshape_view(pictures, {pictures.shape()[0], std::size_t{64}}) / 16.0F;
    const auto labels = read_idx<class_id, 1>(data + "/digits-labels-idx1-ubyte");
    Generator generator{2147483647};
    const auto parts = random_split(labels.size(), {0.8, 0.2}, generator);
    const auto train_x = rows_of(pixels, parts[0]), test_x = rows_of(pixels, parts[1]);
    const auto train_y = rows_of(labels, parts[0]), test_y = rows_of(labels, parts[1]);
    Model<Digits, Train<32>> model{generator};
    AdamW adam_w{model, {.learning_rate = 2e-3}};
    CrossEntropy criterion;
    auto batches = epochs_of<32>(train_x, train_y);
    for (std::size_t step = 0; step < epochs * batches.batches(); ++step) {
        const auto [x, y] = batches.next(generator);
        const auto [loss, dlogits] = criterion(model.forward(x, generator), y);
        model.backward(dlogits);
        adam_w.step(model);
    }
    print_costs("digits", Model<Digits, Eval>{model}, train_x, test_x, folder, [&](const auto& of) {
        Accuracy accuracy;
        accuracy.add(of.forward(test_x), test_y);
        return figure("%.2f %% right", 100 * accuracy.value());
    });
}

/// Strings before and after the amplifier.
struct Signals {
    xt::xtensor<float, 3> dry, wet;
};
Signals played(std::size_t pieces, Generator& generator)
{
    const auto dry = plucked_strings(pieces * T, generator);
    Signals s{xt::xtensor<float, 3>::from_shape({pieces, T, 1}),
              xt::xtensor<float, 3>::from_shape({pieces, T, 1})};
    std::copy(dry.begin(), dry.end(), s.dry.data());
    std::transform(dry.begin(), dry.end(), s.wet.data(), Amplifier{});
    return s;
}

void audio(const std::string& folder, std::size_t steps)
{
    Generator generator{1};
    const Signals train = played(1000, generator), test = played(100, generator);
    Model<Audio, Train<16>> model{generator};
    AdamW adam_w{model, {.learning_rate = 5e-3, .weight_decay = 0}};
    MeanSquaredError criterion;
    const CosineAnnealing cosine{5e-3, steps};
    auto batches = epochs_of<16>(train.dry, train.wet);
    for (std::size_t step = 0; step < steps; ++step) {
        adam_w.set_learning_rate(cosine.at(step));
        const auto [dry, wet] = batches.next(generator);
        const auto [loss, dy] = criterion(model.forward(dry), wet);
        model.backward(dy);
        clip_gradient_norm(model, 1);
        adam_w.step(model);
    }
    print_costs("audio", Model<Audio, Eval>{model}, first(50, train.dry), test.dry, folder,
                [&](const auto& of) {
                    const auto heard = of.forward(test.dry);
                    double wrong = 0, all = 0;
                    for (std::size_t i = 0; i < heard.size(); ++i) {
                        const auto wet = static_cast<double>(test.wet.data()[i]),
                                   d = static_cast<double>(heard.data()[i]) - wet;
                        wrong += d * d;
                        all += wet * wet;
                    }
                    return figure("error %.2f dB", 10 * std::log10(wrong / all));
                });
}

} // namespace

int main(int argc, char** argv)
try {
    const std::string folder = argc > 1 ? argv[1] : "small_numbers";
    const bool is_short = argc > 2 && std::string(argv[2]) == "short";
    std::filesystem::create_directories(folder);
    names(folder, is_short ? 2000 : 40'000);
    digits(folder, is_short ? 5 : 60);
    audio(folder, is_short ? 20 : 1000);
} catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
