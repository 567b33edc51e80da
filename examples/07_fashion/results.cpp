// SPDX-License-Identifier: BSD-3-Clause
/// The pictures before the training, and what comes of it afterwards: a header for a microcontroller, and a
/// report.
#include "fashion.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <utility>

#include <ctnn/data/arrays.hpp>
#include <ctnn/io/export_header.hpp>
#include <ctnn/report/report.hpp>
#include <ctnn/report/tiles.hpp>

using namespace ctnn;

Clothes read_clothes(const std::string& folder, const std::string& part)
{
    const auto pictures = read_idx<float, 3>(folder + "/" + part + "-images-idx3-ubyte");
    auto pixels = xt::xtensor<float, 4>::from_shape({pictures.shape()[0], 1, 28, 28});
    std::transform(pictures.begin(), pictures.end(), pixels.begin(),
                   [](float grey) { return (grey / 255 - 0.2860F) / 0.3530F; });
    return {std::move(pixels), read_idx<class_id, 1>(folder + "/" + part + "-labels-idx1-ubyte")};
}

ConfusionMatrix answers(const Model<Net, Eval>& model, const Clothes& pictures)
{
    ConfusionMatrix matrix{10};
    matrix.add(freeze(model).forward(pictures.pixels), pictures.labels);
    return matrix;
}

namespace {

/// The first ten pictures as device.cpp includes them.
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

/// The pictures of which a wrong answer was surest, the surest first.
std::vector<Tile> worst_mistakes(const xt::xtensor<float, 2>& logits, const Clothes& test)
{
    std::vector<std::pair<float, std::size_t>> wrong;
    for (std::size_t i = 0; i < test.labels.size(); ++i) {
        const float* const row = logits.data() + i * 10;
        const float lead = *std::max_element(row, row + 10) - row[test.labels(i)];
        if (lead > 0) wrong.emplace_back(-lead, i);
    }
    std::sort(wrong.begin(), wrong.end());
    wrong.resize(std::min<std::size_t>(24, wrong.size()));
    std::vector<Tile> tiles;
    for (const auto& [lead, i] : wrong) {
        const float* const row = logits.data() + i * 10;
        const float* const picture = test.pixels.data() + i * 784;
        const auto taken = static_cast<std::size_t>(std::max_element(row, row + 10) - row);
        tiles.push_back({{picture, picture + 784},
                         28,
                         classes[static_cast<std::size_t>(test.labels(i))] + ": " + classes[taken]});
    }
    return tiles;
}

std::vector<Tile> filters_of_first(const Model<Net, Eval>& model)
{
    const auto weight = model.parameter<"1.0.weight">(); // (1, 3, 3, 16)
    std::vector<Tile> tiles;
    for (std::size_t c = 0; c < 16; ++c) {
        Tile tile{{}, 3, std::to_string(c)};
        for (std::size_t i = 0; i < 9; ++i)
            tile.pixels.push_back(static_cast<double>(weight.data()[i * 16 + c]));
        tiles.push_back(std::move(tile));
    }
    return tiles;
}

} // namespace

void write_header(const Model<Net, Eval>& model, const Clothes& test, const std::string& folder)
{
    const auto frozen = freeze(model);
    ConfusionMatrix in_bytes{10};
    in_bytes.add(with_int8_weights(frozen).forward(test.pixels), test.labels);
    export_header(frozen, folder + "/fashion.hpp", "fashion", {.int8 = true});
    write_pictures(test, folder + "/pictures.hpp");
    std::printf("of %zu pictures held out %.2f %% are right, with weights of one byte %.2f %%\n",
                test.labels.size(), 100 * answers(model, test).accuracy(), 100 * in_bytes.accuracy());
}

void write_pages(Run run, const Model<Net, Eval>& model, const Clothes& test, const std::string& folder)
{
    run.confusion = answers(model, test);
    run.results = {{"test accuracy", std::to_string(run.confusion->accuracy())}};
    run.pictures.push_back(picture_of_tiles(
        {.id = "fashion-mistakes",
         .kind = "The worst mistakes",
         .run = "fashion",
         .meaning = "What it is, and what the network was surest that it is, of the pictures held out."},
        worst_mistakes(freeze(model).forward(test.pixels), test)));
    run.pictures.push_back(
        picture_of_tiles({.id = "fashion-filters",
                          .kind = "Filters",
                          .run = "fashion",
                          .meaning = "The weights of the first convolution, white the largest."},
                         filters_of_first(model)));
    const std::string missing = write_report(folder, {run});
    std::printf("report: %s/report.html\n", folder.c_str());
    if (!missing.empty()) std::fprintf(stderr, "%s\n", missing.c_str());
}
