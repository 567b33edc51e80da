// SPDX-License-Identifier: BSD-3-Clause
/// What the page calls. Text comes back as a pointer that holds until the next call; what goes wrong, as text
/// that begins with "!".
#include <cmath>
#include <cstdlib>
#include <string>

#include <ctnn/data/splits.hpp>
#include <ctnn/data/words.hpp>
#include <ctnn/random/python_random.hpp>

#include "chosen.hpp"
#include "machine.hpp"

namespace live {
template <>
std::unique_ptr<Machine> make<1>(const Settings&, const Data&);
template <>
std::unique_ptr<Machine> make<2>(const Settings&, const Data&);
template <>
std::unique_ptr<Machine> make<3>(const Settings&, const Data&);
template <>
std::unique_ptr<Machine> make<4>(const Settings&, const Data&);
template <>
std::unique_ptr<Machine> make<5>(const Settings&, const Data&);
template <>
std::unique_ptr<Machine> make<6>(const Settings&, const Data&);
} // namespace live

namespace {

using namespace live;

std::unique_ptr<Data> data;
std::unique_ptr<Machine> machine;
std::string answer;

/// f(), or what went wrong.
template <class F>
const char* answered(F f)
{
    try {
        answer = f();
    } catch (const std::exception& error) {
        answer = std::string("!") + error.what();
    }
    return answer.c_str();
}

Data read_data(const std::string& path)
{
    ctnn::Words words = ctnn::read_words(path);
    const ctnn::Vocabulary vocabulary{words};
    ctnn::shuffle(words, ctnn::PythonRandom{42});
    const ctnn::Split parts = ctnn::split(words);
    return {vocabulary, ctnn::ngrams(parts.train, vocabulary, 3),
            ctnn::ngrams(parts.validation, vocabulary, 3)};
}

std::unique_ptr<Machine> made(const Settings& s)
{
    switch (s.depth) {
    case 2:
        return make<2>(s, *data);
    case 3:
        return make<3>(s, *data);
    case 4:
        return make<4>(s, *data);
    case 5:
        return make<5>(s, *data);
    case 6:
        return make<6>(s, *data);
    default:
        return make<1>(s, *data);
    }
}

/// The machine, once there is one.
Machine& started()
{
    if (!machine) throw ctnn::Error("live", "there is no network yet");
    return *machine;
}

} // namespace

extern "C" {

/// The names, one a line, in a file.
const char* live_read(const char* path)
{
    return answered([&] {
        data = std::make_unique<Data>(read_data(path));
        return std::string();
    });
}

/// A new network. Returns what is said of its start, as JSON.
const char* live_start(double seed, int depth, int norm, int nonlinearity, double first_scale, double gain,
                       double last_scale, double rate, double decay_at)
{
    return answered([&] {
        chosen = static_cast<Nonlinearity>(nonlinearity);
        ctnn::output_limits<Chosen>::set();
        machine = made({.seed = static_cast<std::uint64_t>(seed),
                        .depth = depth,
                        .norm = static_cast<Norm>(norm),
                        .nonlinearity = chosen,
                        .first_scale = first_scale,
                        .gain = gain,
                        .last_scale = last_scale,
                        .rate = rate,
                        .decay_at = static_cast<std::size_t>(decay_at)});
        return machine->start();
    });
}

/// So many steps, the loss of each into `losses`. Returns how many were done: fewer where the loss is no
/// number any more; -1 where something went wrong, which live_answer says.
int live_steps(int count, float* losses)
{
    int done = 0;
    answered([&] {
        while (done < count) {
            losses[done] = static_cast<float>(started().step());
            if (!std::isfinite(losses[done++])) break;
        }
        return std::string();
    });
    return answer.empty() ? done : -1;
}
const char* live_answer() { return answer.c_str(); }
const char* live_look()
{
    return answered([] { return started().look(); });
}
const char* live_names(int count, int of_batch, double seed)
{
    return answered([&] { return started().names(count, of_batch != 0, static_cast<std::uint64_t>(seed)); });
}
double live_validation()
{
    double loss = 0;
    answered([&] {
        loss = started().validation_loss();
        return std::string();
    });
    return loss;
}
double live_step_count() { return machine ? static_cast<double>(machine->steps()) : 0; }
const char* live_pace()
{
    return answered([] { return started().pace(); });
}
const char* live_network()
{
    return answered([] { return started().network(); });
}
const char* live_save(const char* path)
{
    return answered([&] {
        started().save(path);
        return std::string();
    });
}
const char* live_load(const char* path)
{
    return answered([&] {
        started().load(path);
        return std::string();
    });
}
}
