// SPDX-License-Identifier: BSD-3-Clause
/// A measurement by its rate.
#pragma once

#include <functional>
#include <string>

#include <benchmark/benchmark.h>

namespace benchmarks {

/// Times `run`, in microseconds and in GFLOP/s for so many multiply-adds.
inline void add(const std::string& name, double multiply_adds, std::function<void()> run)
{
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
        for (auto _ : state) run();
        state.counters["GFLOP/s"] =
            benchmark::Counter(2e-9 * multiply_adds, benchmark::Counter::kIsIterationInvariantRate);
    })->Unit(benchmark::kMicrosecond);
}

} // namespace benchmarks
