// SPDX-License-Identifier: BSD-3-Clause
/// Pictures of clothes: a convolutional network, trained on what chance makes of 60,000 pictures. The network
/// is in fashion.hpp, what comes of it in results.cpp; the README beside it explains it line by line.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <ctnn/data/augment.hpp>
#include <ctnn/report/report.hpp>
#include <ctnn/train/training.hpp>

#include "fashion.hpp"

using namespace ctnn;

constexpr std::size_t batch = 64;

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
        training.evaluated({{"accuracy", answers(Model<Net, Eval>{model}, test).accuracy()}});
    }
    if (training.signal() != 0) {
        std::fprintf(stderr, "%s; run this again to go on\n", training.how_it_stopped().c_str());
        return 128 + training.signal();
    }

    const Model<Net, Eval> trained{model};
    std::printf("%zu parameters, %zu steps in %.1f s; ", parameter_count<Net>, training.step(),
                training.seconds());
    write_header(trained, test, folder);
    if (training.step() > training.first()) run.see_end(model, observer, first_pixels);
    else if (std::filesystem::exists(folder + "/report.html")) return 0; // it was over, and reported
    run.see(training);
    write_pages(std::move(run), trained, test, folder);
} catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
