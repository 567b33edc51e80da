// SPDX-License-Identifier: BSD-3-Clause
/// What a second core gains: a step of 128 samples in four shards, an evaluation, and trials; and what peers
/// make of it. "model" is one core with the whole batch.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <ctnn/ctnn.hpp>
#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/evaluate.hpp>
#include <ctnn/parallel/trials.hpp>
#include <ctnn/parallel/workers.hpp>

#include "ours.hpp"

using namespace benchmarks;

namespace {

constexpr std::size_t whole = batch, batches = 8;

using Table = Sequential<Embedding<250'000, 16, 8>, Flatten, Linear<128, 27>>;

struct Data {
    std::vector<xt::xtensor<class_id, 2>> x;
    std::vector<xt::xtensor<class_id, 1>> t;
};
Data some_batches(std::size_t context, std::size_t samples = whole, std::size_t classes = vocabulary)
{
    Generator generator{2};
    Data data;
    for (std::size_t i = 0; i < batches; ++i) {
        const auto x = generator.randint(0, static_cast<std::int64_t>(classes), samples * context),
                   t = generator.randint(0, vocabulary, samples);
        data.x.push_back(xt::xtensor<class_id, 2>::from_shape({samples, context}));
        data.t.push_back(xt::xtensor<class_id, 1>::from_shape({samples}));
        std::copy(x.begin(), x.end(), data.x.back().begin());
        std::copy(t.begin(), t.end(), data.t.back().begin());
    }
    return data;
}

/// run(i) for the i-th batch, in microseconds of the clock on the wall.
template <class Run>
void add(const std::string& name, Run run)
{
    benchmark::RegisterBenchmark(name.c_str(),
                                 [run](benchmark::State& state) mutable {
                                     std::size_t i = 0;
                                     for (auto _ : state) run(i++ % batches);
                                 })
        ->Unit(benchmark::kMicrosecond)
        ->UseRealTime();
}

template <class Net>
void add_steps(const std::string& name)
{
    const auto data = std::make_shared<Data>(
        some_batches(input_shape<Net>::size, whole, ctnn::detail::classes_of_input<Net>(0)));
    struct Whole {
        Generator generator{1};
        Model<Net, Train<whole>> model{generator};
        Sgd<Net> sgd{model, {.learning_rate = 0.01F}};
        CrossEntropy<float> criterion;
    };
    const auto one = std::make_shared<Whole>();
    add("step " + name + ", model", [one, data](std::size_t i) {
        const auto [loss, dlogits] = one->criterion(one->model.forward(data->x[i]), data->t[i]);
        one->sgd.step(one->model, dlogits);
    });
    for (std::size_t count = 1; count <= std::min<std::size_t>(4, allowed_cores()); count *= 2) {
        struct Shared {
            explicit Shared(std::size_t n) : workers(n) {}
            Generator generator{1};
            DataParallel<Net, Train<32>, Shards<4>> model{generator};
            Sgd<Net> sgd{model, {.learning_rate = 0.01F}};
            Workers workers;
        };
        const auto shared = std::make_shared<Shared>(count);
        add("step " + name + ", " + std::to_string(count) + " workers", [shared, data](std::size_t i) {
            shared->model.step(shared->workers, data->x[i], data->t[i], CrossEntropy{}, shared->sgd);
        });
    }
}

#if defined(CTNN_BENCHMARK_EIGEN) || defined(CTNN_BENCHMARK_LIBTORCH)
/// A step of a peer with one thread and with two.
void add_peer(const char* name, std::unique_ptr<trainer> (*make)(const parameters&), const parameters& all,
              const std::string& net, std::size_t context, void (*set_threads)(int))
{
    const auto data = std::make_shared<Data>(some_batches(context));
    const std::shared_ptr<trainer> one = make(all);
    for (const int threads : {1, 2})
        add("step " + net + ", " + name + ", " + std::to_string(threads) + " threads", [=](std::size_t i) {
            set_threads(threads);
            benchmark::DoNotOptimize(one->step(data->x[i].data(), data->t[i].data(), 0.01F));
        });
}
void add_peers(const char* name, const peer& p, void (*set_threads)(int))
{
    Generator generator{1};
    add_peer(name, p.lecture, parameters_of_model(Model<Lecture, Train<whole>>(generator)), "lecture", 3,
             set_threads);
    add_peer(name, p.deep, parameters_of_model(Model<Deep, Train<whole>>(generator)), "deep", 3, set_threads);
    add_peer(name, p.hierarchical, parameters_of_model(Model<Hierarchical, Train<whole>>(generator)),
             "hierarchical", 8, set_threads);
}
#endif

void add_evaluations()
{
    const auto data = std::make_shared<Data>(some_batches(3, 200'000));
    Generator generator{1};
    using Frozen = decltype(freeze(Model<Lecture, Train<32>>(generator)));
    const auto frozen = std::make_shared<Frozen>(freeze(Model<Lecture, Train<32>>(generator)));
    for (std::size_t count = 1; count <= std::min<std::size_t>(4, allowed_cores()); count *= 2) {
        const auto workers = std::make_shared<Workers>(count);
        add("evaluation of 200,000, " + std::to_string(count) + " workers", [=](std::size_t) {
            benchmark::DoNotOptimize(mean_loss(*workers, *frozen, data->x[0], data->t[0]));
        });
    }
}

void add_trials()
{
    const auto data = std::make_shared<Data>(some_batches(3, 32));
    const auto train = [data](const NamedNumbers& settings) {
        Generator generator{static_cast<std::uint64_t>(settings.at("seed"))};
        Model<Lecture, Train<32>> model{generator};
        Sgd sgd{model};
        CrossEntropy criterion;
        float last = 0;
        for (std::size_t i = 0; i < 5'000; ++i) {
            const auto [loss, dlogits] = criterion(model.forward(data->x[i % batches]), data->t[i % batches]);
            sgd.step(model, dlogits);
            last = loss;
        }
        return NamedNumbers{{"loss", static_cast<double>(last)}};
    };
    for (std::size_t count = 1; count <= std::min<std::size_t>(4, allowed_cores()); count *= 2) {
        const auto workers = std::make_shared<Workers>(count);
        add("8 trials of 5,000 steps, " + std::to_string(count) + " workers", [=](std::size_t) {
            benchmark::DoNotOptimize(
                for_each_trial(*workers, all_combinations({{"seed", {1, 2, 3, 4, 5, 6, 7, 8}}}), train));
        });
    }
}

} // namespace

int main(int argc, char** argv)
{
    add_steps<Lecture>("lecture");
    add_steps<Deep>("deep");
    add_steps<Hierarchical>("hierarchical");
    add_steps<Table>("table of 250,000");
#if defined(CTNN_BENCHMARK_EIGEN)
    add_peers("Eigen", eigen_peer(), set_eigen_threads);
#endif
#if defined(CTNN_BENCHMARK_LIBTORCH)
    add_peers("libtorch", libtorch_peer(), set_libtorch_threads);
#endif
    add_evaluations();
    add_trials();
#if defined(CTNN_BENCHMARK_PYTORCH)
    const bool runs_all = argc == 1;
#endif
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
#if defined(CTNN_BENCHMARK_PYTORCH)
    if (runs_all) return std::system(CTNN_BENCHMARK_PYTORCH);
#endif
}
