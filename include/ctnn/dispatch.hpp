// SPDX-License-Identifier: BSD-3-Clause
/// One program for all CPUs of x86-64: a source is compiled once for each level of them, and the program
/// takes at its start the best that the CPU and its operating system can run.
///
/// ```cpp
/// // names.hpp: what the source offers, functions over plain types
/// #include <ctnn/dispatch.hpp>
/// struct Names { std::string (*sample)(std::uint64_t seed); };
/// CTNN_LEVELS(Names, names)
///
/// // names.cpp: compiled for every level, with ctnn and all the rest
/// CTNN_LEVEL(Names, names) { return {.sample = sample}; }
///
/// // main.cpp: compiled for every CPU, without ctnn
/// const Names& names = CTNN_BEST_LEVEL(names);
/// ```
///
/// What stands outside of functions in names.cpp must not need a constructor to run: that would happen before
/// a level is chosen.
///
/// In CMake: `ctnn_dispatch(program names.cpp LEVELS v2 v3 v4)`. Without it, and for other CPUs, names.cpp is
/// a source like any other, and the only level. What goes from one side to the other is copied or pointed to:
/// numbers, strings, spans of them. A model itself is of another type in each level.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>
#include <string>

/// \cond
#if defined(__x86_64__) || defined(_M_X64)
#define CTNN_CPU_HAS_LEVELS 1
#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#else
#define CTNN_CPU_HAS_LEVELS 0
#endif
/// \endcond

/// Declares what each level offers under a name: a function that returns a `const Type*`.
#define CTNN_LEVELS(Type, name)                                                                              \
    using ctnn_type_of_##name = Type;                                                                        \
    extern "C" const Type* ctnn_level_0_##name();                                                            \
    extern "C" const Type* ctnn_level_1_##name();                                                            \
    extern "C" const Type* ctnn_level_2_##name();                                                            \
    extern "C" const Type* ctnn_level_3_##name();                                                            \
    extern "C" const Type* ctnn_level_4_##name();

/// Begins the function that makes the `Type` of the level that is being compiled.
#define CTNN_LEVEL(Type, name)                                                                               \
    static Type ctnn_make_##name();                                                                          \
    extern "C" const Type* CTNN_DETAIL_OF_LEVEL(CTNN_DISPATCH_LEVEL, name)()                                 \
    {                                                                                                        \
        static const Type made = ctnn_make_##name();                                                         \
        return &made;                                                                                        \
    }                                                                                                        \
    static Type ctnn_make_##name()

/// The `Type` of the best level that can run here, or that the environment variable CTNN_LEVEL allows: v1,
/// v2, v3 or v4.
///   errors : std::runtime_error, [ctnn.cpu] the CPU, or CTNN_LEVEL, is below all levels of the program
#define CTNN_BEST_LEVEL(name)                                                                                \
    (*ctnn::dispatch::best<ctnn_type_of_##name>({CTNN_DETAIL_ALL_LEVELS(name)}, #name)())

/// \cond
// The level that a source is compiled for, and the levels that a program has, as ctnn_dispatch states them.
#ifndef CTNN_DISPATCH_LEVEL
#define CTNN_DISPATCH_LEVEL 0
#endif
#define CTNN_DETAIL_JOIN(level, name) ctnn_level_##level##_##name
#define CTNN_DETAIL_OF_LEVEL(level, name) CTNN_DETAIL_JOIN(level, name)
#ifdef CTNN_DISPATCH_HAS_1
#define CTNN_DETAIL_ENTRY_1(name) {1, ctnn_level_1_##name},
#else
#define CTNN_DETAIL_ENTRY_1(name)
#endif
#ifdef CTNN_DISPATCH_HAS_2
#define CTNN_DETAIL_ENTRY_2(name) {2, ctnn_level_2_##name},
#else
#define CTNN_DETAIL_ENTRY_2(name)
#endif
#ifdef CTNN_DISPATCH_HAS_3
#define CTNN_DETAIL_ENTRY_3(name) {3, ctnn_level_3_##name},
#else
#define CTNN_DETAIL_ENTRY_3(name)
#endif
#ifdef CTNN_DISPATCH_HAS_4
#define CTNN_DETAIL_ENTRY_4(name) {4, ctnn_level_4_##name},
#else
#define CTNN_DETAIL_ENTRY_4(name)
#endif
#if defined(CTNN_DISPATCH_HAS_1) || defined(CTNN_DISPATCH_HAS_2) || defined(CTNN_DISPATCH_HAS_3) ||          \
    defined(CTNN_DISPATCH_HAS_4)
#define CTNN_DETAIL_ALL_LEVELS(name)                                                                         \
    CTNN_DETAIL_ENTRY_1(name)                                                                                \
    CTNN_DETAIL_ENTRY_2(name) CTNN_DETAIL_ENTRY_3(name) CTNN_DETAIL_ENTRY_4(name)
#else
#define CTNN_DETAIL_ALL_LEVELS(name) {0, ctnn_level_0_##name},
#endif
/// \endcond

/// Not in the namespace of an instruction set: this is the code that runs before one is chosen. Everything is
/// `static`, so that no copy compiled for another CPU can take its place.
namespace ctnn::dispatch {

#if CTNN_CPU_HAS_LEVELS
/// The four registers that the instruction CPUID gives.
struct cpuid_registers {
    unsigned a = 0, b = 0, c = 0, d = 0;
};
[[maybe_unused]] static cpuid_registers cpuid(unsigned leaf)
{
    cpuid_registers r;
#if defined(_MSC_VER) && !defined(__clang__)
    int numbers[4];
    __cpuidex(numbers, static_cast<int>(leaf), 0);
    r = {static_cast<unsigned>(numbers[0]), static_cast<unsigned>(numbers[1]),
         static_cast<unsigned>(numbers[2]), static_cast<unsigned>(numbers[3])};
#else
    __get_cpuid_count(leaf, 0, &r.a, &r.b, &r.c, &r.d);
#endif
    return r;
}
/// The registers that the operating system keeps when it changes threads.
[[maybe_unused]] static unsigned saved_by_system()
{
#if defined(_MSC_VER) && !defined(__clang__)
    return static_cast<unsigned>(_xgetbv(0));
#else
    unsigned low = 0, high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
#endif
}
#endif

/// The level of x86-64 that the CPU and its operating system can run, 1 to 4; 0 for any other CPU.
[[maybe_unused]] static int level_of_cpu()
{
#if CTNN_CPU_HAS_LEVELS
    const auto has = [](unsigned bits, std::initializer_list<unsigned> places) {
        for (const unsigned place : places)
            if ((bits >> place & 1U) == 0) return false;
        return true;
    };
    const cpuid_registers basic = cpuid(1), more = cpuid(7), extended = cpuid(0x80000001U);
    // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF
    if (!has(basic.c, {0, 9, 13, 19, 20, 23}) || !has(extended.c, {0})) return 1;
    // FMA, MOVBE, OSXSAVE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT; and that the system keeps XMM and YMM
    if (!has(basic.c, {12, 22, 27, 28, 29}) || !has(more.b, {3, 5, 8}) || !has(extended.c, {5})) return 2;
    const unsigned saved = saved_by_system();
    if (!has(saved, {1, 2})) return 2;
    // AVX512F, DQ, CD, BW, VL; and the mask registers and both halves of ZMM
    return has(more.b, {16, 17, 28, 30, 31}) && has(saved, {5, 6, 7}) ? 4 : 3;
#else
    return 0;
#endif
}

/// A level, and what a program has for it.
template <class Type>
struct entry {
    int level;
    const Type* (*make)();
};

/// What the best level that may run has; see `CTNN_BEST_LEVEL`.
template <class Type>
static auto best(std::initializer_list<entry<Type>> levels, const char* name)
{
    int most = level_of_cpu();
    if (const char* asked = std::getenv("CTNN_LEVEL"))
        if (asked[0] == 'v' && asked[1] >= '1' && asked[1] <= '4' && asked[1] - '0' < most)
            most = asked[1] - '0';
    const entry<Type>* chosen = nullptr;
    for (const entry<Type>& e : levels)
        if (e.level <= most && (chosen == nullptr || e.level > chosen->level)) chosen = &e;
    if (chosen == nullptr)
        throw std::runtime_error("[ctnn.cpu] '" + std::string(name) + "' needs x86-64-v" +
                                 std::to_string(levels.begin()->level) + ", here is x86-64-v" +
                                 std::to_string(most));
    return chosen->make;
}

} // namespace ctnn::dispatch
