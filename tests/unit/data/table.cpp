// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/ctnn.hpp>
#include <ctnn/data/categories.hpp>
#include <ctnn/data/csv.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/random.hpp"

using namespace ctnn;

TEST_CASE("a table of numbers and words")
{
    const Table table = csv_from("\xef\xbb\xbfisland, bill,mass ,note\r\n"
                                 "Torgersen,39.1, 3750,\"a, \"\"b\"\"\nc\"\r\n"
                                 "\r\n"
                                 "Biscoe , +1e-1,NA, plain \"text\"\r\n"
                                 "Torgersen,-7,0x,\"\"");
    CHECK(table.columns() == std::vector<std::string>{"island", "bill", "mass", "note"});
    CHECK(table.rows() == 3);
    CHECK(table.cell(0, 3) == "a, \"b\"\nc");
    CHECK(table.cell(1, 3) == "plain \"text\"");
    CHECK(table.cell(1, 0) == "Biscoe");
    CHECK(table.is_missing(1, 2));
    CHECK(table.is_missing(2, 3));
    CHECK(table.numbers({"bill"}) == xt::xtensor<float, 2>{{39.1F}, {0.1F}, {-7}});
    CHECK_THROWS_WITH_AS((void)table.numbers({"bill", "mass"}),
                         "[ctnn.data] the text, line 5, column 'mass': the value is missing ('NA')", Error);
    CHECK_THROWS_WITH_AS((void)table.numbers({"mass"}, std::optional{-1.0F}),
                         "[ctnn.data] the text, line 6, column 'mass': expected a number, found '0x'", Error);
    CHECK_THROWS_WITH_AS((void)table.numbers({"weight"}),
                         "[ctnn.data] the text has no column 'weight'; it has island, bill, mass, note",
                         Error);
    const auto [known, unknown] = table.rows_with({"bill", "mass"});
    CHECK(known == std::vector<std::int64_t>{0, 2});
    CHECK(unknown == std::vector<std::int64_t>{1});

    const Categories island{table, "island"};
    CHECK(island.words() == std::vector<std::string>{"Biscoe", "Torgersen"});
    CHECK(island.ids(table) == xt::xtensor<class_id, 1>{1, 0, 1});
    CHECK(island.one_hot(table) == xt::xtensor<float, 2>{{0, 1}, {1, 0}, {0, 1}});
    CHECK(beside(table.numbers({"bill"}), island.one_hot(table)).shape()[1] == 3);
    const Categories first{table, "island", {0}};
    CHECK(first.one_hot(table) == xt::xtensor<float, 2>{{1}, {0}, {1}});
    CHECK_THROWS_WITH_AS((void)first.ids(table),
                         doctest::Contains("line 5, column 'island': 'Biscoe' is not one of the 1 words"),
                         Error);
    CHECK_THROWS_WITH_AS((Categories{table, "mass"}),
                         doctest::Contains("line 5, column 'mass': the value is missing"), Error);
    CHECK_THROWS_WITH_AS((Categories{table, "island", {0, 3}}), doctest::Contains("has no row 3, it has 3"),
                         Error);
    CHECK(Categories{"island", island.words()}.ids(table) == island.ids(table));
    CHECK_THROWS_AS((Categories{"island", {"b", "a"}}), Error);
    CHECK_THROWS_AS((Categories{"island", {"a", "a"}}), Error);
}

TEST_CASE("tables without names, with other separators")
{
    const Table table = csv_from("1;2\n3;4\n", "numbers", {.separator = ';', .has_names = false});
    CHECK(table.numbers<double>({"1", "0"}) == xt::xtensor<double, 2>{{2, 1}, {4, 3}});
    CHECK(csv_from("a\tb\n1\t 2\n", "tabs", {.separator = '\t'}).cell(0, 1) == "2");
    CHECK(csv_from("\xef\xbf\xbdx\n1\n").columns()[0] == "\xef\xbf\xbdx"); // begins as a byte order mark does
    CHECK(csv_from("a\n\"\"\n").rows() == 1);
}

TEST_CASE("a table that is none is refused with its line")
{
    const auto refuses = [](const std::string& text, const char* why) {
        CAPTURE(text.substr(0, 100));
        CHECK_THROWS_WITH_AS((void)csv_from(text, "t.csv"), doctest::Contains(why), Error);
    };
    refuses("", "[ctnn.data] t.csv holds no table");
    refuses("\n \n", "t.csv holds no table");
    refuses("a,b\n", "t.csv has names of columns and no row");
    refuses("a,b\n1,2\n\n1,2,3\n", "t.csv, line 4: there are 3 values, expected 2");
    refuses("a,b\n1\n", "line 2: there are 1 values, expected 2");
    refuses("a,\n1,2\n", "line 1: column 2 has no name");
    refuses("a,a\n1,2\n", "line 1: two columns are named 'a'");
    refuses("a,b\n\"1,2\n3,4\n", "the quote that begins on line 2 has no end");
    refuses("a,b\n\"1\"x,2\n", "line 2: there is 'x' after a closing quote, expected ','");
    refuses(std::string("a\n1\0002\n", 6), "line 2: there is a zero byte");
    refuses("a\n" + std::string(4097, 'x'), "line 2: a value is longer than 4096 bytes");
    refuses(std::string(70000, ','), "line 1: there are more than 65536 columns");
    const Table table = csv_from("a\n1e999\n1e-999\ninf\n12 3\n--1\n+-1\n");
    for (std::size_t r = 0; r < table.rows(); ++r) {
        const Table one = csv_from("a\n" + std::string(table.cell(r, 0)) + "\n");
        CHECK_THROWS_WITH_AS((void)one.numbers({"a"}), doctest::Contains("line 2, column 'a'"), Error);
    }
    CHECK_THROWS_WITH_AS((void)read_csv("/nowhere.csv"), doctest::Contains("cannot read '/nowhere.csv'"),
                         Error);
    CHECK_THROWS_WITH_AS((void)read_csv("/"), doctest::Contains("[ctnn.data] cannot read '/'"), Error);
}

TEST_CASE("random tables are read as they were written, in pieces of any size")
{
    support::for_each_seed([](Generator& g) {
        const std::size_t rows = 1 + static_cast<std::size_t>(g.randint(0, 9)), columns = 3;
        std::vector<std::string> cells;
        std::string text = "x,y,z\n";
        for (std::size_t i = 0; i < rows * columns; ++i) {
            std::string cell, written = "\"";
            for (std::int64_t n = g.randint(0, 12); n > 0; --n) {
                cell += "ab,\"\n\r x"[g.randint(0, 8)];
                written += cell.back() == '"' ? std::string("\"\"") : std::string(1, cell.back());
            }
            cells.push_back(cell);
            text += written + (i % columns == columns - 1 ? "\"\n" : "\",");
        }
        const Table whole = csv_from(text);
        detail::csv_reader reader{"pieces", {}};
        for (std::size_t i = 0; i < text.size(); ++i) reader.add(std::string_view(text).substr(i, 1));
        const Table pieces = reader.finish();
        REQUIRE(whole.rows() == rows);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            CHECK(whole.cell(i / columns, i % columns) == cells[i]);
            CHECK(pieces.cell(i / columns, i % columns) == cells[i]);
        }
    });
}

TEST_CASE("some rows of a table, all other columns, and words that go with a model")
{
    const Table table = csv_from("a,b,word\n1,,x\n2,3,\"y \"\"z\n\"\n4,5,x\n", "t.csv");
    const Table part = rows_of(table, {2, 1});
    REQUIRE(part.rows() == 2);
    CHECK(part.numbers({"b", "a"}) == xt::xtensor<float, 2>{{5, 4}, {3, 2}});
    CHECK(table.columns_except({"b"}) == std::vector<std::string_view>{"a", "word"});
    CHECK_THROWS_WITH_AS((void)table.columns_except({"c"}), doctest::Contains("no column 'c'"), Error);
    CHECK_THROWS_WITH_AS((void)rows_of(table, {3}), doctest::Contains("no row 3"), Error);
    CHECK_THROWS_WITH_AS((void)part.numbers({"word"}), doctest::Contains("t.csv, line 5, column 'word'"),
                         Error);

    const Categories words{table, "word"};
    const Categories back = Categories::from_csv(words.csv());
    CHECK(back.words() == words.words());
    CHECK(back.words() == std::vector<std::string>{"x", "y \"z\n"});
    CHECK(back.column() == "word");
    const Categories states{csv_from("c\nNA\nDE\n", "t.csv", {.missing = {""}}), "c"};
    CHECK(Categories::from_csv(states.csv()).words() == std::vector<std::string>{"DE", "NA"});
}
