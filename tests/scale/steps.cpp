// SPDX-License-Identifier: BSD-3-Clause
/// How long a step of 4 shards of 32 takes on one core, and what workers would exchange: lines
/// "step NET T us BYTES bytes", for predict.sh.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/workers.hpp>

#include "../benchmark/ours.hpp"

using namespace ctnn;

namespace {

template <class Net>
void time_steps(const char* name)
{
    Generator generator{7};
    DataParallel<Net, Train<32>, Shards<4>> model{generator};
    Sgd sgd{model};
    Workers one{1};
    const auto x = generator.randint(0, 27, model.batch, input_shape<Net>::size);
    const auto t = generator.randint(0, 27, model.batch);
    std::vector<double> times;
    for (int i = 0; i < 1000; ++i) {
        const auto start = std::chrono::steady_clock::now();
        (void)model.step(one, x, t, CrossEntropy{}, sgd);
        times.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    std::printf("step %s %.1f us %zu bytes\n", name, times[times.size() / 2],
                Weights<Net>::bytes + 64); // parameters, running statistics, and a line of other news
}

} // namespace

int main()
{
    time_steps<benchmarks::Lecture>("lecture");
    time_steps<benchmarks::Deep>("deep");
    time_steps<benchmarks::Hierarchical>("hierarchical");
}
