// SPDX-License-Identifier: BSD-3-Clause
/// ranks WHAT [options]: what a training in several processes must show, for tests/scale/*.sh.
///
///   bits             : checksums of the weights after 400 steps, with threads too when there is one rank
///   allocations      : calls of malloc in 1,000 steps
///   train FILE STEPS : a training that is taken up again from its checkpoint, until a step is reached
///   exchange ROUNDS BYTES... : how long an exchange takes
///   sweep FILE N     : N trials into a journal
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/mpi.hpp>
#include <ctnn/parallel/trials.hpp>
#include <ctnn/parallel/workers.hpp>
#include <ctnn/train/training.hpp>

using namespace ctnn;
using namespace std::chrono_literals;

namespace {

std::atomic<std::size_t> allocations{0};

template <std::size_t In, std::size_t Out>
using Hidden = Sequential<Linear<In, Out, NoBias>, BatchNorm<Out>, Tanh>;
using NormNet = Sequential<Embedding<27, 10>, Hidden<30, 200>, Linear<200, 27>>;
using SyncNet = Sequential<Embedding<27, 10>, Linear<30, 100, NoBias>, SyncBatchNorm<100>, Tanh,
                           Linear<100, 100>, SyncBatchNorm<100>, Tanh, Linear<100, 27>>;
using DropNet = Sequential<Embedding<27, 10>, Linear<30, 100>, Dropout<1, 5>, Tanh, Linear<100, 27>>;
using LargeNet =
    Sequential<Embedding<27, 10>, Linear<30, 500>, Tanh, Linear<500, 300>, Tanh, Linear<300, 27>>;
// Tables of which rows are exchanged; in the second the rest is so much that hosts halve it.
using TableNet = Sequential<Embedding<40'000, 12>, Linear<36, 27>>;
using WideNet = Sequential<Embedding<40'000, 12>, Linear<36, 2000>, Tanh, Linear<2000, 27>>;

Samples some_samples(std::int64_t classes = 27)
{
    Generator g{3};
    constexpr std::size_t n = 5000;
    Samples samples{xt::xtensor<class_id, 2>::from_shape({n, 3}), xt::xtensor<class_id, 1>::from_shape({n})};
    const auto x = g.randint(0, classes, 3 * n), t = g.randint(0, 27, n);
    std::copy(x.begin(), x.end(), samples.contexts.begin());
    std::copy(t.begin(), t.end(), samples.targets.begin());
    return samples;
}

template <class M>
std::string bits_of(const M& model)
{
    detail::checksum sum;
    sum.add(model.weights().data(), Weights<typename M::network>::bytes);
    return sum.text();
}

template <class Net, std::size_t B, class Workers, class Make>
std::string trained(Workers& team, Make make, std::size_t steps)
{
    const Samples samples = some_samples(detail::classes_of_input<Net>(0));
    Generator generator{7};
    auto model = std::make_unique<DataParallel<Net, Train<B>, Shards<4>>>(generator);
    auto optimizer = make(*model);
    Minibatches<4 * B> batches{samples};
    for (std::size_t i = 0; i < steps; ++i) {
        const auto [x, t] = batches.next(generator);
        (void)model->step(team, x, t, CrossEntropy{}, optimizer);
    }
    return bits_of(*model);
}

const auto momentum = [](const auto& model) { return Sgd{model, {.learning_rate = 0.1F, .momentum = 0.9F}}; };
const auto plain = [](const auto& model) { return Sgd{model, {.learning_rate = 0.1F}}; };
const auto adam_w = [](const auto& model) { return AdamW{model, {.learning_rate = 0.01}}; };

template <class Workers>
void print_bits(Workers& team, bool prints, std::size_t steps)
{
    const std::string all[] = {
        trained<NormNet, 32>(team, momentum, steps),   trained<NormNet, 8>(team, adam_w, steps),
        trained<DropNet, 8>(team, momentum, steps),    trained<SyncNet, 8>(team, momentum, steps),
        trained<LargeNet, 8>(team, adam_w, steps / 4), trained<TableNet, 8>(team, plain, steps),
        trained<WideNet, 8>(team, momentum, steps / 8)};
    if (prints) {
        for (const std::string& bits : all) std::printf("%s ", bits.c_str());
        std::printf("\n");
    }
}

double median(std::vector<double> times)
{
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}
double microseconds_since(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

/// Sums of so many bytes, told and read: the work of a step without its network.
void time_exchange(mpi::Ranks& ranks, int rounds, std::size_t bytes)
{
    constexpr std::size_t head_numbers = 16;
    const std::size_t n = bytes / 64 * 16;
    detail::exchange<mpi::Ranks, float> exchange(ranks, ranks.size(), head_numbers + n);
    std::vector<float> numbers(head_numbers + n, 1.0F);
    const std::array<float, head_numbers> head{};
    const float* const from = numbers.data() + head.size();
    std::vector<double> times;
    for (int i = 0; i < rounds; ++i) {
        const auto start = std::chrono::steady_clock::now();
        exchange.put_head(ranks.rank(), head.data(), head.size());
        exchange.put(ranks.rank(), head.size(), &from, 1, n);
        exchange.trade(ranks.rank(), detail::add_up{numbers.size()});
        const auto all = exchange.all(ranks.rank());
        kernel::tree_sum(numbers.data(), all.data(), all.size(), numbers.size(),
                         1.0F / static_cast<float>(ranks.size()));
        exchange.turn(ranks.rank());
        times.push_back(microseconds_since(start));
    }
    if (ranks.first())
        std::printf("exchange %zu ranks %zu hosts %zu bytes %.1f us\n", ranks.size(), ranks.hosts(), bytes,
                    median(times));
}

void run(const std::string& what, const std::vector<std::string>& options, mpi::Ranks& ranks)
{
    if (what == "bits") {
        const std::size_t steps = options.empty() ? 400 : std::stoul(options[0]);
        print_bits(ranks, ranks.first(), steps);
        if (ranks.size() == 1)
            for (const std::size_t count : {1U, 2U, 4U}) {
                Workers workers{count, {.may_exceed_cores = true}};
                print_bits(workers, true, steps);
            }
    } else if (what == "allocations") {
        const Samples samples = some_samples();
        Generator generator{7};
        DataParallel<NormNet, Train<32>, Shards<4>> model{generator};
        auto sgd = momentum(model);
        Minibatches<model.batch> batches{samples};
        std::size_t before = 0;
        for (int i = 0; i < 1100; ++i) {
            if (i == 100) before = allocations.load();
            if (i == 700 && std::getenv("ASTRAY") != nullptr && ranks.rank() + 1 == ranks.size())
                model.parameter<"1.0.weight">()(0, 0) += 1e-3F;
            const auto [x, t] = batches.next(generator);
            (void)model.step(ranks, x, t, CrossEntropy{}, sgd);
        }
        std::printf("rank %zu: %zu allocations in 1000 steps\n", ranks.rank(), allocations.load() - before);
    } else if (what == "train") {
        const Samples samples = some_samples();
        Generator generator{7};
        DataParallel<NormNet, Train<8>, Shards<4>> model{generator};
        auto sgd = momentum(model);
        Minibatches<model.batch> batches{samples};
        const std::string file = ranks.first() ? options.at(0) : "";
        Checkpoint checkpoint{model, sgd, generator, batches};
        const std::size_t steps = std::stoul(options.at(1));
        std::size_t step = std::filesystem::exists(options.at(0)) ? checkpoint.load(options.at(0)) : 0;
        ranks.meet(); // before the first of them writes
        const SignalWatch watch;
        for (; step < steps && stop_signal() == 0; ++step) {
            if (ranks.first() && step % 200 == 0) checkpoint.save(file, step);
            const auto [x, t] = batches.next(generator);
            (void)model.step(ranks, x, t, CrossEntropy{}, sgd);
        }
        if (ranks.first()) checkpoint.save(file, step);
        if (ranks.first()) std::printf("step %zu %s\n", step, bits_of(model).c_str());
        if (stop_signal() != 0) std::printf("rank %zu stopped after step %zu\n", ranks.rank(), step);
    } else if (what == "exchange") {
        const int rounds = options.empty() ? 20'000 : std::stoi(options[0]);
        for (std::size_t k = 1; k < std::max<std::size_t>(2, options.size()); ++k)
            time_exchange(ranks, rounds, options.size() > 1 ? std::stoul(options[k]) : 48'512);
    } else if (what == "sweep") {
        const auto trials = all_combinations({{"seed", [&] {
                                                   std::vector<double> seeds;
                                                   for (int i = 0; i < std::stoi(options.at(1)); ++i)
                                                       seeds.push_back(i);
                                                   return seeds;
                                               }()}});
        const auto all =
            for_each_trial(ranks, trials,
                           [&](const NamedNumbers& settings) {
                               std::this_thread::sleep_for(5ms);
                               return NamedNumbers{{"square", settings.at("seed") * settings.at("seed")}};
                           },
                           {.journal = options.at(0)});
        double sum = 0;
        for (const Trial& t : all) sum += t.results.at("square");
        std::printf("rank %zu: %zu trials, sum %.0f\n", ranks.rank(), all.size(), sum);
    } else {
        throw Error("ctnn.option", "there is nothing called '" + what + "'");
    }
}

} // namespace

#if defined(__GLIBC__)
// Every call of this program and of MPI comes here.
extern "C" void* __libc_malloc(std::size_t bytes);
extern "C" void* malloc(std::size_t bytes)
{
    ++allocations;
    return __libc_malloc(bytes);
}
#endif

int main(int argc, char** argv)
{
    const mpi::Session session{argc, argv};
    mpi::RanksOptions ranks_options;
    if (const char* seconds = std::getenv("DEADLINE"))
        ranks_options.deadline = std::chrono::seconds(std::atoi(seconds));
    mpi::Ranks ranks{session, ranks_options};
    run(argc > 1 ? argv[1] : "bits", {argv + std::min(argc, 2), argv + argc}, ranks);
}
