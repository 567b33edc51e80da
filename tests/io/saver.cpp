// SPDX-License-Identifier: BSD-3-Clause
/// A program that is stopped while it saves:
///   saver kill FOLDER ROUNDS   starts itself that often, kills it at a random moment, and looks at the file
///   each time saver once FILE            saves one model; 0 when it could, 3 with the error's text when not
///   saver check FILE           0 when the file holds one of the two models, whole
#include <ctnn/ctnn.hpp>
#include <ctnn/io/model_file.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>

#include <sys/wait.h>
#include <unistd.h>

using namespace ctnn;

namespace {

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

Model<Net, Eval> model_of(std::uint64_t seed)
{
    Generator generator{seed};
    return Model<Net, Eval>{generator};
}

bool same(const Model<Net, Eval>& a, const Model<Net, Eval>& b)
{
    return a.parameter<"4.weight">() == b.parameter<"4.weight">() &&
           a.parameter<"0.weight">() == b.parameter<"0.weight">();
}

bool is_whole(const std::string& path)
{
    Model<Net, Eval> model;
    load(model, path);
    return same(model, model_of(1)) || same(model, model_of(2));
}

int kill_often(const std::string& folder, int rounds)
{
    const std::string path = folder + "/a.safetensors";
    save(model_of(1), path);
    const unsigned seed = std::getenv("CTNN_SEED") != nullptr
                              ? static_cast<unsigned>(std::atoi(std::getenv("CTNN_SEED")))
                              : std::random_device{}();
    std::mt19937 random(seed);
    int left = 0, second = 0;
    for (int round = 0; round < rounds; ++round) {
        const pid_t child = fork();
        if (child == 0) {
            const auto one = model_of(1), two = model_of(2);
            for (;;) {
                save(two, path);
                save(one, path);
            }
        }
        usleep(static_cast<useconds_t>(random() % 4000));
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        if (!is_whole(path)) {
            std::printf("round %d of seed %u: the file is neither the old nor the new one\n", round, seed);
            return 1;
        }
        Model<Net, Eval> model;
        load(model, path);
        second += same(model, model_of(2));
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            if (entry.path() != path) {
                ++left;
                std::filesystem::remove(entry.path());
            }
    }
    std::printf(
        "%d kills: always a whole file; %d times the second of the two, %d times a temporary was left\n",
        rounds, second, left);
    return left > 0 && second > 0 && second < rounds ? 0 : 1; // else no kill came while it was at work
}

} // namespace

int main(int argc, char** argv)
{
    const std::string_view what = argc > 2 ? argv[1] : "";
    try {
        if (what == "kill" && argc == 4) return kill_often(argv[2], std::atoi(argv[3]));
        if (what == "once") {
            save(model_of(2), argv[2]);
            return 0;
        }
        if (what == "check") return is_whole(argv[2]) ? 0 : 1;
    } catch (const Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 3;
    }
    return 1;
}
