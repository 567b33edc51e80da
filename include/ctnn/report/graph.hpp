// SPDX-License-Identifier: BSD-3-Clause
/// The picture of a network: its layers from top to bottom, with shapes and parameters, and what each reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ctnn/inspect/layers.hpp>
#include <ctnn/report/html.hpp>
#include <ctnn/report/picture.hpp>
#include <ctnn/report/run.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// A row of the picture: an input, or a layer.
struct graph_row {
    std::string name, figures;
    std::vector<std::size_t> reads; // rows above
};
inline std::vector<graph_row> graph_rows(const std::vector<LayerInfo>& layers)
{
    std::size_t inputs = 1;
    for (const LayerInfo& l : layers)
        for (const std::size_t from : l.reads)
            if (from >= layers.size()) inputs = std::max(inputs, from - layers.size() + 1);
    std::vector<graph_row> rows;
    for (std::size_t k = 0; k < inputs; ++k)
        rows.push_back({inputs == 1 ? "input" : fmt::format("input {}", k), "", {}});
    for (const LayerInfo& l : layers) {
        std::string name = l.path + (l.path.empty() ? "" : "  ") + l.type;
        if (name.size() > 44) name = name.substr(0, 41) + "...";
        std::string figures = fmt::format("(B{}{})", l.shape.empty() ? "" : ", ", fmt::join(l.shape, ", "));
        if (l.parameters > 0) figures += ": " + grouped(l.parameters);
        graph_row& row = rows.emplace_back(graph_row{name, figures, {}});
        for (const std::size_t from : l.reads)
            row.reads.push_back(from < layers.size() ? inputs + from : from - layers.size());
    }
    return rows;
}
inline void add_graph(std::vector<Picture>& all, const Run& run)
{
    if (run.layers.empty()) return;
    const std::vector<graph_row> rows = graph_rows(run.layers);
    constexpr int left = 90, width = 530, height = 34, pitch = 54;
    Picture p;
    p.run = run.name;
    p.id = run.id + "-network";
    p.kind = "The network";
    p.meaning = "Its layers in the order they run, what each gives for a batch of B samples, and how many "
                "numbers it learns; a line shows what a layer reads.";
    p.height = std::max(300, static_cast<int>(rows.size()) * pitch + 10);
    std::size_t longest = 1; // line that passes others
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (const std::size_t from : rows[i].reads) longest = std::max(longest, i - from);
    const auto top = [&](std::size_t row) { return 5 + static_cast<int>(row) * pitch; };
    std::string lines, boxes;
    std::vector<std::string> names, figures;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (const std::size_t from : rows[i].reads) {
            if (from + 1 == i) {
                lines +=
                    fmt::format("<path d=\"M{0} {1}V{2}\"/>", left + width / 2, top(from) + height, top(i));
                continue;
            }
            const int reach = 16 + static_cast<int>(48 * (i - from) / longest), y = top(from) + height / 2,
                      to = top(i) + height / 2;
            lines += fmt::format("<path d=\"M{0} {1}C{2} {1} {2} {3} {0} {3}\"/>", left, y,
                                 left - reach * 4 / 3, to);
        }
        boxes += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"5\"/>", left, top(i),
                             width, height);
        boxes +=
            fmt::format("<text x=\"{}\" y=\"{}\">{}</text>", left + 10, top(i) + 22, escaped(rows[i].name));
        if (!rows[i].figures.empty())
            boxes += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", left + width - 10,
                                 top(i) + 22, rows[i].figures);
        names.push_back(rows[i].name);
        figures.push_back(rows[i].figures);
        p.text += rows[i].name + " " + rows[i].figures + ". ";
    }
    p.data.add_texts("layer", names);
    p.data.add_texts("output and parameters", figures);
    p.svg = fmt::format("<svg viewBox=\"0 0 640 {}\" width=\"640\" xmlns=\"http://www.w3.org/2000/svg\">"
                        "<title></title><desc></desc><g class=\"net\">{}{}</g></svg>",
                        p.height, lines, boxes);
    all.push_back(std::move(p));
}

} // namespace ctnn::inline CTNN_ARCH::detail
