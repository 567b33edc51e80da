// SPDX-License-Identifier: BSD-3-Clause
/// Trials: each once, whoever does it and however often the program is started.
#include <atomic>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <ctnn/parallel/trials.hpp>
#include <ctnn/parallel/workers.hpp>
#include <doctest/doctest.h>

#include "support/files.hpp"

using namespace ctnn;

namespace {

constexpr WorkersOptions many{.may_exceed_cores = true};
const std::vector<NamedNumbers> trials =
    all_combinations({{"learning rate", {0.03, 0.1, 0.3}}, {"seed", {1, 2, 3, 4}}});

NamedNumbers product(const NamedNumbers& t) { return {{"product", t.at("learning rate") * t.at("seed")}}; }

std::string contents(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
void write(const std::string& path, const std::string& text)
{
    std::ofstream(path, std::ios::binary) << text;
}

} // namespace

TEST_CASE("trials: all combinations, each done once, results in order")
{
    REQUIRE(trials.size() == 12);
    CHECK(trials[0] == NamedNumbers{{"learning rate", 0.03}, {"seed", 1}});
    CHECK(trials[11] == NamedNumbers{{"learning rate", 0.3}, {"seed", 4}});
    CHECK_THROWS_WITH_AS((void)trials[0].at("rate"), "[ctnn.option] there is no number named 'rate'", Error);
    for (const std::size_t count : {1U, 2U, 4U}) {
        Workers workers{count, many};
        std::atomic<int> done{0};
        std::vector<std::atomic<int>> by(count);
        const auto all = for_each_trial(workers, trials, [&](const NamedNumbers& t, std::size_t worker) {
            ++done;
            ++by[worker];
            return product(t);
        });
        CHECK(done == 12);
        REQUIRE(all.size() == 12);
        for (std::size_t i = 0; i < 12; ++i) {
            CHECK(all[i].settings == trials[i]);
            CHECK(all[i].results == product(trials[i]));
        }
    }
}

TEST_CASE("trials: a journal is gone on with, and a broken end of it is done again")
{
    const support::Folder folder;
    const std::string journal = folder.file("sweep.jsonl");
    Workers workers{2, many};
    std::atomic<int> done{0};
    const auto counted = [&](const NamedNumbers& t) {
        if (++done == 6) throw std::runtime_error("killed");
        return product(t);
    };
    const TrialOptions options{.journal = journal, .settings = "200 \"steps\""};
    CHECK_THROWS_WITH((void)for_each_trial(workers, trials, counted, options), "killed");
    std::string text = contents(journal);
    CHECK(text.starts_with("{\"settings\": {\"learning rate\": 0.03, \"seed\": "));
    CHECK(text.find("\"of\": \"200 \\\"steps\\\"\"}\n") != std::string::npos);
    const auto lines = std::count(text.begin(), text.end(), '\n');
    CHECK(lines >= 5);
    CHECK(lines <= 6);
    write(journal, text.substr(0, text.size() - 5)); // the last trial's line has lost its end
    done = 100;
    auto all = for_each_trial(workers, trials, counted, options);
    CHECK(done == 100 + 12 - (lines - 1));
    REQUIRE(all.size() == 12);
    for (std::size_t i = 0; i < 12; ++i) CHECK(all[i].results == product(trials[i]));
    text = contents(journal);
    CHECK(std::count(text.begin(), text.end(), '\n') == 12);

    all = for_each_trial(workers, trials, counted, options); // nothing is left to do
    CHECK(done == 112 - (lines - 1));
    CHECK(contents(journal) == text);
}

TEST_CASE("trials: parts write files of their own, and the whole has them all")
{
    const support::Folder folder;
    const std::string journal = folder.file("sweep.jsonl");
    Workers workers{1};
    int done = 0;
    const auto counted = [&](const NamedNumbers& t) {
        ++done;
        return product(t);
    };
    for (std::size_t part = 1; part <= 5; ++part) {
        const auto all =
            for_each_trial(workers, trials, counted, {.journal = journal, .part = part, .parts = 5});
        CHECK(all.size() == static_cast<std::size_t>(done));
        CHECK(std::filesystem::exists(journal + ".part-" + std::to_string(part) + "-of-5"));
    }
    CHECK(done == 12);
    const auto all = for_each_trial(workers, trials, counted, {.journal = journal});
    CHECK(done == 12);
    REQUIRE(all.size() == 12);
    for (std::size_t i = 0; i < 12; ++i) CHECK(all[i].results == product(trials[i]));
    CHECK_THROWS_WITH_AS((void)for_each_trial(workers, trials, counted, {.part = 6, .parts = 5}),
                         "[ctnn.option] there is no part 6 of 5", Error);
    CHECK_THROWS_AS((void)for_each_trial(workers, trials, counted, {.part = 0, .parts = 5}), Error);
}

TEST_CASE("trials: a result that is not finite, and journals that are refused")
{
    const support::Folder folder;
    const std::string journal = folder.file("sweep.jsonl");
    Workers workers{1};
    const std::vector<NamedNumbers> one{{{"seed", 9007199254740991.0}}};
    const auto diverged = [](const NamedNumbers&) {
        return NamedNumbers{{"loss", std::numeric_limits<double>::infinity()}, {"steps", 0.1}};
    };
    (void)for_each_trial(workers, one, diverged, {.journal = journal});
    CHECK(contents(journal) == "{\"settings\": {\"seed\": 9007199254740991}, \"results\": {\"loss\": null, "
                               "\"steps\": 0.1}, \"of\": \"\"}\n");
    const auto never = [](const NamedNumbers&) -> NamedNumbers { throw std::runtime_error("again"); };
    const auto all = for_each_trial(workers, one, never, {.journal = journal});
    REQUIRE(all.size() == 1);
    CHECK(std::isnan(all[0].results.at("loss")));

    const auto refused = [&](const std::string& text, const char* why) {
        write(journal, text);
        CHECK_THROWS_WITH_AS((void)for_each_trial(workers, one, diverged, {.journal = journal}),
                             doctest::Contains(why), Error);
        CHECK(contents(journal) == text);
    };
    refused("nonsense\n", "line 1 no trial");
    refused("{\"settings\": {\"seed\": 1}, \"results\": {\"loss\": 1}, \"of\": \"\"}\n{}\n",
            "line 2 no trial");
    refused("{\"settings\": {\"seed\": \"1\"}, \"results\": {}, \"of\": \"\"}\n", "'seed' is no number");
    refused("{\"settings\": 3, \"results\": {}, \"of\": \"\"}\n", "settings are no object");
    refused("{\"settings\": {\"seed\": 1}, \"results\": {}, \"of\": \"7 steps\"}\n", "a trial of\n  7 steps");
    CHECK_THROWS_WITH_AS((void)for_each_trial(workers, one, diverged, {.journal = folder.file("no/such")}),
                         doctest::Contains("[ctnn.save]"), Error);
}
