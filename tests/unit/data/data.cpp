// SPDX-License-Identifier: BSD-3-Clause
#include <ctnn/data/ngrams.hpp>
#include <ctnn/random/python_random.hpp>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "../../support/files.hpp"

using namespace ctnn;

TEST_CASE("words: LF, CRLF, blank lines, no final newline, spaces at the ends")
{
    const Words w = words_from("emma\r\n\n  olivia\t\n \nava");
    CHECK(w.text == std::vector<std::string>{"emma", "olivia", "ava"});
    CHECK(w.line == std::vector<std::size_t>{1, 3, 5});
    const support::Folder folder;
    support::write_bytes(folder.file("words"), "b\na\n");
    CHECK(read_words(folder.file("words")).text == std::vector<std::string>{"b", "a"});
}

TEST_CASE("what is no list of words is an error that names the place")
{
    const auto expect = [](const std::string& text, const char* part) {
        CHECK_THROWS_WITH_AS((void)words_from(text, "names.txt"), doctest::Contains(part), Error);
    };
    expect("", "[ctnn.data] names.txt holds no word");
    expect("\n \n\r\n", "holds no word");
    expect("a\n" + std::string(4097, 'x') + "\n", "names.txt, line 2: the line is longer than 4096 bytes");
    expect(std::string("ab\nc\0d", 6), "line 2: column 2 holds a zero byte");
    CHECK_NOTHROW((void)words_from(std::string(4096, 'x')));
    CHECK_NOTHROW((void)words_from(std::string(4096, 'x') + "\r\n"));

    const auto folder = std::filesystem::temp_directory_path().string();
    CHECK_THROWS_WITH_AS((void)read_words("/no/such/file"),
                         "[ctnn.data] cannot read '/no/such/file': No such file or directory", Error);
    CHECK_THROWS_WITH_AS((void)read_words(folder),
                         doctest::Contains(support::is_windows ? "Permission denied" : "Is a directory"),
                         Error);
    CHECK_THROWS_WITH_AS((void)read_words(""), doctest::Contains("cannot read ''"), Error);
    errno = 7;
    CHECK_THROWS_AS((void)read_words("/no/such/file"), Error);
    CHECK(errno == 7);
}

TEST_CASE("words are checked as they are read, whatever follows, and a byte order mark is not one of them")
{
    const Words w = words_from("\xef\xbb\xbf"
                               "emma\n\xef\xbb\xbfz\n");
    CHECK(w.text == std::vector<std::string>{"emma", "\xef\xbb\xbfz"});
    CHECK(w.column == std::vector<std::size_t>{4, 1});
    // Endless input: of nothing, of one line, of good lines.
    if (!support::is_windows)
        CHECK_THROWS_WITH_AS((void)read_words("/dev/zero"), doctest::Contains("column 1 holds a zero byte"),
                             Error);
    detail::word_reader line{"x"}, lines{"y"};
    const std::string piece(8192, 'a');
    CHECK_THROWS_WITH_AS(line.add(piece), "[ctnn.data] x, line 1: the line is longer than 4096 bytes", Error);
    const auto forever = [&] {
        for (const std::string blank(std::size_t{1} << 20, '\n');;) lines.add(blank);
    };
    CHECK_THROWS_WITH_AS(forever(), doctest::Contains("more than 1 GiB"), Error);
    // The same words in pieces of any size.
    const std::string text = "emma\r\n\n olivia\nava";
    for (std::size_t size = 1; size < text.size(); ++size) {
        detail::word_reader reader{"pieces"};
        for (std::size_t at = 0; at < text.size(); at += size)
            reader.add(std::string_view(text).substr(at, size));
        CHECK(reader.finish().text == std::vector<std::string>{"emma", "olivia", "ava"});
    }
}

TEST_CASE("vocabulary: sorted, the end first, bytes it does not have named with line and column")
{
    const Vocabulary v{words_from("cab\nbad\n")};
    CHECK(v.size() == 5);
    CHECK(v.characters() == "abcd");
    CHECK(v.find('a') == 1);
    CHECK(v.find('z') == -1);
    CHECK(v.character(0) == '.');
    CHECK(v.character(4) == 'd');
    CHECK_THROWS_WITH_AS((void)v.character(5), doctest::Contains("class id 5 is outside 0..4"), Error);
    CHECK_THROWS_AS((void)v.character(-1), Error);
    CHECK(Vocabulary{"zzab"}.characters() == "abz");
    CHECK_THROWS_WITH_AS(
        (void)ngrams(words_from("ab\n\nabX\n", "w.txt"), v, 3),
        "[ctnn.data] w.txt, line 3, column 3: byte 0x58 ('X') is not in the vocabulary \"abcd\"", Error);
    CHECK_THROWS_WITH_AS((void)ngrams(words_from("ab\n   abX\n", "w.txt"), v, 3),
                         doctest::Contains("line 2, column 6: byte 0x58"), Error);
    CHECK_THROWS_WITH_AS((void)ngrams(words_from("b\xc3\xa9", "w.txt"), v, 3),
                         doctest::Contains("column 2: byte 0xc3 is not"), Error);
}

TEST_CASE("samples of any context")
{
    const Words w = words_from("ab\nc\n");
    const Vocabulary v{w};
    const Samples s = ngrams(w, v, 3);
    const xt::xtensor<class_id, 2> contexts{{0, 0, 0}, {0, 0, 1}, {0, 1, 2}, {0, 0, 0}, {0, 0, 3}};
    const xt::xtensor<class_id, 1> targets{1, 2, 0, 3, 0};
    CHECK(s.contexts == contexts);
    CHECK(s.targets == targets);
    CHECK(ngrams(w, v, 1).contexts == xt::xtensor<class_id, 2>{{0}, {1}, {2}, {0}, {3}});
    CHECK(ngrams(w, v, 8).contexts.shape()[1] == 8);
}

TEST_CASE("the split: cuts of int(share * n), no empty part")
{
    std::string text;
    for (int i = 0; i < 11; ++i) text += std::string(1, static_cast<char>('a' + i)) + "\n";
    const Split s = split(words_from(text, "w.txt"));
    CHECK(s.train.size() == 8);
    CHECK(s.validation.text == std::vector<std::string>{"i"});
    CHECK(s.test.text == std::vector<std::string>{"j", "k"});
    CHECK(s.test.line == std::vector<std::size_t>{10, 11});
    CHECK_THROWS_WITH_AS((void)split(words_from("a\nb\nc\nd\n", "w.txt")),
                         "[ctnn.data] w.txt has 4 words: the validation part of the split is empty", Error);
    CHECK_THROWS_WITH_AS((void)split(words_from("a\n", "w.txt")), doctest::Contains("the training part"),
                         Error);
    CHECK_THROWS_WITH_AS((void)split(words_from("a\n"), 0.9, 0.8), doctest::Contains("[ctnn.option]"), Error);
}

TEST_CASE("shuffled words keep their lines")
{
    Words w = words_from("a\nb\nc\nd\ne\n");
    shuffle(w, PythonRandom{42});
    CHECK(w.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) CHECK(w.line[i] == static_cast<std::size_t>(w.text[i][0] - 'a' + 1));
    CHECK(w.text != std::vector<std::string>{"a", "b", "c", "d", "e"});
}

TEST_CASE("minibatches are the rows that randint names")
{
    const Words w = words_from("abc\nbca\n");
    const Samples s = ngrams(w, Vocabulary{w}, 2);
    Minibatches<5> batches{s};
    Generator a{1}, b{1};
    const auto [contexts, targets] = batches.next(a);
    const auto rows = b.randint(0, 8, 5);
    for (std::size_t i = 0; i < 5; ++i) {
        const auto row = static_cast<std::size_t>(rows(i));
        CHECK(targets(i) == s.targets(row));
        CHECK(contexts(i, 1) == s.contexts(row, 1));
    }
    const Samples none{xt::xtensor<class_id, 2>::from_shape({0, 2}),
                       xt::xtensor<class_id, 1>::from_shape({0})};
    CHECK_THROWS_WITH_AS((Minibatches<5>{none}), doctest::Contains("no samples"), Error);
}
