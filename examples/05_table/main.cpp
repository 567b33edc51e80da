// SPDX-License-Identifier: BSD-3-Clause
/// A table of numbers and words: which species is a penguin of? The README beside it explains it
/// line by line.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/data/categories.hpp>
#include <ctnn/data/csv.hpp>
#include <ctnn/io/model_file.hpp>

using namespace ctnn;

// Raw numbers in: the network itself knows the mean and the spread of each.
using Net = Sequential<Standardise<9>, Linear<9, 16>, ReLU, Linear<16, 3>>;

const std::vector<std::string_view> measured{"bill_length_mm", "bill_depth_mm", "flipper_length_mm",
                                             "body_mass_g"};

/// Four measurements, an island of three, a sex of two: (rows, 9). A sex that is not known is two zeros.
xt::xtensor<float, 2> features(const Table& table, const Categories& island, const Categories& sex)
{
    return beside(table.numbers(measured), island.one_hot(table), sex.one_hot(table));
}

int train(const std::string& data, const std::string& file)
{
    const Table all = read_csv(data), table = rows_of(all, all.rows_with(measured).first);
    const Categories species{table, "species"}, island{table, "island"};
    const Categories sex{table, "sex", table.rows_with({"sex"}).first};
    const auto x = features(table, island, sex);
    const auto y = species.ids(table);
    Generator generator{1};
    const auto [train, test] = stratified_split(y, {0.8, 0.2}, generator);
    const auto train_x = rows_of(x, train), test_x = rows_of(x, test);
    const auto train_y = rows_of(y, train), test_y = rows_of(y, test);

    Model<Net, Train<16>> model{generator};
    model.parameter<"0.mean">() = column_means(train_x); // of the training part only
    model.parameter<"0.std">() = column_stds(train_x);
    Adam adam{model, {.learning_rate = 0.01}};
    CrossEntropy criterion;
    auto epochs = epochs_of<16>(train_x, train_y);
    for (int epoch = 0; epoch < 30; ++epoch)
        for (const auto& [bx, by] : epochs.epoch(generator)) {
            model.backward(std::get<1>(criterion(model.forward(bx), by)));
            adam.step(model);
        }

    ConfusionMatrix matrix{3};
    matrix.add(Model<Net, Eval>{model}.forward(test_x), test_y);
    std::printf("%zu penguins, %zu of them held out: %.1f %% right\n", table.rows(), matrix.count(),
                100 * matrix.accuracy());
    for (std::size_t c = 0; c < 3; ++c)
        std::printf("  %-10s precision %.3f, recall %.3f\n", species.words()[c].c_str(), matrix.precision(c),
                    matrix.recall(c));
    save(model, file, {.notes = {{"species", species.csv()}, {"island", island.csv()}, {"sex", sex.csv()}}});
    std::printf("saved: %s\n", file.c_str());
    return 0;
}

/// From the file alone: what the columns of words mean is in it.
int answer(const std::string& file, const std::string& data)
{
    Model<Net, Eval> model;
    load(model, file);
    auto notes = notes_in(file);
    const auto words = [&](const char* column) { return Categories::from_csv(notes[column]); };
    const Categories species = words("species");
    const Table table = read_csv(data);
    const auto logits = model.forward(features(table, words("island"), words("sex")));
    for (std::size_t r = 0; r < table.rows(); ++r) {
        const float* const row = &logits(r, 0);
        std::printf("%s\n",
                    species.words()[static_cast<std::size_t>(std::max_element(row, row + 3) - row)].c_str());
    }
    return 0;
}

int main(int argc, char** argv)
try {
    const std::string_view command = argc > 1 ? argv[1] : "train";
    if (command == "train" && argc <= 3)
        return train(CTNN_EXAMPLES_DATA "/penguins.csv", argc > 2 ? argv[2] : "penguins.safetensors");
    if (command == "answer" && argc == 4) return answer(argv[2], argv[3]);
    std::fprintf(stderr, "usage: 05_table train [FILE]\n       05_table answer FILE TABLE.csv\n");
    return 1;
} catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
