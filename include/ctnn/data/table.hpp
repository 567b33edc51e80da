// SPDX-License-Identifier: BSD-3-Clause
/// Tables with named columns, from CSV.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/data/text_file.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

class csv_reader;

/// The beginning of a text that may be long.
inline std::string in_quotes(std::string_view text)
{
    constexpr std::size_t most = 60;
    return "'" + std::string(text.substr(0, most)) + (text.size() > most ? "...'" : "'");
}

} // namespace detail

struct CsvOptions {
    char separator = ',';
    bool has_names = true; ///< the first line names the columns; else they are "0", "1", ...
    std::vector<std::string> missing = {"",    "NA",   "N/A", "NaN",
                                        "nan", "null", "?"}; ///< what says that a value is not there
};

/// A table of text: rows of cells, columns with names. Numbers and words are made of it by column.
///
/// ```cpp
/// const Table table = read_csv("penguins.csv");
/// const auto x = table.numbers({"bill_length_mm", "body_mass_g"}); // an xtensor of (rows, 2)
/// const auto [known, unknown] = table.rows_with({"sex"});          // by what is missing
/// ```
class Table {
public:
    [[nodiscard]] std::size_t rows() const { return line_.size(); }
    [[nodiscard]] const std::vector<std::string>& columns() const { return names_; }
    /// What was read: a path.
    [[nodiscard]] const std::string& source() const { return source_; }

    /// The number of a column.
    ///   errors : [ctnn.data] there is none of that name; those that there are
    [[nodiscard]] std::size_t column(std::string_view name) const
    {
        const auto found = std::find(names_.begin(), names_.end(), name);
        if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
        std::string all;
        for (const std::string& n : names_) all += (all.empty() ? "" : ", ") + n;
        throw Error("ctnn.data", source_ + " has no column '" + std::string(name) + "'; it has " + all);
    }
    /// The text of a cell, without quotes and spaces around it.
    [[nodiscard]] std::string_view cell(std::size_t row, std::size_t column) const
    {
        const std::size_t i = row * names_.size() + column, first = i == 0 ? 0 : end_[i - 1];
        return std::string_view(text_).substr(first, end_[i] - first);
    }
    [[nodiscard]] bool is_missing(std::size_t row, std::size_t column) const
    {
        return std::find(missing_.begin(), missing_.end(), cell(row, column)) != missing_.end();
    }
    /// The rows in which none of these columns is missing, and those in which one is.
    [[nodiscard]] std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>
    rows_with(const std::vector<std::string_view>& columns) const
    {
        const std::vector<std::size_t> numbers = numbers_of(columns);
        std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> found;
        for (std::size_t r = 0; r < rows(); ++r) {
            const bool all =
                std::none_of(numbers.begin(), numbers.end(), [&](std::size_t c) { return is_missing(r, c); });
            (all ? found.first : found.second).push_back(static_cast<std::int64_t>(r));
        }
        return found;
    }

    /// Columns as numbers, (rows, columns).
    ///   missing : what stands for a value that is not there
    ///   errors  : [ctnn.data] with line and column: a value that is missing, without `missing`; a value that
    ///             is no finite number, or too large or too small for T
    template <class T = float>
    [[nodiscard]] xt::xtensor<T, 2> numbers(const std::vector<std::string_view>& columns,
                                            std::optional<T> missing = {}) const
    {
        const std::vector<std::size_t> chosen = numbers_of(columns);
        auto x = xt::xtensor<T, 2>::from_shape({rows(), chosen.size()});
        for (std::size_t r = 0; r < rows(); ++r)
            for (std::size_t i = 0; i < chosen.size(); ++i)
                x(r, i) = is_missing(r, chosen[i]) && missing ? *missing : number<T>(r, chosen[i]);
        return x;
    }

    /// Complains of a cell.
    [[noreturn]] void fail(std::size_t row, std::size_t column, const std::string& why) const
    {
        throw Error("ctnn.data", source_ + ", line " + std::to_string(line_[row]) + ", column '" +
                                     names_[column] + "': " + why);
    }

private:
    friend class detail::csv_reader;
    std::string source_, text_;
    std::vector<std::string> names_, missing_;
    std::deque<std::uint32_t> end_;  // of each cell in the text
    std::deque<std::uint32_t> line_; // of each row

    [[nodiscard]] std::vector<std::size_t> numbers_of(const std::vector<std::string_view>& columns) const
    {
        std::vector<std::size_t> all;
        for (const std::string_view name : columns) all.push_back(column(name));
        return all;
    }
    template <class T>
    [[nodiscard]] T number(std::size_t row, std::size_t column) const
    {
        std::string_view text = cell(row, column);
        if (is_missing(row, column))
            fail(row, column,
                 "the value is missing" + (text.empty() ? std::string() : " ('" + std::string(text) + "')"));
        const bool has_plus = text.starts_with('+') && !text.starts_with("+-");
        const std::string_view digits = has_plus ? text.substr(1) : text;
        T value{};
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error == std::errc::result_out_of_range)
            fail(row, column, detail::in_quotes(text) + " is a number too large or too small to be held");
        if (error != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value))
            fail(row, column, "expected a number, found " + detail::in_quotes(text));
        return value;
    }
};

/// The words of a column as classes 0..n-1, in the order of their bytes; fitted on the rows of the training
/// part, so that a word that only others have is an error, or a row of zeros.
///
/// ```cpp
/// const Categories species{table, "species"};
/// const auto targets = species.ids(table);             // (rows) class ids
/// const auto island = Categories{table, "island"}.one_hot(table); // (rows, islands)
/// ```
class Categories {
public:
    /// errors : [ctnn.data] no such column; a value is missing, with its line; no row
    Categories(const Table& table, std::string_view column) : Categories(table, column, every_row(table)) {}
    Categories(const Table& table, std::string_view column, const std::vector<std::int64_t>& rows)
        : column_(column)
    {
        const std::size_t c = table.column(column);
        for (const std::int64_t r : rows) {
            const auto row = static_cast<std::size_t>(r);
            if (row >= table.rows())
                throw Error("ctnn.data", table.source() + " has no row " + std::to_string(r) + ", it has " +
                                             std::to_string(table.rows()));
            if (table.is_missing(row, c)) table.fail(row, c, "the value is missing");
            words_.emplace_back(table.cell(row, c));
        }
        std::sort(words_.begin(), words_.end());
        words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
        if (words_.empty()) throw Error("ctnn.data", "there are no rows to take words from");
    }
    /// Those of a file written earlier.
    ///   errors : [ctnn.data] no words, or out of order, or one twice
    Categories(std::string column, std::vector<std::string> words)
        : column_(std::move(column)), words_(std::move(words))
    {
        if (words_.empty() ||
            std::adjacent_find(words_.begin(), words_.end(), std::greater_equal<>()) != words_.end())
            throw Error("ctnn.data", "the words of column '" + column_ + "' are not in order, each once");
    }

    [[nodiscard]] std::size_t size() const { return words_.size(); }
    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
    [[nodiscard]] const std::string& column() const { return column_; }
    [[nodiscard]] std::optional<class_id> find(std::string_view word) const
    {
        const auto found = std::lower_bound(words_.begin(), words_.end(), word);
        if (found == words_.end() || *found != word) return {};
        return static_cast<class_id>(found - words_.begin());
    }

    /// (rows) of class ids.
    ///   errors : [ctnn.data] with line and column: a value that is missing or another word; no such column
    [[nodiscard]] xt::xtensor<class_id, 1> ids(const Table& table) const
    {
        const std::size_t c = table.column(column_);
        auto all = xt::xtensor<class_id, 1>::from_shape({table.rows()});
        for (std::size_t r = 0; r < table.rows(); ++r) {
            const auto id = find(table.cell(r, c));
            if (!id)
                table.fail(r, c,
                           detail::in_quotes(table.cell(r, c)) + " is not one of the " +
                               std::to_string(size()) + " words that are known");
            all(r) = *id;
        }
        return all;
    }
    /// (rows, size()) with 1 for the word of a row and 0 for the others; a word that is not known, or missing,
    /// is a row of zeros.
    template <class T = float>
    [[nodiscard]] xt::xtensor<T, 2> one_hot(const Table& table) const
    {
        const std::size_t c = table.column(column_);
        auto all = xt::xtensor<T, 2>::from_shape({table.rows(), size()});
        all.fill(T{0});
        for (std::size_t r = 0; r < table.rows(); ++r)
            if (const auto id = find(table.cell(r, c))) all(r, static_cast<std::size_t>(*id)) = T{1};
        return all;
    }

private:
    std::string column_;
    std::vector<std::string> words_;

    static std::vector<std::int64_t> every_row(const Table& table)
    {
        std::vector<std::int64_t> rows(table.rows());
        std::iota(rows.begin(), rows.end(), std::int64_t{0});
        return rows;
    }
};

/// Tensors (n, columns) beside each other: (n, all columns).
///   errors : [ctnn.shape] other numbers of rows
template <class T, class... X>
[[nodiscard]] xt::xtensor<T, 2> beside(const xt::xtensor<T, 2>& first, const X&... more)
{
    const std::size_t rows = first.shape()[0];
    std::size_t columns = first.shape()[1];
    const auto count = [&](const xt::xtensor<T, 2>& x) {
        if (x.shape()[0] != rows)
            throw Error("ctnn.shape", "one tensor has " + std::to_string(x.shape()[0]) + " rows, the first " +
                                          std::to_string(rows));
        columns += x.shape()[1];
    };
    (count(more), ...);
    auto all = xt::xtensor<T, 2>::from_shape({rows, columns});
    std::size_t from = 0;
    const auto copy = [&](const xt::xtensor<T, 2>& x) {
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < x.shape()[1]; ++c) all(r, from + c) = x(r, c);
        from += x.shape()[1];
    };
    copy(first);
    (copy(more), ...);
    return all;
}

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
        if (row_.size() > 0 || !cell_.empty() || state_ != state::start) end_line();
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
