// SPDX-License-Identifier: BSD-3-Clause
/// A step of the trainings in the examples' chapters, batch and optimizer and all, beside libtorch.
/// PyTorch's own time is what examples/03_regression/regression.py and 04_digits/digits.py say.
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>

#include <ctnn/ctnn.hpp>

#include "chapters.hpp"

using namespace ctnn;
using namespace benchmarks;

namespace {

constexpr std::size_t rows = 1257, batch = 32;

template <class Net, class Criterion, class X, class Y>
step our_step(const X& x, const Y& y)
{
    struct training {
        Generator generator{1};
        Model<Net, Train<batch>> model{generator};
        AdamW<Net> adam_w{model, {.learning_rate = 2e-3}};
        Criterion criterion;
        Epochs<batch, X, Y> epochs;
        training(const X& a, const Y& b) : epochs(a, b) {}
    };
    return [t = std::make_shared<training>(x, y)] {
        const auto [bx, by] = t->epochs.next(t->generator);
        const auto [loss, dy] = t->criterion(t->model.forward(bx, t->generator), by);
        t->model.backward(dy);
        t->adam_w.step(t->model);
        return loss;
    };
}

void add(const std::string& name, step f)
{
    benchmark::RegisterBenchmark(name.c_str(), [f = std::move(f)](benchmark::State& state) {
        for (auto _ : state) benchmark::DoNotOptimize(f());
    });
}

} // namespace

int main(int argc, char** argv)
{
    Generator generator{5};
    const xt::xtensor<float, 2> pixels = generator.rand(rows, 64), number = generator.rand(rows, 1),
                                answer = generator.randn(rows, 1);
    const xt::xtensor<class_id, 1> classes = generator.randint(0, 10, rows);
    add("04_digits step/ctnn",
        our_step<Sequential<Linear<64, 64>, ReLU, Dropout<1, 5>, Linear<64, 10>>, CrossEntropy<>>(pixels,
                                                                                                  classes));
    add("03_regression step/ctnn",
        our_step<Sequential<Linear<1, 64>, Tanh, Linear<64, 64>, Tanh, Linear<64, 1>>, MeanSquaredError<>>(
            number, answer));
#if defined(CTNN_BENCHMARK_LIBTORCH)
    const chapter_data of_digits{rows, {pixels.begin(), pixels.end()}, {}, {classes.begin(), classes.end()}};
    const chapter_data of_regression{
        rows, {number.begin(), number.end()}, {answer.begin(), answer.end()}, {}};
    add("04_digits step/libtorch", libtorch_step(digits, of_digits));
    add("03_regression step/libtorch", libtorch_step(regression, of_regression));
#endif
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
}
