// SPDX-License-Identifier: BSD-3-Clause
/// Statistics for a terminal: tables with a small histogram in each row, and verdicts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <ctnn/inspect/layers.hpp>
#include <ctnn/inspect/verdicts.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

template <class... Values>
std::string formatted(const char* format, Values... values)
{
    char text[256];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

/// "x" to `width` columns; UTF-8 bytes that continue a character count as none.
inline std::string padded(std::string text, std::size_t width, bool right = false)
{
    std::size_t columns = 0;
    for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
    text.insert(right ? 0 : text.size(), width > columns ? width - columns : 0, ' ');
    return text;
}

/// Lines of cells, every column as wide as its widest cell; the first line is a heading, and numbers stand on
/// the right.
inline std::string aligned_table(const std::vector<std::vector<std::string>>& rows)
{
    std::vector<std::size_t> width;
    for (const auto& row : rows)
        for (std::size_t c = 0; c < row.size(); ++c) {
            width.resize(std::max(width.size(), c + 1));
            std::size_t columns = 0;
            for (const char b : row[c]) columns += (static_cast<unsigned char>(b) & 0xC0U) != 0x80U ? 1 : 0;
            width[c] = std::max(width[c], columns);
        }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t c = 0; c < row.size(); ++c)
            line += (c == 0 ? "" : "  ") + padded(row[c], width[c], c > 0 && c + 1 < row.size());
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

} // namespace detail

/// A histogram as one line of `columns` blocks: "▁▂▅█▅▂▁".
[[nodiscard]] inline std::string text_histogram(const Histogram& h, std::size_t columns = 16)
{
    if (columns == 0) return {};
    static constexpr const char* blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    std::vector<double> sum(columns);
    for (std::size_t i = 0; i < h.bins(); ++i) sum[i * columns / h.bins()] += h.counts(i);
    const double most = *std::max_element(sum.begin(), sum.end());
    std::string text;
    for (const double n : sum)
        text += blocks[most > 0 ? static_cast<std::size_t>(std::ceil(8 * n / most)) : 0];
    return text;
}

/// The lecture's table of activations: one line a layer.
[[nodiscard]] inline std::string text_table(const std::vector<LayerStatistics>& layers)
{
    using detail::formatted;
    std::vector<std::vector<std::string>> rows{
        {"layer", "mean", "std", "saturated", "gradient mean", "gradient std", "output"}};
    for (const LayerStatistics& l : layers)
        rows.push_back({l.layer.name(), formatted("%+.2f", l.output.mean), formatted("%.2f", l.output.std),
                        l.layer.saturates ? formatted("%.2f%%", 100 * l.saturated) : "-",
                        formatted("%+.6f", l.gradient.mean), formatted("%.6e", l.gradient.std),
                        text_histogram(l.outputs)});
    return detail::aligned_table(rows);
}

/// The lecture's table of weights: one line a parameter.
[[nodiscard]] inline std::string text_table(const std::vector<ParameterStatistics>& parameters)
{
    using detail::formatted;
    std::vector<std::vector<std::string>> rows{
        {"parameter", "shape", "mean", "std", "gradient mean", "gradient std", "grad:data", "gradient"}};
    for (const ParameterStatistics& p : parameters)
        rows.push_back({p.name, shape_text(p.shape), formatted("%+.4f", p.value.mean),
                        formatted("%.4f", p.value.std), formatted("%+.6f", p.gradient.mean),
                        formatted("%.6e", p.gradient.std), formatted("%.6e", p.gradient_to_data),
                        text_histogram(p.gradients)});
    return detail::aligned_table(rows);
}

/// One paragraph a verdict: "sound" or "WARNING", the sentence, and what to try.
[[nodiscard]] inline std::string text_of(const std::vector<Verdict>& verdicts)
{
    std::string text;
    for (const Verdict& v : verdicts) {
        text += (v.sound ? "sound    " : "WARNING  ") + v.text + "\n";
        if (!v.advice.empty()) text += "         Try: " + v.advice + ".\n";
    }
    return text;
}

} // namespace ctnn::inline CTNN_ARCH
