// SPDX-License-Identifier: BSD-3-Clause
/// The tables and lists of a report: results, classes, layers, parameters, verdicts, words.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ctnn/report/html.hpp>
#include <ctnn/report/pictures_of_answers.hpp>
#include <ctnn/report/run.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

inline std::string figure_text(double x, const char* format)
{
    return std::isnan(x) ? "-" : fmt::format(fmt::runtime(format), x);
}

inline std::string result_table(const std::vector<Run>& runs)
{
    std::vector<std::vector<std::string>> rows{{"run", "parameters", "steps"}};
    for (const Run& r : runs)
        for (const auto& result : r.results)
            if (std::find(rows[0].begin(), rows[0].end(), result.first) == rows[0].end())
                rows[0].push_back(result.first);
    for (const Run& r : runs) {
        std::size_t parameters = 0;
        for (const LayerInfo& l : r.layers) parameters += l.parameters;
        std::vector<std::string>& row = rows.emplace_back(rows[0].size(), "-");
        row[0] = r.name;
        row[1] = r.layers.empty() ? "-" : grouped(parameters);
        row[2] = grouped(r.steps);
        for (std::size_t c = 3; c < row.size(); ++c)
            for (const auto& [what, figure] : r.results)
                if (what == rows[0][c]) row[c] = figure;
    }
    return html_table("results", rows);
}

/// Precision, recall and F1 of each class.
inline std::string class_table(const Run& run)
{
    if (!run.confusion) return {};
    const ConfusionMatrix& m = *run.confusion;
    std::vector<std::vector<std::string>> rows{{"class", "precision", "recall", "F1"}};
    const auto row = [&](const std::string& name, double precision, double recall, double f1) {
        rows.push_back({name, figure_text(precision, "{:.4f}"), figure_text(recall, "{:.4f}"),
                        figure_text(f1, "{:.4f}")});
    };
    for (std::size_t c = 0; c < m.classes(); ++c)
        row(class_name(run, c), m.precision(c), m.recall(c), m.f1(c));
    row("mean", m.precision(), m.recall(), m.f1());
    return html_table("classes", rows) + "<br>\n";
}

inline std::string layer_table(const Run& run)
{
    if (run.activations.empty()) return {};
    std::vector<std::vector<std::string>> rows{{"layer", "output", "parameters", "std predicted",
                                                "std measured at the start", "mean", "std", "saturated",
                                                "gradient std"}};
    for (std::size_t i = 0; i < run.activations.size(); ++i) {
        const LayerStatistics& l = run.activations[i];
        rows.push_back({l.layer.name(), shape_text(l.layer.shape), std::to_string(l.layer.parameters),
                        run.start ? figure_text(run.start->predicted[i].std, "{:.3f}") : "-",
                        run.start ? figure_text(run.start->layers[i].output.std, "{:.3f}") : "-",
                        figure_text(l.output.mean, "{:+.2f}"), figure_text(l.output.std, "{:.2f}"),
                        l.layer.saturates ? fmt::format("{:.2f} %", 100 * l.saturated) : "-",
                        figure_text(l.gradient.std, "{:.6e}")});
    }
    return html_table("layers", rows) + "<br>\n";
}
inline std::string parameter_table(const Run& run)
{
    if (run.parameters.empty()) return {};
    std::vector<std::vector<std::string>> rows{{"parameter", "shape", "mean", "std", "gradient mean",
                                                "gradient std", "grad:data", "log10 update:data"}};
    for (std::size_t i = 0; i < run.parameters.size(); ++i) {
        const ParameterStatistics& p = run.parameters[i];
        rows.push_back({p.name, shape_text(p.shape), figure_text(p.value.mean, "{:+.4f}"),
                        figure_text(p.value.std, "{:.4f}"), figure_text(p.gradient.mean, "{:+.6f}"),
                        figure_text(p.gradient.std, "{:.6e}"), figure_text(p.gradient_to_data, "{:.6e}"),
                        i < run.updates.size()
                            ? figure_text(run.updates[i].update_to_data.mean_of_end(), "{:.2f}")
                            : "-"});
    }
    return html_table("parameters", rows);
}
inline std::string verdict_list(const Run& run)
{
    std::string text = "<ul class=\"verdicts\">\n";
    for (const Verdict& v : run.verdicts)
        text += fmt::format(
            "<li{}><span class=\"mark\">{}</span> {}{}</li>\n", v.sound ? "" : " class=\"warning\"",
            v.sound ? "Sound." : "Warning.", escaped(v.text),
            v.advice.empty() ? "" : "<br><span class=\"quiet\">Try: " + escaped(v.advice) + ".</span>");
    return text + "</ul>\n";
}
/// The words that a run lists under a heading.
inline std::string word_lists(const Run& run, const std::string& heading)
{
    std::string text;
    for (const auto& [own_heading, words] : run.lists) {
        if (own_heading != heading) continue;
        text += "<ul class=\"words\">";
        for (const std::string& word : words)
            text += "<li>" + (word.empty() ? "&nbsp;" : escaped(word)) + "</li>";
        text += "</ul>\n";
    }
    return text;
}

} // namespace ctnn::inline CTNN_ARCH::detail
