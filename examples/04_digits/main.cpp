// SPDX-License-Identifier: BSD-3-Clause
/// Handwritten digits: a training that can be watched, stopped and taken up again, and what comes of it: a
/// report, and a header for a microcontroller. The README beside it explains it line by line.
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include <ctnn/ctnn.hpp>
#include <ctnn/data/arrays.hpp>
#include <ctnn/io/export_header.hpp>
#include <ctnn/report/report.hpp>
#include <ctnn/train/training.hpp>

using namespace ctnn;

using Net = Sequential<Linear<64, 64>, ReLU, Dropout<1, 5>, Linear<64, 10>>;
constexpr std::size_t batch = 32, epochs_at_most = 150;

/// Pictures of 8 x 8 pixels from 0 to 1, and the digits that they show.
struct Digits {
    xt::xtensor<float, 2> pixels;
    xt::xtensor<class_id, 1> digits;

    [[nodiscard]] Digits rows(const std::vector<std::int64_t>& numbers) const
    {
        return {rows_of(pixels, numbers), rows_of(digits, numbers)};
    }
};

Digits read_digits(const std::string& folder)
{
    const auto pictures = read_idx<float, 3>(folder + "/digits-images-idx3-ubyte");
    xt::xtensor<float, 2> pixels = xt::reshape_view(pictures, {pictures.shape()[0], std::size_t{64}}) / 16.0F;
    return {std::move(pixels), read_idx<class_id, 1>(folder + "/digits-labels-idx1-ubyte")};
}

template <class M>
ConfusionMatrix confusion_of(const M& model, const Digits& data)
{
    ConfusionMatrix matrix{10};
    matrix.add(model.forward(data.pixels), data.digits);
    return matrix;
}

int main(int argc, char** argv)
try {
    const std::string folder = argc > 1 ? argv[1] : "digits", checkpoint = folder + "/training.safetensors";
    prepare_report(folder);
    const Digits all = read_digits(CTNN_EXAMPLES_DATA);
    Generator generator{2147483647};
    const auto parts = random_split(all.digits.size(), {0.7, 0.1, 0.2}, generator);
    const Digits train = all.rows(parts[0]), validation = all.rows(parts[1]), test = all.rows(parts[2]);

    Model<Net, Train<batch, ObserveAll::Keep>> model{generator};
    AdamW adam_w{model, {.learning_rate = 2e-3}};
    CrossEntropy criterion;
    auto epochs = epochs_of<batch>(train.pixels, train.digits);
    EarlyStopping stopping{model, {.patience = 40, .larger_is_better = true}};
    ObserveAll observer{model};
    Run run{.name = "digits", .meaning = "One hidden layer of 64 units, a fifth of them dropped in training"};
    const Digits first = all.rows({parts[0].begin(), parts[0].begin() + batch});
    run.see_start(model, criterion, first.pixels, first.digits);

    Training training{{.steps = epochs_at_most * epochs.batches(),
                       .checkpoint = checkpoint,
                       .resume = std::filesystem::exists(checkpoint) ? checkpoint : "",
                       .every = epochs.batches(),
                       .metrics = folder + "/metrics.jsonl",
                       .overwrite = true},
                      model,
                      adam_w,
                      generator,
                      epochs,
                      stopping};
    observer.go_on_from(training.first());
    while (training.next()) {
        const auto [x, y] = epochs.next(generator);
        const auto [loss, dlogits] = criterion(model.forward(x, generator), y);
        training.record(static_cast<double>(loss));
        model.backward(dlogits);
        observer.step(model, adam_w, static_cast<double>(loss));
        if (!epochs.is_at_end()) continue;
        const double accuracy = confusion_of(Model<Net, Eval>{model}, validation).accuracy();
        training.evaluated({{"accuracy", accuracy}});
        stopping.after(model, accuracy);
    }
    if (training.signal() != 0) {
        std::fprintf(stderr, "%s; run this again to go on\n", training.how_it_stopped().c_str());
        return 128 + training.signal();
    }

    const auto best = freeze(Model<Net, Eval>{stopping.weights()});
    const ConfusionMatrix matrix = confusion_of(best, test);
    std::printf("%zu steps in %.2f s; of %zu digits held out %.2f %% are right\n", training.step(),
                training.seconds(), matrix.count(), 100 * matrix.accuracy());
    export_header(best, folder + "/digits.hpp", "digits", {.int8 = true});
    std::printf("with weights of one byte %.2f %%: %s/digits.hpp\n",
                100 * confusion_of(with_int8_weights(best), test).accuracy(), folder.c_str());
    if (training.step() > training.first()) run.see_end(model, observer, train.pixels);
    else if (std::filesystem::exists(folder + "/report.html")) return 0; // it was over, and reported
    run.see(training);
    run.confusion = matrix;
    run.results = {{"test accuracy", std::to_string(matrix.accuracy())}};
    const std::string missing = write_report(folder, {run});
    std::printf("report: %s/report.html\n", folder.c_str());
    if (!missing.empty()) std::fprintf(stderr, "%s\n", missing.c_str());
} catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
