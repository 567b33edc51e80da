// SPDX-License-Identifier: BSD-3-Clause
/// Lists of words, one a line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/data/text_file.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A list of words and the place each came from, so that a later complaint can name it.
struct Words {
    std::vector<std::string> text;
    std::vector<std::size_t> line, column; ///< where each word starts, from 1
    std::string source;                    ///< path, or what else to call it

    [[nodiscard]] std::size_t size() const { return text.size(); }
};

namespace detail {

/// Takes text piece by piece and checks it as it comes, so that what is no list of words ends at its first
/// bad line, however long it is.
class word_reader {
public:
    explicit word_reader(std::string source) : words_{{}, {}, {}, std::move(source)} {}

    void add(std::string_view piece)
    {
        if (piece.size() > largest_text - bytes_) fail("there is more than 1 GiB");
        bytes_ += piece.size();
        while (!piece.empty()) {
            const std::size_t end = piece.find('\n');
            rest_.append(piece.substr(0, end));
            if (const std::size_t zero = rest_.find('\0'); zero != std::string::npos)
                fail("column " + std::to_string(zero + 1) + " holds a zero byte, expected text");
            if (end == std::string_view::npos) {
                // One more than that may be a carriage return.
                if (rest_.size() > longest_line + 1)
                    fail("the line is longer than " + std::to_string(longest_line) + " bytes");
                return;
            }
            add_line();
            piece.remove_prefix(end + 1);
        }
    }
    [[nodiscard]] Words finish()
    {
        if (!rest_.empty()) add_line();
        if (words_.text.empty())
            throw Error("ctnn.data", words_.source + " holds no word, expected one a line");
        return std::move(words_);
    }

private:
    Words words_;
    std::string rest_; ///< the line that has begun
    std::size_t number_ = 1, bytes_ = 0;

    [[noreturn]] void fail(const std::string& why) const
    {
        throw Error("ctnn.data", words_.source + ", line " + std::to_string(number_) + ": " + why);
    }
    void add_line()
    {
        constexpr std::string_view space = " \t\r", byte_order_mark = "\xef\xbb\xbf";
        std::string_view line = rest_;
        const bool marked = number_ == 1 && line.starts_with(byte_order_mark);
        if (marked) line.remove_prefix(byte_order_mark.size());
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.size() > longest_line)
            fail("the line is longer than " + std::to_string(longest_line) + " bytes");
        if (const std::size_t first = line.find_first_not_of(space); first != std::string_view::npos) {
            words_.text.emplace_back(line.substr(first, line.find_last_not_of(space) - first + 1));
            words_.line.push_back(number_);
            words_.column.push_back(first + 1 + (marked ? byte_order_mark.size() : 0));
        }
        rest_.clear();
        ++number_;
    }
};

} // namespace detail

/// Words from a string: one a line, LF or CRLF, the last line with or without an end. Blank lines and a byte
/// order mark are skipped; spaces and tabs at either end of a line are not part of a word.
///   errors : [ctnn.data] a line over 4096 bytes, a zero byte, over 1 GiB, or no word at all
[[nodiscard]] inline Words words_from(std::string_view text, std::string source = "the text")
{
    detail::word_reader reader{std::move(source)};
    reader.add(text);
    return reader.finish();
}

/// Words from a file, checked as it is read.
///   errors : [ctnn.data] with the path: the file cannot be opened or read, or is a directory; and those of
///            `words_from`
[[nodiscard]] inline Words read_words(const std::string& path)
{
    detail::word_reader reader{path};
    detail::read_text_file(path, [&](std::string_view piece) { reader.add(piece); });
    return reader.finish();
}

} // namespace ctnn::inline CTNN_ARCH
