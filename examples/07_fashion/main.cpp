// SPDX-License-Identifier: BSD-3-Clause
/// Pictures of clothes: a convolutional network, trained on what chance makes of 60,000 pictures, and what
/// comes of it: a report, and a header for a microcontroller. The README beside it explains it line by line.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/data/arrays.hpp>
#include <ctnn/data/augment.hpp>
#include <ctnn/io/export_header.hpp>
#include <ctnn/report/report.hpp>
#include <ctnn/report/tiles.hpp>
#include <ctnn/train/training.hpp>

using namespace ctnn;

template <std::size_t In, std::size_t Out>
using Block = Sequential<Conv2d<In, Out, 3, Same, NoBias>, BatchNorm<Out>, ReLU, MaxPool<2>>;
using Net = Sequential<Image<1, 28, 28>, Block<1, 16>, Block<16, 32>, Conv2d<32, 64, 3, Same, NoBias>,
                       BatchNorm<64>, ReLU, Flatten, Dropout<1, 4>, Linear<3136, 10>>;
static_assert(parameter_count<Net> < 100'000);
constexpr std::size_t batch = 64;
const std::vector<std::string> classes{"T-shirt", "trousers", "pullover", "dress", "coat",
                                       "sandal",  "shirt",    "sneaker",  "bag",   "boot"};

/// Pictures of 28 x 28 pixels with mean 0 and spread 1, and the class of each.
struct Clothes {
    xt::xtensor<float, 4> pixels;
    xt::xtensor<class_id, 1> labels;
};

Clothes read_clothes(const std::string& folder, const std::string& part)
{
    const auto pictures = read_idx<float, 3>(folder + "/" + part + "-images-idx3-ubyte");
    auto pixels = xt::xtensor<float, 4>::from_shape({pictures.shape()[0], 1, 28, 28});
    std::transform(pictures.begin(), pictures.end(), pixels.begin(),
                   [](float grey) { return (grey / 255 - 0.2860F) / 0.3530F; });
    return {std::move(pixels), read_idx<class_id, 1>(folder + "/" + part + "-labels-idx1-ubyte")};
}

/// The numbers of the pictures in which a wrong answer was surest, the surest first.
std::vector<std::size_t> worst_mistakes(const xt::xtensor<float, 2>& logits,
                                        const xt::xtensor<class_id, 1>& labels)
{
    std::vector<std::pair<float, std::size_t>> wrong;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const float* const row = logits.data() + i * 10;
        const float lead = *std::max_element(row, row + 10) - row[labels(i)];
        if (lead > 0) wrong.emplace_back(-lead, i);
    }
    std::sort(wrong.begin(), wrong.end());
    std::vector<std::size_t> numbers;
    for (std::size_t i = 0; i < std::min<std::size_t>(24, wrong.size()); ++i)
        numbers.push_back(wrong[i].second);
    return numbers;
}

/// The first ten as device.cpp includes them.
void write_pictures(const Clothes& test, const std::string& path)
{
    std::ofstream file(path);
    file << "#pragma once\nconstexpr unsigned char pictures[10][784] = {";
    for (std::size_t i = 0; i < 10 * 784; ++i)
        file << (i % 784 == 0 ? "\n{" : "") << std::lround((test.pixels.data()[i] * 0.3530F + 0.2860F) * 255)
             << (i % 784 == 783 ? "},"
                 : i % 24 == 23 ? ",\n"
                                : ",");
    file << "};\nconstexpr unsigned char labels[10] = {";
    for (std::size_t i = 0; i < 10; ++i) file << test.labels(i) << (i < 9 ? ", " : "};\n");
    if (!file.flush()) throw Error("ctnn.save", "cannot write '" + path + "'");
}

int main(int argc, char** argv)
try {
    const std::string data = argc > 1 ? argv[1] : "fashion-mnist", folder = argc > 2 ? argv[2] : "fashion",
                      checkpoint = folder + "/training.safetensors";
    const std::size_t epochs_in_all = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 10;
    const std::uint64_t seed = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 2147483647;
    prepare_report(folder);
    const Clothes train = read_clothes(data, "train"), test = read_clothes(data, "t10k");

    Generator generator{seed};
    Model<Net, Train<batch, ObserveAll::Keep>> model{generator};
    AdamW adam_w{model, {.learning_rate = 5e-3, .weight_decay = 0.02}};
    CrossEntropy criterion{{.label_smoothing = 0.05}};
    auto epochs = epochs_of<batch>(train.pixels, train.labels);
    const OneCycle cycle{5e-3, epochs_in_all * epochs.batches()};
    ObserveAll observer{model};
    Run run{.name = "fashion", .meaning = "Three convolutions of 3 x 3", .classes = classes};
    std::vector<std::int64_t> first(batch);
    std::iota(first.begin(), first.end(), 0);
    const auto first_pixels = rows_of(train.pixels, first);
    run.see_start(model, criterion, first_pixels, rows_of(train.labels, first));

    Training training{{.steps = epochs_in_all * epochs.batches(),
                       .checkpoint = checkpoint,
                       .resume = std::filesystem::exists(checkpoint) ? checkpoint : "",
                       .every = epochs.batches(),
                       .metrics = folder + "/metrics.jsonl",
                       .overwrite = true},
                      model,
                      adam_w,
                      generator,
                      epochs};
    observer.go_on_from(training.first());
    while (training.next()) {
        const auto [x, y] = epochs.next(generator);
        xt::xtensor<float, 4> seen = x;
        random_shift(seen, 1, generator);
        random_flip(seen, generator);
        adam_w.set_learning_rate(cycle.at(training.step()));
        const auto [loss, dlogits] = criterion(model.forward(seen, generator), y);
        training.record(static_cast<double>(loss));
        model.backward(dlogits);
        observer.step(model, adam_w, static_cast<double>(loss));
        if (!epochs.is_at_end()) continue;
        ConfusionMatrix matrix{10};
        matrix.add(freeze(model).forward(test.pixels), test.labels);
        training.evaluated({{"accuracy", matrix.accuracy()}});
    }
    if (training.signal() != 0) {
        std::fprintf(stderr, "%s; run this again to go on\n", training.how_it_stopped().c_str());
        return 128 + training.signal();
    }

    const auto frozen = freeze(model);
    const auto logits = frozen.forward(test.pixels);
    ConfusionMatrix matrix{10}, in_bytes{10};
    matrix.add(logits, test.labels);
    in_bytes.add(with_int8_weights(frozen).forward(test.pixels), test.labels);
    export_header(frozen, folder + "/fashion.hpp", "fashion", {.int8 = true});
    write_pictures(test, folder + "/pictures.hpp");
    std::printf(
        "%zu parameters, %zu steps in %.1f s; of %zu pictures held out %.2f %% are right, with weights of "
        "one byte %.2f %%\n",
        parameter_count<Net>, training.step(), training.seconds(), matrix.count(), 100 * matrix.accuracy(),
        100 * in_bytes.accuracy());

    if (training.step() > training.first()) run.see_end(model, observer, first_pixels);
    else if (std::filesystem::exists(folder + "/report.html")) return 0; // it was over, and reported
    run.see(training);
    run.confusion = matrix;
    run.results = {{"test accuracy", std::to_string(matrix.accuracy())}};
    std::vector<Tile> mistakes, filters;
    for (const std::size_t i : worst_mistakes(logits, test.labels)) {
        const float* const row = logits.data() + i * 10;
        const float* const picture = test.pixels.data() + i * 784;
        const auto taken = static_cast<std::size_t>(std::max_element(row, row + 10) - row);
        mistakes.push_back({{picture, picture + 784},
                            28,
                            classes[static_cast<std::size_t>(test.labels(i))] + ": " + classes[taken]});
    }
    const auto weight = model.parameter<"1.0.weight">(); // (1, 3, 3, 16)
    for (std::size_t c = 0; c < 16; ++c) {
        Tile tile{{}, 3, std::to_string(c)};
        for (std::size_t i = 0; i < 9; ++i)
            tile.pixels.push_back(static_cast<double>(weight.data()[i * 16 + c]));
        filters.push_back(std::move(tile));
    }
    run.pictures.push_back(picture_of_tiles(
        {.id = "fashion-mistakes",
         .kind = "The worst mistakes",
         .run = "fashion",
         .meaning = "What it is, and what the network was surest that it is, of the pictures held out."},
        mistakes));
    run.pictures.push_back(
        picture_of_tiles({.id = "fashion-filters",
                          .kind = "Filters",
                          .run = "fashion",
                          .meaning = "The weights of the first convolution, white the largest."},
                         filters));
    const std::string missing = write_report(folder, {run});
    std::printf("report: %s/report.html\n", folder.c_str());
    if (!missing.empty()) std::fprintf(stderr, "%s\n", missing.c_str());
} catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
