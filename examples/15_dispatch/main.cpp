// SPDX-License-Identifier: BSD-3-Clause
/// One program for all CPUs: it takes the code for the best one that runs here.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "names.hpp"

int main(int argc, char** argv)
try {
    const int steps = argc > 1 ? std::atoi(argv[1]) : 5000;
    const Names& names = CTNN_BEST_LEVEL(names);
    std::printf("this CPU runs x86-64-v%d, the code is for %s\n", ctnn::dispatch::level_of_cpu(),
                names.instructions);
    const std::vector<float> weights = names.train(CTNN_NAMES_FILE, steps);
    for (const std::string& name : names.sample(weights, 1, 5)) std::printf("%s\n", name.c_str());
} catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
