// SPDX-License-Identifier: BSD-3-Clause
/// The two networks as headers, without ctnn's own: the first 512 samples, and how far the answers are from
/// those that main.cpp's streams gave. It runs on a desktop, or on a Cortex-M as 07_fashion's device.cpp.
///
///   g++ -std=c++20 -O2 -Iaudio -I../../include embedded.cpp -o audio/embedded
#include <array>
#include <cstddef>
#include <span>

#include <convolution.hpp>
#include <excerpt.hpp>
#include <lstm.hpp>

#ifdef __arm__
#include "../13_embed/cortex-m/start.hpp"
#else
#include <cstdio>
static void print(const char* text) { std::fputs(text, stdout); }
#endif

/// Whether a network gives these answers, but for roundings.
template <class Network>
bool is_same(const Network& network, const float (&answers)[512])
{
    auto state = network.start();
    for (std::size_t t = 0; t < 512; ++t) {
        std::array<float, 1> y{};
        (void)network.step(std::span<float, 1>(y), std::span<const float, 1>(&dry[t], 1), state);
        const float error = y[0] - answers[t];
        if (!(error < 2e-5F && error > -2e-5F)) return false;
    }
    return true;
}

void run()
{
    print(is_same(lstm::model, lstm_answers) ? "lstm: the same output\n" : "lstm: another output\n");
    print(is_same(convolution::model, convolution_answers) ? "convolution: the same output\n"
                                                           : "convolution: another output\n");
}

#ifndef __arm__
int main() { run(); }
#endif
