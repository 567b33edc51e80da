// SPDX-License-Identifier: BSD-3-Clause
/// The network and the pictures of main.cpp, and what results.cpp makes of them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/report/run.hpp>

template <std::size_t In, std::size_t Out>
using Block = ctnn::Sequential<ctnn::Conv2d<In, Out, 3, ctnn::Same, ctnn::NoBias>, ctnn::BatchNorm<Out>,
                               ctnn::ReLU, ctnn::MaxPool<2>>;
using Net = ctnn::Sequential<ctnn::Image<1, 28, 28>, Block<1, 16>, Block<16, 32>,
                             ctnn::Conv2d<32, 64, 3, ctnn::Same, ctnn::NoBias>, ctnn::BatchNorm<64>,
                             ctnn::ReLU, ctnn::Flatten, ctnn::Dropout<1, 4>, ctnn::Linear<3136, 10>>;
static_assert(ctnn::parameter_count<Net> < 100'000);
inline const std::vector<std::string> classes{"T-shirt", "trousers", "pullover", "dress", "coat",
                                              "sandal",  "shirt",    "sneaker",  "bag",   "boot"};

/// Pictures of 28 x 28 pixels with mean 0 and spread 1, and the class of each.
struct Clothes {
    xt::xtensor<float, 4> pixels;
    xt::xtensor<ctnn::class_id, 1> labels;
};
/// Those of FOLDER/PART-images-idx3-ubyte and -labels-idx1-ubyte.
Clothes read_clothes(const std::string& folder, const std::string& part);

/// What the network takes each picture for, as a count.
ctnn::ConfusionMatrix answers(const ctnn::Model<Net, ctnn::Eval>& model, const Clothes& pictures);

/// Writes the network with weights of one byte as FOLDER/fashion.hpp, and ten pictures for device.cpp as
/// FOLDER/pictures.hpp; says how many of `test` the network has right, and how many with those weights.
void write_header(const ctnn::Model<Net, ctnn::Eval>& model, const Clothes& test, const std::string& folder);

/// Writes the report, with the worst mistakes and the filters of the first convolution.
void write_pages(ctnn::Run run, const ctnn::Model<Net, ctnn::Eval>& model, const Clothes& test,
                 const std::string& folder);
