// SPDX-License-Identifier: BSD-3-Clause
/// Tables from CSV, text or file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/data/table.hpp>
#include <ctnn/data/text_file.hpp>

namespace ctnn::inline CTNN_ARCH {

/// How the fields of a CSV file are told apart and read.
struct CsvOptions {
    char separator = ',';
    bool has_names = true; ///< the first line names the columns; else they are "0", "1", ...
    /// what says that a value is not there
    std::vector<std::string> missing = {"", "NA", "N/A", "NaN", "nan", "null", "?"};
};

namespace detail {

/// Takes CSV piece by piece and checks it as it comes.
class csv_reader {
public:
    csv_reader(std::string source, CsvOptions options) : options_(std::move(options))
    {
        table_.source_ = std::move(source);
        table_.missing_ = options_.missing;
    }

    void add(std::string_view piece)
    {
        for (const char c : piece) add(c);
    }
    [[nodiscard]] Table finish()
    {
        if (state_ == state::quoted)
            fail("the quote that begins on line " + std::to_string(quote_line_) + " has no end");
        if (!row_.empty() || !cell_.empty() || state_ != state::start) end_line();
        if (table_.names_.empty())
            throw Error("ctnn.data", table_.source_ + " holds no table, expected lines of values");
        if (table_.rows() == 0) throw Error("ctnn.data", table_.source_ + " has names of columns and no row");
        return std::move(table_);
    }

private:
    static constexpr std::size_t most_columns = 65536;
    static constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    enum class state { start, plain, quoted, after_quote };
    CsvOptions options_;
    Table table_;
    std::string cell_;             // the one that has begun
    std::vector<std::string> row_; // of the line that has begun
    state state_ = state::start;
    std::size_t line_ = 1, first_line_ = 1, quote_line_ = 0, bytes_ = 0;
    bool may_be_marked_ = true;

    [[noreturn]] void fail(const std::string& why) const
    {
        throw Error("ctnn.data", table_.source_ + ", line " + std::to_string(line_) + ": " + why);
    }
    void add(char c)
    {
        if (++bytes_ > largest_text) fail("there is more than 1 GiB");
        if (c == '\0') fail("there is a zero byte, expected text");
        if (may_be_marked_) {
            may_be_marked_ = c == byte_order_mark[bytes_ - 1] && bytes_ < byte_order_mark.size();
            if (c == byte_order_mark[bytes_ - 1]) return;
            if (bytes_ > 1) { // it was another letter that begins as the mark does
                state_ = state::plain;
                cell_ = byte_order_mark.substr(0, bytes_ - 1);
            }
        }
        if (state_ == state::quoted) {
            if (c == '"') state_ = state::after_quote;
            else keep(c);
            if (c == '\n') ++line_;
        } else if (c == '"' && state_ == state::after_quote) {
            keep(c); // two of them are one
            state_ = state::quoted;
        } else if (c == '"' && state_ == state::start) {
            state_ = state::quoted;
            quote_line_ = line_;
            cell_.clear();
        } else if (c == options_.separator) {
            end_cell();
        } else if (c == '\n') {
            end_line();
            ++line_;
            first_line_ = line_;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            if (state_ == state::plain) keep(c); // trimmed at the end of the cell
        } else if (state_ == state::after_quote) {
            fail("there is '" + std::string(1, c) + "' after a closing quote, expected '" +
                 options_.separator + "'");
        } else {
            state_ = state::plain;
            keep(c);
        }
    }
    void keep(char c)
    {
        if (cell_.size() == longest_line)
            fail("a value is longer than " + std::to_string(longest_line) + " bytes");
        cell_ += c;
    }
    void end_cell()
    {
        if (state_ == state::plain) cell_.erase(cell_.find_last_not_of(" \t\r") + 1);
        row_.push_back(std::exchange(cell_, {}));
        state_ = state::start;
        if (row_.size() > most_columns)
            fail("there are more than " + std::to_string(most_columns) + " columns");
    }
    void end_line()
    {
        const bool is_blank = row_.empty() && cell_.empty() && state_ == state::start;
        if (is_blank) return;
        end_cell();
        auto& names = table_.names_;
        if (names.empty()) {
            if (options_.has_names) return take_names();
            for (std::size_t i = 0; i < row_.size(); ++i) names.push_back(std::to_string(i));
        }
        if (row_.size() != names.size())
            fail("there are " + std::to_string(row_.size()) + " values, expected " +
                 std::to_string(names.size()));
        for (const std::string& cell : row_) {
            table_.text_ += cell;
            table_.end_.push_back(static_cast<std::uint32_t>(table_.text_.size()));
        }
        table_.line_.push_back(static_cast<std::uint32_t>(first_line_));
        row_.clear();
    }
    void take_names()
    {
        auto& names = table_.names_;
        for (std::size_t i = 0; i < row_.size(); ++i) {
            if (row_[i].empty()) fail("column " + std::to_string(i + 1) + " has no name");
            if (std::find(names.begin(), names.end(), row_[i]) != names.end())
                fail("two columns are named " + detail::in_quotes(row_[i]));
            names.push_back(row_[i]);
        }
        row_.clear();
    }
};

} // namespace detail

/// A table from text as RFC 4180 has it: values between separators, quotes around those that hold a
/// separator, a line's end or a quote (twice). LF or CRLF; spaces around a value, blank lines and a byte
/// order mark are skipped.
///   errors : [ctnn.data] with the line: another number of values than there are columns, a quote without its
///            end or with text after it, a column without a name or with that of another, a value over 4096
///            bytes, a zero byte, over 65536 columns or 1 GiB; no row at all
[[nodiscard]] inline Table csv_from(std::string_view text, std::string source = "the text",
                                    CsvOptions options = {})
{
    detail::csv_reader reader{std::move(source), std::move(options)};
    reader.add(text);
    return reader.finish();
}

/// The same from a file, checked as it is read.
///   errors : [ctnn.data] with the path: the file cannot be opened or read, or is a directory; and those of
///            `csv_from`
[[nodiscard]] inline Table read_csv(const std::string& path, CsvOptions options = {})
{
    detail::csv_reader reader{path, std::move(options)};
    detail::read_text_file(path, [&](std::string_view piece) { reader.add(piece); });
    return reader.finish();
}

} // namespace ctnn::inline CTNN_ARCH
