// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/train/files.hpp>
#include <ctnn/train/metrics_file.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <doctest/doctest.h>

#include "../../support/files.hpp"

using namespace ctnn;
using support::bytes_of;
using support::Folder;
using support::write_bytes;

namespace {

using Net = Sequential<Linear<2, 3>, BatchNorm<3>, Linear<3, 1>>;
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

} // namespace

TEST_CASE("an early stop keeps the weights of the best metric, whichever way is better")
{
    for (const bool larger : {false, true}) {
        CAPTURE(larger);
        const double sign = larger ? 1 : -1;
        Generator generator{5};
        Model<Net, Train<4>> model{generator};
        EarlyStopping stopping{model, {.patience = 2, .min_delta = 0.1, .larger_is_better = larger}};
        const auto weight = [&](float w) { model.parameter<"0.weight">()(0, 0) = w; };
        const auto best = [&] { return Model<Net, Eval>{stopping.weights()}.parameter<"0.weight">()(0, 0); };
        weight(1);
        CHECK_FALSE(stopping.after(model, not_a_number));
        CHECK(best() != 1); // those that it was made with
        CHECK(stopping.after(model, sign * 3));
        CHECK(best() == 1);
        weight(2);
        CHECK_FALSE(stopping.after(model, sign * 3.05)); // not by more than 0.1
        CHECK_FALSE(stopping.is_over());
        CHECK(stopping.after(model, sign * 3.2));
        CHECK(best() == 2);
        CHECK(stopping.best() == sign * 3.2);
        weight(3);
        CHECK_FALSE(stopping.after(model, sign * -7));
        CHECK_FALSE(stopping.is_over());
        CHECK_FALSE(stopping.after(model, not_a_number));
        CHECK(stopping.is_over());
        CHECK(best() == 2);
    }
    Generator generator{5};
    const Model<Net, Train<4>> model{generator};
    EarlyStopping infinite{model, {.larger_is_better = true}};
    CHECK(infinite.after(model, std::numeric_limits<double>::infinity()));
    CHECK(infinite.best() == std::numeric_limits<double>::max()); // what a checkpoint can keep
    CHECK_THROWS_WITH_AS((EarlyStopping{model, {.patience = 0}}), doctest::Contains("patience of 0"), Error);
    CHECK_THROWS_WITH_AS((EarlyStopping{model, {.min_delta = -1}}), doctest::Contains("min_delta"), Error);
}

TEST_CASE("metrics are lines of JSON that are read back")
{
    const Folder folder;
    const std::string path = folder.file("m");
    {
        MetricsFile file{path};
        file.write(0, std::array{Metric{"loss", 2.5}, Metric{"learning_rate", 0.1}});
        file.write(0, std::array{Metric{"share of", not_a_number}});
        file.write(1, std::array{Metric{"loss", 1e-30}, Metric{"learning_rate", 0.1}});
        CHECK(file.problem().empty());
    }
    CHECK(bytes_of(path) ==
          "{\"step\": 0, \"loss\": 2.5, \"learning_rate\": 0.1}\n{\"step\": 0, \"share of\": "
          "null}\n{\"step\": 1, \"loss\": 1e-30, \"learning_rate\": 0.1}\n");
    write_bytes(path, bytes_of(path) + "notes\n{\"step\": 2, \"loss\": 3, \"lear"); // killed while it wrote
    const auto all = [&] {
        std::vector<std::string> read;
        read_metrics(path, [&](std::size_t step, std::string_view name, double value) {
            read.push_back(std::to_string(step) + " " + std::string(name) + " " + std::to_string(value));
        });
        return read;
    };
    CHECK(all() == std::vector<std::string>{"0 loss 2.500000", "0 learning_rate 0.100000", "0 share of nan",
                                            "1 loss 0.000000", "1 learning_rate 0.100000"});
    { // taken up at step 1: what comes from there on is written anew
        MetricsFile file{path, 1};
        file.write(1, std::array{Metric{"loss", 7.0}});
        CHECK(file.problem().empty());
    }
    CHECK(all() == std::vector<std::string>{"0 loss 2.500000", "0 learning_rate 0.100000", "0 share of nan",
                                            "1 loss 7.000000"});
    CHECK_THROWS_WITH_AS((MetricsFile{folder.file("no/m")}), doctest::Contains("No such file"), Error);
    MetricsFile other{folder.file("other")};
    for (const char* name : {"", "a\"b", "a\\", "a\nb"})
        CHECK_THROWS_WITH_AS(other.write(0, std::array{Metric{name, 1}}),
                             doctest::Contains("a metric is named"), Error);
    CHECK(other.problem().empty());
    CHECK(bytes_of(folder.file("other")).empty());
    MetricsFile none{""};
    none.write(0, std::array{Metric{"loss", 2.5}});
    CHECK(none.problem().empty());
}

TEST_CASE("files are told apart, and what cannot be written is found before the training")
{
    const Folder folder;
    const std::string a = folder.file("a"), b = folder.file("b");
    write_bytes(a, "text");
    if (support::is_windows) std::filesystem::create_hard_link(a, b);
    else std::filesystem::create_symlink(a, b);
    CHECK(same_file(a, folder.file("./a")));
    CHECK(same_file(a, b));
    CHECK(same_file(folder.file("new"),
                    folder.file("../") +
                        std::filesystem::path(folder.file("")).parent_path().filename().string() + "/new"));
    CHECK_FALSE(same_file(a, folder.file("new")));
    CHECK_FALSE(same_file("", ""));
    CHECK_THROWS_WITH_AS(require_different({{"--data", a}, {"--out", b}}),
                         doctest::Contains("--data and --out are one file"), Error);
    require_different({{"--data", a}, {"--out", folder.file("new")}, {"--more", ""}, {"--else", ""}});
    CHECK(is_of_others(a));
    CHECK(is_of_others(a, "other"));
    CHECK_FALSE(is_of_others(a, "text"));
    CHECK_FALSE(is_of_others(folder.file("new")));
    CHECK_FALSE(is_of_others(support::is_windows ? "" : "/dev/null"));
    require_writable(a);
    require_writable(folder.file("new"));
    CHECK_THROWS_WITH_AS(require_writable(folder.file("")), doctest::Contains("it is a folder"), Error);
    CHECK_THROWS_WITH_AS(require_writable(folder.file("no/x")), doctest::Contains("there is no folder"),
                         Error);
    if (!support::is_windows) {
        CHECK_THROWS_WITH_AS(require_writable("/dev/null"), doctest::Contains("not a regular file"), Error);
        CHECK_THROWS_WITH_AS(require_writable(folder.file(std::string(300, 'x'))),
                             doctest::Contains("too long"), Error);
    }
    {
        const FileLock lock{a};
        CHECK(std::filesystem::exists(a + ".lock"));
        CHECK_THROWS_WITH_AS(FileLock{a}, doctest::Contains("another training is writing"), Error);
        const FileLock other{folder.file("new")}, none{""};
    }
    CHECK_FALSE(std::filesystem::exists(a + ".lock"));
    const FileLock again{a};
}

#ifndef _WIN32
TEST_CASE("a lock that is held for a moment more, by what a killed program had just started, is waited for")
{
    const Folder folder;
    const std::string file = folder.file("a");
    int held[2];
    REQUIRE(::pipe(held) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const FileLock lock{file};
        (void)!::write(held[1], "x", 1);
        ::usleep(60'000);
        ::_exit(0); // as a killed program: the file stays, the lock does not
    }
    char c = 0;
    REQUIRE(::read(held[0], &c, 1) == 1);
    const FileLock lock{file};
    CHECK(std::filesystem::exists(file + ".lock"));
    CHECK(::waitpid(child, nullptr, 0) == child);
    ::close(held[0]);
    ::close(held[1]);
}
#endif
