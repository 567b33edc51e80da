// SPDX-License-Identifier: BSD-3-Clause
/// The trained network where there is nothing but a chip: for ten pictures, the digit that was written and
/// the one that the network sees. digits.hpp is what main.cpp has written; the same source runs on a desktop.
///
///   g++ -std=c++20 -O2 -Idigits -I../../include device.cpp -o digits/device
///   arm-none-eabi-g++ -std=c++20 -Os -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -mthumb
///     -fno-exceptions -fno-rtti -nostartfiles -fno-threadsafe-statics -Idigits -I../../include
///     -T ../13_embed/cortex-m/memory.ld device.cpp -o digits/device.elf
///   qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel digits/device.elf
#include <algorithm>
#include <array>
#include <cstddef>

#include <digits.hpp>

#ifdef __arm__
#include "../13_embed/cortex-m/start.hpp"
#else
#include <cstdio>
static void print(const char* text) { std::fputs(text, stdout); }
#endif

/// How dark each pixel is, from ' ' to 'g'.
constexpr const char* pictures[10][8] = {
    {"  5d91  ", "  dfaf5 ", " 3f2 b8 ", " 4c  88 ", " 58  98 ", " 4b 1c7 ", " 2e5ac  ", "  6da   "},
    {"   cd5  ", "   bg9  ", "  3fg6  ", " 7fgg2  ", "  1gg3  ", "  1gg6  ", "  1gg6  ", "   bga  "},
    {"   4fc  ", "  3gfe  ", "  8d8g  ", "  16fb  ", " 18df1  ", " 9gg5   ", " 3dggb5 ", "   3bg9 "},
    {"  7fd1  ", " 8d6f4  ", " 21dd   ", "  2fb1  ", "   1cc1 ", "    1a8 ", "  845e9 ", "  7dd9  "},
    {"   1b   ", "   78   ", "  1d622 ", "  7f 98 ", " 5ga g6 ", " 4fgdg1 ", "   3fa  ", "   2g4  "},
    {"  ca    ", "  egge  ", "  dgfa1 ", "  bgg7  ", "   47g7 ", "    4g9 ", "  54cg4 ", "  9gga  "},
    {"   cd   ", "  5g8   ", "  dg3   ", "  ed    ", "  fc72  ", "  dgdg3 ", "  7gbf8 ", "  19fb3 "},
    {"  78dgf1", "  774bc ", "    8d1 ", " 488ff6 ", " 2bff4  ", "   g5   ", "  9f1   ", "  d5    "},
    {"  9e81  ", "  ceec  ", "  9a f4 ", "  3gce2 ", "  4gg2  ", " 3g8ad2 ", " 1f13g8 ", "  bgfb1 "},
    {"  bc    ", " 2gggd  ", " 3gcae  ", " 1g1cf  ", "  dg9f2 ", "   3 9b ", "    9f4 ", "  9cd3  "}};

/// The digit with the largest logit.
static char digit_of(const char* const (&picture)[8])
{
    std::array<float, 64> pixels{};
    for (std::size_t i = 0; i < 64; ++i) {
        const char c = picture[i / 8][i % 8];
        pixels[i] = static_cast<float>(c == ' ' ? 0 : c <= '9' ? c - '0' : c - 'a' + 10) / 16;
    }
    const std::array<float, 10> logits = digits::model.forward(pixels);
    return static_cast<char>('0' + (std::max_element(logits.begin(), logits.end()) - logits.begin()));
}

void run()
{
    for (char digit = '0'; digit <= '9'; ++digit) {
        const char line[] = {digit, ' ', digit_of(pictures[digit - '0']), '\n', '\0'};
        print(line);
    }
}

#ifndef __arm__
int main() { run(); }
#endif
