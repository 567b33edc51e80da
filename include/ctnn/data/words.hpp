// SPDX-License-Identifier: BSD-3-Clause
/// Lists of words, one a line.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>

namespace ctnn::inline CTNN_ARCH {

inline constexpr std::size_t longest_line = 4096; ///< bytes; a longer line is no word but a mistaken file

/// A list of words and the place each came from, so that a later complaint can name it.
struct Words {
    std::vector<std::string> text;
    std::vector<std::size_t> line, column; ///< where each word starts, from 1
    std::string source;                    ///< path, or what else to call it

    [[nodiscard]] std::size_t size() const { return text.size(); }
};

/// Words from a string: one a line, LF or CRLF, the last line with or without an end. Blank lines are
/// skipped; spaces and tabs at either end of a line are not part of a word.
///   errors : [ctnn.data] a line over 4096 bytes, a zero byte, or no word at all
[[nodiscard]] inline Words words_from(std::string_view text, std::string source = "the text")
{
    Words words{{}, {}, {}, std::move(source)};
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const auto fail = [&](const std::string& why) {
            throw Error("ctnn.data", words.source + ", line " + std::to_string(number) + ": " + why);
        };
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.size() > longest_line)
            fail("the line has " + std::to_string(line.size()) + " bytes, expected at most " +
                 std::to_string(longest_line));
        if (const std::size_t zero = line.find('\0'); zero != std::string_view::npos)
            fail("column " + std::to_string(zero + 1) + " holds a zero byte, expected text");
        constexpr std::string_view space = " \t\r";
        const std::size_t first = line.find_first_not_of(space);
        if (first == std::string_view::npos) continue;
        line = line.substr(first, line.find_last_not_of(space) - first + 1);
        words.text.emplace_back(line);
        words.line.push_back(number);
        words.column.push_back(first + 1);
    }
    if (words.text.empty()) throw Error("ctnn.data", words.source + " holds no word, expected one a line");
    return words;
}

/// Words from a file.
///   errors : [ctnn.data] with the path: the file cannot be opened or read, or is a directory; and those of
///            `words_from`
[[nodiscard]] inline Words read_words(const std::string& path)
{
    const int errno_before = errno;
    const auto fail = [&](int code) {
        const std::string why = std::strerror(code);
        errno = errno_before;
        throw Error("ctnn.data", "cannot read '" + path + "': " + why);
    };
    struct closer {
        void operator()(std::FILE* f) const { std::fclose(f); }
    };
    const std::unique_ptr<std::FILE, closer> file(std::fopen(path.c_str(), "rb"));
    if (file == nullptr) fail(errno);
    std::string text;
    char buffer[8192];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, file.get())) > 0;)
        text.append(buffer, n);
    if (std::ferror(file.get()) != 0) fail(errno);
    errno = errno_before;
    return words_from(text, path);
}

} // namespace ctnn::inline CTNN_ARCH
