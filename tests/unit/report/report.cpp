// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/report/report.hpp>
#include <ctnn/report/tiles.hpp>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include "../../support/files.hpp"

using namespace ctnn;
using support::bytes_of;
using support::Folder;
using support::write_bytes;

namespace {

/// Without gnuplot: what is written is asked for, not what is drawn.
struct NoPrograms {
    std::string path = std::getenv("PATH");
    NoPrograms() { set("/nowhere"); }
    ~NoPrograms() { set(path); }
    NoPrograms(const NoPrograms&) = delete;
    NoPrograms& operator=(const NoPrograms&) = delete;

private:
#ifdef _WIN32
    static void set(const std::string& value) { ::_putenv_s("PATH", value.c_str()); }
#else
    static void set(const std::string& value) { ::setenv("PATH", value.c_str(), 1); }
#endif
};
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
std::size_t count(const std::string& text, const std::string& part)
{
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

} // namespace

TEST_CASE(
    "names that are alike, of another script, or mean something in HTML: a page with files of their own")
{
    const NoPrograms none;
    const Folder folder;
    std::vector<Run> runs{{.name = "a"}, {.name = "a <b> & \"c\""}, {.name = "\xc3\xa4"}, {.name = "a-b"}};
    for (Run& r : runs) {
        r.steps = 30;
        for (std::size_t i = 0; i < 30; ++i) r.loss.add(i, 1.0 / static_cast<double>(i + 1));
        r.metrics = {{"acc@1", {9, 19, 29}, {1, 2, 3}}, {"acc 1", {9, 19, 29}, {100, 200, 300}}};
        r.confusion = ConfusionMatrix{2};
    }
    CHECK(has(write_report(folder.file("r"), runs), "install gnuplot"));
    const std::string page = bytes_of(folder.file("r/report.html"));
    CHECK(has(page, "a &lt;b&gt; &amp; &quot;c&quot;"));
    CHECK_FALSE(has(page, "<b>"));
    CHECK(count(page, "<figure") == 1 + 2 + 4);
    for (std::size_t at = page.find("<figure id=\""); at != std::string::npos;
         at = page.find("<figure id=\"", at + 1)) {
        const std::string id = page.substr(at + 12, page.find('"', at + 12) - at - 12);
        CAPTURE(id);
        CHECK(count(page, "id=\"" + id + "\"") == 1);
        CHECK(std::filesystem::exists(folder.file("r/" + id + ".csv")));
    }
    CHECK(has(bytes_of(folder.file("r/metric-acc-1.csv")), "acc@1"));
    CHECK(has(bytes_of(folder.file("r/metric-acc-1-2.csv")), "acc 1"));

    CHECK_THROWS_WITH_AS(write_report(folder.file("r"), {Run{.name = "a"}, Run{.name = "a"}}),
                         doctest::Contains("two runs of a report are named 'a'"), Error);
    CHECK_THROWS_WITH_AS(write_report(folder.file("r"), {Run{.name = ""}}), doctest::Contains("has no name"),
                         Error);
    CHECK_THROWS_WITH_AS(write_report(folder.file("r"), std::vector<Run>{}),
                         doctest::Contains("one run at least"), Error);
}

TEST_CASE("files in the way of a report are refused before there is a folder, and others stay")
{
    const NoPrograms none;
    const Folder folder;
    const std::string in_the_way = folder.file("new/loss.csv");
    CHECK_THROWS_WITH_AS(prepare_report(folder.file("new"), {{"--metrics", in_the_way}}),
                         doctest::Contains("is where the report of"), Error);
    prepare_report(folder.file("new"), {{"--metrics", folder.file("new/loss.jsonl")}, {"--more", ""}});
    write_bytes(folder.file("new/mine.txt"), "mine");
    const Run run{.name = "run"};
    (void)write_report(folder.file("new"), run);
    CHECK(bytes_of(folder.file("new/mine.txt")) == "mine");
    write_bytes(folder.file("taken"), "");
    CHECK_THROWS_WITH_AS(prepare_report(folder.file("taken")), doctest::Contains("cannot make the folder"),
                         Error);
}

TEST_CASE("a regression's figures stand on the page, and answers that are not finite are counted")
{
    const NoPrograms none;
    const Folder folder;
    Run run{.name = "curve"};
    const xt::xtensor<float, 2> y{{1}, {2}, {std::numeric_limits<float>::quiet_NaN()}},
        targets{{1}, {4}, {3}};
    run.see_answers(y, targets);
    CHECK_THROWS_WITH_AS(run.see_answers(y, xt::xtensor<float, 2>{{1, 2, 3}}),
                         doctest::Contains("have shape"), Error);
    (void)write_report(folder.file("r"), {run});
    const std::string page = bytes_of(folder.file("r/report.html"));
    CHECK(has(page, "2 answers: root of the mean squared error 1.414, mean absolute error 1,"));
    CHECK(has(page, "1 more are not finite"));
    Run lost{.name = "lost"};
    lost.see_answers(xt::xtensor<float, 1>{std::numeric_limits<float>::infinity()}, xt::xtensor<float, 1>{1});
    (void)write_report(folder.file("l"), {lost});
    CHECK(has(bytes_of(folder.file("l/report.html")), "None of the 1 answers is finite"));
}

TEST_CASE("a network of two inputs is seen too, and drawn with what each layer reads")
{
    const NoPrograms none;
    const Folder folder;
    using Net = Sequential<Inputs<Sequential<Embedding<4, 2, 1>, Flatten>, Linear<3, 6>>,
                           Residual<Linear<8, 8>, Tanh>, Linear<8, 1>>;
    Generator generator{1};
    const auto ids = generator.randint(0, 4, 20, 1);
    const auto x = generator.randn(20, 3), y = generator.randn(20, 1);
    Model<Net, Train<20, ObserveAll::Keep>> model{generator};
    MeanSquaredError criterion;
    ObserveAll observer{model};
    Sgd sgd{model};
    Run run{.name = "two"};
    run.see_start(model, criterion, std::tie(ids, x), y);
    REQUIRE(run.start);
    CHECK(run.start->layers.size() > 4);
    const auto [loss, dy] = criterion(model.forward(ids, x), y);
    CHECK(run.start->loss == static_cast<double>(loss));
    model.backward(dy);
    observer.go_on_from(7);
    observer.step(model, sgd, loss);
    run.see_end(model, observer);
    CHECK(run.updates[0].update_to_data.points()[0].step == 7);
    (void)write_report(folder.file("r"), {run});
    const std::string page = bytes_of(folder.file("r/report.html"));
    CHECK(has(page, "input 1"));
    CHECK(has(page, "Linear&lt;8, 8&gt;"));
    CHECK(has(page, "(B, 8): 72"));
    const std::vector<LayerInfo> layers = layers_of<Net>();
    CHECK(layers[0].reads == std::vector<std::size_t>{layers.size()}); // the first input
    CHECK(layers.back().reads == std::vector<std::size_t>{layers.size() - 2});
    CHECK(layers[layers.size() - 2].reads.size() == 2); // the sum of the residual
}

TEST_CASE("tiles are pictures of the page, in shades from the smallest number to the largest")
{
    const Picture p =
        picture_of_tiles({.id = "tiles", .kind = "Tiles"}, {{{-1, 0, 1, 3}, 2, "a & b"}, {{3}, 1}}, 1);
    CHECK(p.text == "a & b. ");
    CHECK(p.svg.find("a &amp; b") != std::string::npos);
    CHECK(p.data.csv() == "\"a & b\",\"1\"\n-1,3\n0,\n1,\n3,\n");
    // A bitmap of 2 x 2: its last bytes are the rows from below, filled up to four bytes each.
    const std::string bytes = detail::bitmap({{-1, 0, 1, 3}, 2}, -1, 3);
    CHECK(bytes.size() == 14 + 40 + 1024 + 8);
    CHECK(bytes.substr(bytes.size() - 8) == std::string("\x80\xff\0\0\0\x40\0\0", 8));
    CHECK(detail::base64("ctnn!") == "Y3RubiE=");
    CHECK(detail::base64("ctnn") == "Y3Rubg==");
    CHECK(detail::base64("ctn") == "Y3Ru");
    CHECK_THROWS_WITH((void)picture_of_tiles({}, {{{1, 2, 3}, 2}}),
                      "[ctnn.shape] tile 0 has 3 pixels, expected rows of 2");
}
