// SPDX-License-Identifier: BSD-3-Clause
/// Tables with named columns.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/tensor.hpp>

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

/// A table of text: rows of cells, columns with names. Numbers and words are made of it by column.
///
/// ```cpp
/// const Table table = read_csv("penguins.csv");
/// const auto x = table.numbers({"bill_length_mm", "body_mass_g"}); // an xtensor of (rows, 2)
/// const auto [known, unknown] = table.rows_with({"sex"});          // by what is missing
/// const Table complete = rows_of(table, known);
/// ```
class Table {
public:
    [[nodiscard]] std::size_t rows() const { return line_.size(); }
    [[nodiscard]] const std::vector<std::string>& columns() const { return names_; }
    /// What was read: a path.
    [[nodiscard]] const std::string& source() const { return source_; }

    /// The number of a column.
    ///   errors : [ctnn.data] no column has that name, with the names of all
    [[nodiscard]] std::size_t column(std::string_view name) const
    {
        const auto found = std::find(names_.begin(), names_.end(), name);
        if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
        std::string all;
        for (const std::string& n : names_) all += (all.empty() ? "" : ", ") + n;
        throw Error("ctnn.data", source_ + " has no column '" + std::string(name) + "'; it has " + all);
    }
    /// The names of all other columns: `table.numbers(table.columns_except({"price"}))`.
    ///   errors : [ctnn.data] no column has one of these names
    [[nodiscard]] std::vector<std::string_view>
    columns_except(const std::vector<std::string_view>& left_out) const&
    {
        const std::vector<std::size_t> numbers = numbers_of(left_out);
        std::vector<std::string_view> others;
        for (std::size_t c = 0; c < names_.size(); ++c)
            if (std::find(numbers.begin(), numbers.end(), c) == numbers.end()) others.emplace_back(names_[c]);
        return others;
    }
    std::vector<std::string_view> columns_except(const std::vector<std::string_view>&) const&& = delete;
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
                x(r, i) = missing && is_missing(r, chosen[i]) ? *missing : number<T>(r, chosen[i]);
        return x;
    }

    /// Some rows, by their numbers; they keep their lines for messages.
    ///   errors : [ctnn.data] a row that is not there
    [[nodiscard]] friend Table rows_of(const Table& table, const std::vector<std::int64_t>& rows)
    {
        Table part;
        part.source_ = table.source_;
        part.names_ = table.names_;
        part.missing_ = table.missing_;
        for (const std::int64_t r : rows) {
            const auto row = static_cast<std::size_t>(r);
            if (row >= table.rows())
                throw Error("ctnn.data", table.source_ + " has no row " + std::to_string(r) + ", it has " +
                                             std::to_string(table.rows()));
            for (std::size_t c = 0; c < table.names_.size(); ++c) {
                part.text_ += table.cell(row, c);
                part.end_.push_back(static_cast<std::uint32_t>(part.text_.size()));
            }
            part.line_.push_back(table.line_[row]);
        }
        return part;
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

} // namespace ctnn::inline CTNN_ARCH
