// SPDX-License-Identifier: BSD-3-Clause
/// The same network on an Arm Cortex-M.
///
///   arm-none-eabi-g++ -std=c++20 -Os -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -mthumb
///     -fno-exceptions -fno-rtti -nostartfiles -fno-threadsafe-statics
///     -I../../../include -T memory.ld main.cpp -o names.elf
///   qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel names.elf
#include <ctnn/embed/sample.hpp>

#include "../names.hpp"
#include "start.hpp"

void run()
{
    ctnn::embed::generator random{1};
    for (int i = 0; i < 10; ++i) {
        print(ctnn::embed::sample(names::model, names::characters, random).text.data());
        print("\n");
    }
}
