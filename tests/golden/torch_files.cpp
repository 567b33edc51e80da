// SPDX-License-Identifier: BSD-3-Clause
/// The C++ half of torch_files.py, which builds and runs it:
///   torch_files write FOLDER   50 random networks as N.safetensors; their signatures, one a line, on the
///   standard output torch_files check FOLDER   loads N.torch.safetensors, what PyTorch saved of each, saves
///   it again, and compares with N.safetensors
#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>

#include <cstdio>
#include <string>
#include <string_view>

#include "../support/files.hpp"
#include "../support/random_nets.hpp"

int main(int argc, char** argv)
{
    if (argc != 3) return 1;
    const std::string folder = std::string(argv[2]) + "/";
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
