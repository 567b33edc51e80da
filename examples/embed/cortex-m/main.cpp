// SPDX-License-Identifier: BSD-3-Clause
/// The same network on an Arm Cortex-M: what stands here is the start of the chip, a line of text through the
/// debugger, and the loop.
///
///   arm-none-eabi-g++ -std=c++20 -Os -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -mthumb
///     -fno-exceptions -fno-rtti -nostartfiles -fno-threadsafe-statics
///     -I../../../include -T memory.ld main.cpp -o names.elf
///   qemu-system-arm -M mps2-an386 -nographic -semihosting -kernel names.elf
#include <cstdint>

#include <ctnn/embed/sample.hpp>

#include "../names.hpp"

extern "C" {
extern std::uint32_t stack_top, data_start, data_end, data_load, bss_start, bss_end;
[[noreturn]] void reset();
}

namespace {

/// A call to the debugger or emulator, as Arm's semihosting defines it.
int semihost(int operation, const void* argument)
{
    register int r0 __asm__("r0") = operation;
    register const void* r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
void print(const char* text) { semihost(4, text); }

[[noreturn]] void halt()
{
    semihost(0x18, reinterpret_cast<const void*>(0x20026)); // the application is done
    for (;;) {}
}

__attribute__((section(".vectors"), used))
const void* const vectors[16] = {&stack_top, reinterpret_cast<const void*>(&reset),
                                 reinterpret_cast<const void*>(&halt), reinterpret_cast<const void*>(&halt)};

/// By itself, because what uses the floating point unit may save its registers before anything else.
[[gnu::noinline]] void make_names()
{
    ctnn::embed::generator random{1};
    for (int i = 0; i < 10; ++i) {
        print(ctnn::embed::sample(names::model, names::characters, random).text.data());
        print("\n");
    }
}

} // namespace

extern "C" void reset()
{
    // the floating point unit is off after a reset
    *reinterpret_cast<volatile std::uint32_t*>(0xe000ed88) |= 0xfU << 20U;
    const std::uint32_t* from = &data_load;
    for (std::uint32_t* to = &data_start; to != &data_end; ++to, ++from) *to = *from;
    for (std::uint32_t* to = &bss_start; to != &bss_end; ++to) *to = 0;
    make_names();
    halt();
}
