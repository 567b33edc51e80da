// SPDX-License-Identifier: BSD-3-Clause
/// The trained network where there is nothing but a chip: the first ten pictures that were held out, what
/// they show and what the network sees. main.cpp has written fashion.hpp and pictures.hpp; the same source
/// runs on a desktop.
///
///   g++ -std=c++20 -O2 -Ifashion -I../../include device.cpp -o fashion/device
///   arm-none-eabi-g++ -std=c++20 -O2 -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -mthumb
///     -fno-exceptions -fno-rtti -nostartfiles -fno-threadsafe-statics -Ifashion -I../../include
///     -T ../13_embed/cortex-m/memory.ld -Wl,--defsym=ram_size=128K device.cpp -o fashion/device.elf
///   qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel fashion/device.elf
#include <algorithm>
#include <array>
#include <cstddef>

#include <fashion.hpp>
#include <pictures.hpp>

#ifdef __arm__
#include "../13_embed/cortex-m/start.hpp"
#else
#include <cstdio>
static void print(const char* text) { std::fputs(text, stdout); }
#endif

constexpr const char* classes[]{"T-shirt", "trousers", "pullover", "dress", "coat",
                                "sandal",  "shirt",    "sneaker",  "bag",   "boot"};

void run()
{
    for (std::size_t n = 0; n < 10; ++n) {
        std::array<float, 784> pixels{};
        for (std::size_t i = 0; i < 784; ++i)
            pixels[i] = (static_cast<float>(pictures[n][i]) / 255 - 0.2860F) / 0.3530F;
        const std::array<float, 10> logits = fashion::model.forward(pixels);
        print(classes[labels[n]]);
        print(": ");
        print(classes[std::max_element(logits.begin(), logits.end()) - logits.begin()]);
        print("\n");
    }
}

#ifndef __arm__
int main() { run(); }
#endif
