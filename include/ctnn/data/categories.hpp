// SPDX-License-Identifier: BSD-3-Clause
/// Words of a table as classes, and columns of numbers put together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
#include <ctnn/data/csv.hpp>

namespace ctnn::inline CTNN_ARCH {

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

    /// A table of one column, to be saved with a model.
    [[nodiscard]] std::string csv() const
    {
        const auto quoted = [](const std::string& word) {
            std::string text = "\"";
            for (const char c : word) text.append(c == '"' ? 2 : 1, c);
            return text + "\"\n";
        };
        std::string text = quoted(column_);
        for (const std::string& word : words_) text += quoted(word);
        return text;
    }
    /// The same from `csv()`, "NA" and other words that say in a table that a value is missing among them.
    ///   errors : [ctnn.data] those of csv_from; more than one column
    [[nodiscard]] static Categories from_csv(std::string_view text)
    {
        const Table table = csv_from(text, "the words of a column", {.missing = {}});
        if (table.columns().size() != 1)
            throw Error("ctnn.data", "the words of a column are a table of more");
        return {table, table.columns()[0]};
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
    /// (rows, size()) with 1 for the word of a row and 0 for the others; a word that is not known, or
    /// missing, is a row of zeros.
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

} // namespace ctnn::inline CTNN_ARCH
