// SPDX-License-Identifier: BSD-3-Clause
/// The start of an Arm Cortex-M, and a line of text through the debugger: what a program needs without an
/// operating system. It calls `run()`.
#pragma once

#include <cstdint>

extern "C" {
extern std::uint32_t stack_top, data_start, data_end, data_load, bss_start, bss_end;
[[noreturn]] void reset();
}

/// The program. By itself, because what uses the floating point unit may save its registers before anything
/// else.
[[gnu::noinline]] void run();

/// A call to the debugger or emulator, as Arm's semihosting defines it.
inline int semihost(int operation, const void* argument)
{
    register int r0 __asm__("r0") = operation;
    register const void* r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}
inline void print(const char* text) { semihost(4, text); }

[[noreturn]] inline void halt()
{
    semihost(0x18, reinterpret_cast<const void*>(0x20026)); // the application is done
    for (;;) {}
}

__attribute__((section(".vectors"), used)) inline const void* const vectors[16] = {
    &stack_top, reinterpret_cast<const void*>(&reset), reinterpret_cast<const void*>(&halt),
    reinterpret_cast<const void*>(&halt)};

extern "C" inline void reset()
{
    // the floating point unit is off after a reset
    *reinterpret_cast<volatile std::uint32_t*>(0xe000ed88) |= 0xfU << 20U;
    const std::uint32_t* from = &data_load;
    for (std::uint32_t* to = &data_start; to != &data_end; ++to, ++from) *to = *from;
    for (std::uint32_t* to = &bss_start; to != &bss_end; ++to) *to = 0;
    run();
    halt();
}
