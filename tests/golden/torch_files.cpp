// SPDX-License-Identifier: BSD-3-Clause
/// The C++ half of torch_files.py, which builds and runs it:
///   torch_files write FOLDER   50 random networks as N.safetensors; their signatures, one a line, on the
///   standard output
///   torch_files check FOLDER   loads N.torch.safetensors, what PyTorch saved of each, saves it again, and
///   compares with N.safetensors
///   torch_files sequences FOLDER   loads the models of makemore.py and one of recurrent layers that PyTorch
///   drew, compares their answers, and saves them again as NAME.again.safetensors
///   torch_files windows FOLDER   the same with a small ResNet and a network of signals
#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "../../examples/11_makemore/family.hpp"
#include "../support/files.hpp"
#include "../support/random_nets.hpp"

using namespace ctnn;
using RecurrentNet =
    Sequential<Embedding<27, 6, 16>, Lstm<6, 5, Layers<2>>, Bidirectional<Gru<5, 4, Layers<2>>>,
               MultiheadAttention<8, 2>, Rnn<8, 3, ReLU>, PReLU<>, Linear<3, 2>>;

/// torchvision's BasicBlock, by its names.
template <std::size_t In, std::size_t Out, std::size_t S>
using Convolutions =
    Sequential<Named<"conv1", Conv2d<In, Out, 3, Stride<S>, Padding<1>, NoBias>>,
               Named<"bn1", BatchNorm<Out>>, ReLU, Named<"conv2", Conv2d<Out, Out, 3, Padding<1>, NoBias>>,
               Named<"bn2", BatchNorm<Out>>>;
template <std::size_t C>
using Block = Sequential<Named<"", Residual<Named<"", Convolutions<C, C, 1>>>>, ReLU>;
template <std::size_t In, std::size_t Out>
using Downsampling = Sequential<
    Named<"", Sum<Named<"", Convolutions<In, Out, 2>>,
                  Named<"downsample", Sequential<Conv2d<In, Out, 1, Stride<2>, NoBias>, BatchNorm<Out>>>>>,
    ReLU>;
using SmallResNet = Sequential<Image<3, 12, 10>, Named<"conv1", Conv2d<3, 8, 3, Padding<1>, NoBias>>,
                               Named<"bn1", BatchNorm<8>>, ReLU, MaxPool<3, Stride<2>, Padding<1>>,
                               Named<"layer1", Sequential<Block<8>, Block<8>>>,
                               Named<"layer2", Sequential<Downsampling<8, 17>, Block<17>>>, GlobalAveragePool,
                               Named<"fc", Linear<17, 10>>>;
using SignalNet =
    Sequential<Input<2, 32>, ChannelsLast, Conv1d<2, 6, 5, Stride<2>, Padding<2>>, BatchNorm<6>, Tanh,
               Conv1d<6, 6, 3, Same, Dilation<2>, Groups<3>>, MaxPool<2>, Conv1d<6, 6, 3, Groups<6>, NoBias>,
               AveragePool<2>, ConvTranspose1d<6, 3, 4, Stride<2>, Padding<1>>, ReLU, ChannelsFirst, Flatten,
               Linear<18, 4>>;

/// Whether a model from PyTorch's file, and frozen, answers as PyTorch does.
template <class Net>
bool sees_as_theirs(const std::string& name)
{
    constexpr std::size_t rank = input_shape<Net>::rank + 1;
    Model<Net, Eval> model;
    load(model, name + ".safetensors");
    save(model, name + ".again.safetensors");
    const auto x = load_tensor<float, rank>(name + ".expected.safetensors", "input");
    const auto expected = load_tensor<float, 2>(name + ".expected.safetensors", "output");
    const auto y = model.forward(x), folded = freeze(model).forward(x);
    float worst = 0, largest = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        worst = std::max({worst, std::fabs(y.data()[i] - expected.data()[i]),
                          std::fabs(folded.data()[i] - expected.data()[i])});
        largest = std::max(largest, std::fabs(expected.data()[i]));
    }
    std::printf("%s: largest difference %.1e of answers up to %.2g\n", name.c_str(),
                static_cast<double>(worst), static_cast<double>(largest));
    return y.size() == expected.size() && worst <= 1e-5F * std::max(1.F, largest);
}

/// The same of models of ids.
template <class Net>
bool answers_as_theirs(const std::string& name)
{
    Model<Net, Eval> model;
    load(model, name + ".safetensors");
    save(model, name + ".again.safetensors");
    const auto ids = load_tensor<std::int64_t, 2>(name + ".expected.safetensors", "input");
    const auto expected = load_tensor<float, 3>(name + ".expected.safetensors", "output");
    xt::xtensor<class_id, 2> x({ids.shape()[0], input_shape<Net>::size}, makemore::blank);
    for (std::size_t r = 0; r < ids.shape()[0]; ++r)
        for (std::size_t t = 0; t < 16; ++t) {
            if (x.shape()[1] == 16) x(r, t) = static_cast<class_id>(ids(r, t));
            else // the Mlp
                for (std::size_t back = 0; back <= t; ++back)
                    x(r, t * 16 + back) = static_cast<class_id>(ids(r, t - back));
        }
    const auto y = model.forward(x);
    float worst = 0, largest = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        worst = std::max(worst, std::fabs(y.data()[i] - expected.data()[i]));
        largest = std::max(largest, std::fabs(expected.data()[i]));
    }
    std::printf("%s: largest difference %.1e of answers up to %.2g\n", name.c_str(),
                static_cast<double>(worst), static_cast<double>(largest));
    return y.size() == expected.size() && worst <= 1e-5F * std::max(1.F, largest);
}

int main(int argc, char** argv)
{
    if (argc != 3) return 1;
    const std::string folder = std::string(argv[2]) + "/";
    if (std::string_view(argv[1]) == "sequences") {
        using namespace makemore;
        const bool good[]{answers_as_theirs<Bigram>(folder + "bigram"),
                          answers_as_theirs<Mlp>(folder + "mlp"),
                          answers_as_theirs<PlainRecurrent>(folder + "rnn"),
                          answers_as_theirs<Gated>(folder + "gru"),
                          answers_as_theirs<Bow>(folder + "bow"),
                          answers_as_theirs<Transformer>(folder + "transformer"),
                          answers_as_theirs<SmallTransformer>(folder + "small"),
                          answers_as_theirs<RecurrentNet>(folder + "recurrent")};
        return std::all_of(std::begin(good), std::end(good), [](bool g) { return g; }) ? 0 : 1;
    }
    if (std::string_view(argv[1]) == "windows")
        return sees_as_theirs<SmallResNet>(folder + "resnet") && sees_as_theirs<SignalNet>(folder + "signal")
                   ? 0
                   : 1;
    const bool writes = std::string_view(argv[1]) == "write";
    ctnn::Generator generator{2023};
    int n = 0, same = 0;
    support::for_each_random_net<50>([&]<class Net> {
        const std::string name = folder + std::to_string(n++);
        ctnn::Model<Net, ctnn::Eval> model{generator};
        if (writes) {
            ctnn::save(model, name + ".safetensors");
            std::puts(ctnn::signature<Net>().c_str());
        } else {
            ctnn::load(model, name + ".torch.safetensors");
            ctnn::save(model, name + ".again.safetensors");
            same +=
                support::bytes_of(name + ".again.safetensors") == support::bytes_of(name + ".safetensors");
        }
    });
    if (!writes)
        std::printf("%d of %d networks: ours, PyTorch's and ours again are the same bytes\n", same, n);
    return writes || same == n ? 0 : 1;
}
