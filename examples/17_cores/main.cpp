// SPDX-License-Identifier: BSD-3-Clause
/// Trains the lecture's network on four shards of 32 names a step: with the cores of this machine, or, built
/// with MPI, with processes on any number of machines. The last line is the same either way.
///
///   17_cores [STEPS [FILE]]    FILE: a checkpoint to go on from, if it is there, and to save to
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>

#include <ctnn/ctnn.hpp>
#include <ctnn/io/checkpoint.hpp>
#include <ctnn/parallel/data_parallel.hpp>
#include <ctnn/parallel/evaluate.hpp>
#include <ctnn/parallel/workers.hpp>
#include <ctnn/train/signals.hpp>
#ifdef CTNN_WITH_MPI
#include <ctnn/parallel/mpi.hpp>
#endif

namespace {

using namespace ctnn;

using Net = Sequential<Embedding<27, 10>, Linear<30, 200, NoBias>, BatchNorm<200>, Tanh, Linear<200, 27>>;

struct Arguments {
    std::size_t steps = 10'000;
    std::string file;
};

/// `team` is all that differs between threads and processes. One of them prints and saves.
template <Team Workers>
void train(Workers& team, bool is_first, const Arguments& arguments)
{
    Words words = read_words(CTNN_NAMES_FILE);
    const Vocabulary vocabulary{words};
    shuffle(words, PythonRandom{42});
    const Split parts = split(words);
    const Samples samples = ngrams(parts.train, vocabulary, 3),
                  held_out = ngrams(parts.validation, vocabulary, 3);

    Generator generator{2147483647};
    DataParallel<Net, Train<32>, Shards<4>> model{generator};
    const MultiStep schedule{0.4, {7'000}}; // four times the batch, four times the rate
    Sgd sgd{model, {.learning_rate = static_cast<float>(schedule.at(0))}};
    Minibatches<model.batch> batches{samples};
    Checkpoint checkpoint{model, sgd, generator, batches};

    std::error_code unknown;
    std::size_t step = std::filesystem::exists(arguments.file, unknown) ? checkpoint.load(arguments.file) : 0;
    team.run([&](std::size_t) { team.meet(); }); // all have read the file before one writes it
    const SignalWatch watch;
    float loss = 0;
    for (; step < arguments.steps && stop_signal() == 0; ++step) {
        if (is_first && !arguments.file.empty() && step % 1'000 == 0) checkpoint.save(arguments.file, step);
        const auto [contexts, targets] = batches.next(generator);
        sgd.set_learning_rate(schedule.at(step));
        loss = model.step(team, contexts, targets, CrossEntropy{}, sgd);
        if (is_first && step % 1'000 == 0) std::printf("%7zu: %.4f\n", step, static_cast<double>(loss));
    }
    if (is_first && !arguments.file.empty()) checkpoint.save(arguments.file, step);
    const double validation = mean_loss(team, freeze(model), held_out);
    if (!is_first) return;
    std::printf("%7zu: validation %.7f\n", step, validation);
}

} // namespace

int main(int argc, char** argv)
{
    try {
#ifdef CTNN_WITH_MPI
        const mpi::Session session{argc, argv};
        mpi::Ranks team{session};
        const bool is_first = team.first();
#else
        Workers team;
        const bool is_first = true;
#endif
        Arguments arguments;
        if (argc > 1) arguments.steps = static_cast<std::size_t>(std::strtoul(argv[1], nullptr, 10));
        if (argc > 2) arguments.file = argv[2];
        if (is_first) std::printf("%zu workers\n", team.size());
        train(team, is_first, arguments);
        return stop_signal() == 0 ? 0 : 128 + stop_signal();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
