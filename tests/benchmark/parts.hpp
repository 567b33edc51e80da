// SPDX-License-Identifier: BSD-3-Clause
/// Where the time of a training step goes: every call of a kernel by itself, inside of whole steps.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "ours.hpp"

namespace benchmarks {

/// What this CPU can do at most: multiply-adds in registers, and bytes copied where they fit the second-level
/// cache and not the first; both a nanosecond.
struct cpu_limits {
    double operations, bytes;
};

inline double median_of(std::vector<double> all)
{
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
    return all[all.size() / 2];
}

/// Bytes read and written a nanosecond, between two arrays of 64 KiB.
inline double copied_bytes_per_nanosecond()
{
    constexpr std::size_t n = 16 * 1024, rounds = 50;
    std::vector<float> from(n, 1.F), to(n);
    std::vector<double> nanoseconds;
    for (int i = 0; i < 21; ++i) {
        const auto start = std::chrono::steady_clock::now();
        for (std::size_t k = 0; k < rounds; ++k) {
            kernel::copy(to.data(), static_cast<const float*>(from.data()), n);
            benchmark::ClobberMemory();
        }
        nanoseconds.push_back(
            std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
    }
    return 2. * static_cast<double>(rounds * n * sizeof(float)) / median_of(nanoseconds);
}

/// One kind of work of a step, and the least time it could take.
struct part_of_step {
    std::string name;
    double operations = 0, bytes = 0; ///< that it cannot do without
    std::vector<double> nanoseconds = {};
};

/// Times a step of a network call by call.
template <class Net>
class parts_of_step {
    using mode = Train<batch>;
    static constexpr detail::purpose training{batch, sizeof(float), true, false, true};
    using executor = detail::executor<Net, float, mode, training>;
    using plan = typename executor::plan;
    static constexpr auto& trace = detail::shapes_of<Net>;
    static constexpr std::size_t nodes = plan::nodes;

    Weights<Net> weights_;
    detail::memory_block memory_{Workspace<Net, mode>::bytes};
    std::vector<part_of_step> forward_, backward_;
    part_of_step loss_{"loss"}, update_{"update"};

    static double bytes_of(std::size_t value)
    {
        return double(batch * trace.at[value].size() * sizeof(float));
    }

public:
    explicit parts_of_step(Generator generator) : weights_(generator)
    {
        for (std::size_t i = 0; i < nodes; ++i) {
            const std::string name = std::string(plan::schedule.path(i)) + " " + detail::name_of_node<Net>(i);
            const detail::layer_facts& f = *trace.facts[i];
            const double products =
                f.multiply_adds == nullptr
                    ? 0
                    : 2. * double(batch * f.multiply_adds(trace.at[plan::schedule.read(i)]));
            double numbers = 0;
            for (std::size_t k = 0; k < f.parameters; ++k)
                numbers += double(f.parameter[k].shape.size() * sizeof(float));
            const double values = bytes_of(plan::schedule.read(i)) + bytes_of(plan::schedule.nodes[i].gives);
            const bool wants_dx =
                plan::value.dx_write[plan::schedule.nodes[i].reads.first] != write_mode::skip;
            forward_.push_back({name + ", forward", products, values + numbers});
            backward_.push_back(
                {name + ", backward", products * (wants_dx ? 2 : 1), 2 * values + 2 * numbers});
        }
        update_.bytes = 3. * double(weights_.learning().size() * sizeof(float));
    }

    /// One step, each call timed.
    void step(const std::int32_t* ids, const std::int32_t* targets, float rate)
    {
        std::byte* pieces[plan::base::count]{};
        constexpr std::size_t gradient_bytes = detail::slots<Net, float>::value.learning * sizeof(float);
        pieces[plan::base::workspace] = memory_.at<std::byte>(gradient_bytes);
        std::copy_n(ids, batch * input_shape<Net>::size,
                    reinterpret_cast<class_id*>(pieces[plan::base::workspace] +
                                                plan::value.value[plan::schedule.inputs[0]].offset));
        const auto timed = [](part_of_step& part, auto&& f) {
            const auto start = std::chrono::steady_clock::now();
            f();
            part.nanoseconds.push_back(
                std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
        };
        const detail::run<float> r{
            .base = pieces, .weights = weights_.data(), .gradients = memory_.at<float>(0), .rows = batch};
        for (std::size_t i = 0; i < nodes; ++i)
            if (plan::value.runs[i])
                timed(forward_[i],
                      [&] { executor::template forward_functions<false>[executor::kinds.kind_of[i]](r, i); });
        const auto* logits = reinterpret_cast<const float*>(
            pieces[plan::base::workspace] + plan::value.value[plan::schedule.outputs[0]].offset);
        static CrossEntropy<> criterion;
        static auto target = xt::xtensor<std::int32_t, 1>::from_shape({batch});
        std::copy_n(targets, batch, target.data());
        const auto y = view_of(logits, std::array<std::size_t, 2>{batch, vocabulary});
        const float* dy = nullptr;
        timed(loss_, [&] { dy = std::get<1>(criterion(y, target)).data(); });
        pieces[plan::base::gradient] = reinterpret_cast<std::byte*>(const_cast<float*>(dy));
        for (std::size_t i = nodes; i-- > 0;)
            if (plan::value.runs_backward[i])
                timed(backward_[i], [&] {
                    executor::template backward_functions<false, false>[executor::kinds.kind_of[i]](r, i);
                });
        timed(update_, [&] {
            kernel::descend(weights_.data(), static_cast<const float*>(r.gradients),
                            weights_.learning().size(), rate);
        });
    }

    /// All parts in the order in which they run.
    void print(const std::string& net, const cpu_limits& limits)
    {
        std::vector<part_of_step*> all;
        for (part_of_step& p : forward_) all.push_back(&p);
        all.push_back(&loss_);
        for (std::size_t i = nodes; i-- > 0;) all.push_back(&backward_[i]);
        all.push_back(&update_);
        double sum = 0, least = 0;
        for (const part_of_step* p : all)
            if (!p->nanoseconds.empty()) sum += median_of(p->nanoseconds);
        std::printf("\n%s: a step by its parts, the gradients kept and then the update\n%-46s %8s %6s %10s\n",
                    net.c_str(), "", "us", "share", "of limit");
        for (const part_of_step* p : all) {
            if (p->nanoseconds.empty()) continue;
            const double t = median_of(p->nanoseconds),
                         limit = std::max(p->operations / limits.operations, p->bytes / limits.bytes);
            least += limit;
            std::printf("%-46s %8.2f %5.1f%%", p->name.c_str(), t / 1e3, 100 * t / sum);
            if (limit > 0) std::printf(" %9.0f%%", 100 * limit / t);
            std::printf("\n");
        }
        std::printf("%-46s %8.2f %5.1f%% %9.0f%%\n", "all", sum / 1e3, 100., 100 * least / sum);
    }
};

} // namespace benchmarks
