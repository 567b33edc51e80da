// SPDX-License-Identifier: BSD-3-Clause
/// A picture of a report: its data, what it means, and how gnuplot draws it. Needs fmt.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Named columns, as CSV and as JSON. They may differ in length. A number that is not finite is an empty
/// field of CSV, and null in JSON.
class PictureData {
public:
    /// Numbers, or texts, under a name.
    struct Column {
        std::string name;
        std::vector<double> values;
        std::vector<std::string> texts; ///< instead of values
        [[nodiscard]] std::size_t size() const { return texts.empty() ? values.size() : texts.size(); }
    };

    /// Returns the number of the column, as gnuplot counts them: from 1.
    template <class Values>
    std::size_t add(std::string name, const Values& values)
    {
        columns_.push_back({std::move(name), std::vector<double>(values.begin(), values.end()), {}});
        return columns_.size();
    }
    std::size_t add_texts(std::string name, std::vector<std::string> texts)
    {
        columns_.push_back({std::move(name), {}, std::move(texts)});
        return columns_.size();
    }
    [[nodiscard]] std::size_t columns() const { return columns_.size(); }

    [[nodiscard]] std::string csv() const
    {
        std::string text;
        std::size_t rows = 0;
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            text += (c == 0 ? "" : ",") + quoted(columns_[c].name, "\"\"");
            rows = std::max(rows, columns_[c].size());
        }
        text += '\n';
        for (std::size_t r = 0; r < rows; ++r) {
            for (std::size_t c = 0; c < columns_.size(); ++c) {
                if (c > 0) text += ',';
                const Column& column = columns_[c];
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
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const Column& column = columns_[c];
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
    std::vector<Column> columns_;

    /// Seven digits are all that a float has; without a locale.
    static std::string number(double x) { return fmt::format("{:.7g}", x); }
    /// In quotation marks; one inside becomes `quote`. For JSON a backslash is doubled, and what is not an
    /// ASCII character is its number.
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

/// A picture of a report: what it shows, in words and in figures, and how it is drawn.
struct Picture {
    std::string id = {};      ///< of its files, such as "deep-activations"
    std::string kind = {};    ///< pictures of one kind stand side by side, under this heading
    std::string run = {};     ///< whose it is; empty: of all runs
    std::string meaning = {}; ///< one sentence on what it shows
    std::string text = {};    ///< the same figures in words, for readers who cannot see it
    PictureData data = {};
    std::string script = {}; ///< plot commands of gnuplot that read "id.csv"
    std::string svg = {};    ///< the picture itself, instead of a script
    int width = 640, height = 400;
};

namespace detail {

/// At most `most` of n numbers, evenly spread.
inline std::vector<std::size_t> evenly(std::size_t n, std::size_t most)
{
    std::vector<std::size_t> chosen;
    const std::size_t count = std::min(n, most);
    for (std::size_t i = 0; i < count; ++i) chosen.push_back(i * n / count);
    return chosen;
}

} // namespace detail

/// Pieces of gnuplot's scripts, for pictures of a program's own.
namespace gnuplot {

/// Tones in the middle: they stand out from white paper and from a dark screen.
inline const char* colour(std::size_t i)
{
    static constexpr std::array<const char*, 8> colours{"#3f86cf", "#d9730d", "#2b9a66", "#c9559b",
                                                        "#8268c8", "#a67c1d", "#1f9fa8", "#cf4d4d"};
    return colours[i % colours.size()];
}
/// A string in single quotes.
inline std::string quoted(const std::string& s)
{
    std::string text = "'";
    for (const char c : s) text += c == '\'' ? std::string("''") : std::string(1, c);
    return text + "'";
}
/// The names of the two axes.
inline std::string axes(const std::string& x, const std::string& y)
{
    return fmt::format("set xlabel {} offset 0,0.4\nset ylabel {}\n", quoted(x), quoted(y));
}
/// "a, b" of one plot command.
inline std::string joined(const std::vector<std::string>& parts)
{
    return fmt::format("{}", fmt::join(parts, ", \\\n     "));
}
/// 1, 2 or 5 times a power of ten, so that an axis has five to ten ticks for `fifth` times five.
inline double tick_step(double fifth)
{
    const double power = std::pow(10, std::floor(std::log10(fifth))), leading = fifth / power;
    return power * (leading >= 5 ? 5 : leading >= 2 ? 2 : 1);
}
/// The whole script: each picture that has one to "id.svg".
inline std::string script(const std::vector<Picture>& pictures)
{
    std::string text = "# gnuplot pictures.gp draws each picture from the CSV file of the same name.\n";
    for (const Picture& p : pictures)
        if (p.svg.empty())
            text +=
                fmt::format("\nreset\nset datafile separator ','\nset datafile columnheaders\nset terminal "
                            "svg size {},{} font "
                            "'sans-serif,15' noenhanced\nset output '{}.svg'\n"
                            "set grid lw 0.5 lc rgb '#999999'\nset key samplen 1.5\n{}",
                            p.width, p.height, p.id, p.script);
    return text + "\nset output\n";
}

} // namespace gnuplot
} // namespace ctnn::inline CTNN_ARCH
