// SPDX-License-Identifier: BSD-3-Clause
/// Gathers what Google Benchmark measures, as medians by name, and says nothing while it does.
#pragma once

#include <cstdio>
#include <map>
#include <string>

#include <benchmark/benchmark.h>

namespace benchmarks {

class medians final : public benchmark::BenchmarkReporter {
    std::map<std::string, double> nanoseconds_;
    std::size_t reports_ = 0;

public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override
    {
        for (const Run& run : runs)
            if (!run.error_occurred && (run.run_type == Run::RT_Iteration ||
                                        run.aggregate_name == "median")) // the median comes last
                nanoseconds_[run.run_name.function_name] = run.GetAdjustedRealTime();
        std::fprintf(stderr, "\rmeasured %zu", ++reports_);
    }
    void Finalize() override { std::fprintf(stderr, "\n"); }

    void add(const std::string& name, double nanoseconds) { nanoseconds_[name] = nanoseconds; }
    /// Whether anything was measured whose name starts like this.
    [[nodiscard]] bool any(const std::string& start) const
    {
        const auto at = nanoseconds_.lower_bound(start);
        return at != nanoseconds_.end() && at->first.starts_with(start);
    }
    /// Median of the repetitions in nanoseconds, 0 for what did not run.
    [[nodiscard]] double operator()(const std::string& name) const
    {
        const auto found = nanoseconds_.find(name);
        return found == nanoseconds_.end() ? 0 : found->second;
    }
};

} // namespace benchmarks
