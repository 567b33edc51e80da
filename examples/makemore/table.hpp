// SPDX-License-Identifier: BSD-3-Clause
/// The data of a picture: named columns, as CSV and as JSON.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace makemore {

/// Columns may differ in length. A number that is not finite is an empty field of CSV, and null in JSON.
struct Table {
    struct Column {
        std::string name;
        std::vector<double> values;
        std::vector<std::string> texts = {}; ///< instead of values
        [[nodiscard]] std::size_t size() const { return texts.empty() ? values.size() : texts.size(); }
    };
    std::vector<Column> columns;

    template <class Values>
    void add(std::string name, const Values& values)
    {
        columns.push_back({std::move(name), std::vector<double>(values.begin(), values.end())});
    }

    [[nodiscard]] std::string csv() const
    {
        std::string text;
        std::size_t rows = 0;
        for (std::size_t c = 0; c < columns.size(); ++c) {
            text += (c == 0 ? "" : ",") + quoted(columns[c].name, "\"\"");
            rows = std::max(rows, columns[c].size());
        }
        text += '\n';
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < columns.size(); ++c) {
                if (c > 0) text += ',';
                const Column& column = columns[c];
                if (r >= column.size()) continue;
                if (!column.texts.empty()) text += quoted(column.texts[r], "\"\"");
                else if (std::isfinite(column.values[r])) text += number(column.values[r]);
            }
            text += '\n';
        }
        return text;
    }
    [[nodiscard]] std::string json() const
    {
        std::string text = "{";
        for (std::size_t c = 0; c < columns.size(); ++c) {
            const Column& column = columns[c];
            text += (c == 0 ? "\n  " : ",\n  ") + quoted(column.name, "\\\"") + ": [";
            for (std::size_t r = 0; r < column.size(); ++r) {
                if (r > 0) text += ", ";
                if (!column.texts.empty()) text += quoted(column.texts[r], "\\\"");
                else text += std::isfinite(column.values[r]) ? number(column.values[r]) : "null";
            }
            text += ']';
        }
        return text + "\n}\n";
    }

private:
    /// Seven digits are all that a float has; without a locale.
    static std::string number(double x) { return fmt::format("{:.7g}", x); }
    /// In quotation marks; one inside becomes `quote`. For JSON a backslash is doubled, and what is no ASCII
    /// character is its number.
    static std::string quoted(const std::string& s, const char* quote)
    {
        const bool json = quote[0] == '\\';
        std::string text = "\"";
        for (const char c : s) {
            const auto byte = static_cast<unsigned char>(c);
            if (c == '"') text += quote;
            else if (json && c == '\\') text += "\\\\";
            else if (json && (byte < 0x20 || byte > 0x7e)) text += fmt::format("\\u{:04x}", byte);
            else text += c;
        }
        return text + '"';
    }
};

} // namespace makemore
