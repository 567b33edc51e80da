// SPDX-License-Identifier: BSD-3-Clause
/// The models of makemore.py, against what PyTorch comes to with the same names and seeds: every tenth loss,
/// the evaluations, the names that are drawn. Of the project's own names always, of the lecture's where
/// CTNN_LECTURE_DATA names the file; see make_family.py.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include "../../examples/11_makemore/family_training.hpp"

using namespace makemore;

namespace {

/// Values by what they are of, and the step.
using Published = std::map<std::pair<std::string, std::size_t>, std::string>;
Published published(const std::string& source, const std::string& model)
{
    std::ifstream file(CTNN_GOLDEN_DIR "/family.txt");
    REQUIRE(file.good());
    Published values;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string of, kind, what, value;
        std::size_t step = 0;
        if (words >> of >> kind >> what >> step >> value && of == source && kind == model)
            values[{what, step}] = value;
    }
    return values;
}
std::string joined(const std::vector<std::string>& words)
{
    std::string all;
    for (std::size_t i = 0; i < words.size(); ++i) all += (i == 0 ? "" : ",") + words[i];
    return all;
}

/// Both lists for 1,001 steps take minutes in a build for the oldest CPUs: there they go less far.
std::size_t steps_of(const std::string& source, const std::string& kind)
{
    if (simd::width<float> >= 8) return 1001;
    return source != "bundled" || kind == "transformer" ? 101 : 501;
}

void comes_to_the_same(const std::string& source, const std::string& path, const std::string& kind)
{
    CAPTURE(source);
    CAPTURE(kind);
    Options options;
    options.data = path;
    options.seed = 3407;
    options.drawing_seed = 42;
    options.steps = steps_of(source, kind);
    options.samples = 10;
    options.prints_names = false;
    options.model = kind == "small" ? "transformer" : kind;
    if (kind == "small") options.layers = 2, options.features = 32;
    const FamilyResult result = train_family(options);
    Published values = published(source, kind);
    std::size_t compared = 0;
    const auto is = [&](const std::string& what, std::size_t step, double value) {
        CAPTURE(what);
        CAPTURE(step);
        REQUIRE(values.contains({what, step}));
        CHECK(std::fabs(std::stod(values[{what, step}]) - value) <= 1e-5); // 1e-6 is what rounding makes
        ++compared;
    };
    for (std::size_t step = 0; step < *options.steps; step += 10) is("loss", step, result.losses[step]);
    for (const auto& [step, train, test] : result.evaluations) {
        is("train", step, train);
        is("test", step, test);
    }
    for (std::size_t i = 0; i < result.drawn.size(); ++i)
        CHECK(joined(result.drawn[i]) == values[{"names", 200 * (i + 1)}]);
    const std::size_t steps_taken = *options.steps;
    CHECK(result.drawn.size() == (steps_taken - 1) / 200);
    CHECK(compared == (steps_taken + 9) / 10 + 2 * ((steps_taken - 1) / 500));
    if (steps_taken == 1001) CHECK(joined(result.names) == values[{"top0", 1001}]);
}
void comes_to_the_same(const std::string& kind)
{
    comes_to_the_same("bundled", CTNN_NAMES_FILE, kind);
    const char* path = std::getenv("CTNN_LECTURE_DATA");
    if (path != nullptr && *path != '\0') comes_to_the_same("lecture", path, kind);
    else MESSAGE("half of it skipped: CTNN_LECTURE_DATA names no file; it is the lecture's list of names");
}

} // namespace

TEST_CASE("makemore.py: bigram") { comes_to_the_same("bigram"); }
TEST_CASE("makemore.py: mlp") { comes_to_the_same("mlp"); }
TEST_CASE("makemore.py: rnn") { comes_to_the_same("rnn"); }
TEST_CASE("makemore.py: gru") { comes_to_the_same("gru"); }
TEST_CASE("makemore.py: bow") { comes_to_the_same("bow"); }
TEST_CASE("makemore.py: transformer") { comes_to_the_same("transformer"); }
TEST_CASE("makemore.py: a transformer of two blocks") { comes_to_the_same("small"); }

TEST_CASE("makemore.py: of the five likeliest letters")
{
    Options options;
    options.data = CTNN_NAMES_FILE;
    options.seed = 3407;
    options.drawing_seed = 42;
    options.steps = 1001;
    options.samples = 10;
    options.top_k = 5;
    options.prints_names = false;
    options.model = "rnn";
    CHECK(joined(train_family(options).names) == published("bundled", "rnn")[{"top5", 1001}]);
}
