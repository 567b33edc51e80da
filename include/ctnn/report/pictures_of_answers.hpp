// SPDX-License-Identifier: BSD-3-Clause
/// Pictures of how good a network's answers are: a classifier's confusions, a regression's errors.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ctnn/inspect/statistics.hpp>
#include <ctnn/report/picture.hpp>
#include <ctnn/report/pictures_of_layers.hpp>
#include <ctnn/report/run.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

inline std::string class_name(const Run& run, std::size_t c)
{
    return c < run.classes.size() ? run.classes[c] : std::to_string(c);
}

inline void add_confusion(std::vector<Picture>& all, const Run& run)
{
    if (!run.confusion) return;
    const ConfusionMatrix& matrix = *run.confusion;
    const std::size_t n = matrix.classes();
    Picture p;
    p.run = run.name;
    p.id = file_word(run.name) + "-confusion";
    p.kind = "Which class is taken for which";
    p.meaning =
        "One row a class, one column what it was taken for: on the diagonal is what is right; off it, "
        "darker is more often.";
    std::vector<double> is, taken, count, share;
    std::vector<std::string> labels, xtics, ytics;
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t of_class = 0;
        for (std::size_t j = 0; j < n; ++j) of_class += matrix.at(i, j);
        for (std::size_t j = 0; j < n; ++j) {
            is.push_back(static_cast<double>(i));
            taken.push_back(static_cast<double>(j));
            count.push_back(static_cast<double>(matrix.at(i, j)));
            share.push_back(of_class == 0 ? 0 : count.back() / static_cast<double>(of_class));
            labels.push_back(matrix.at(i, j) == 0 ? "" : std::to_string(matrix.at(i, j)));
            if (i != j && matrix.at(i, j) > 0)
                p.text += fmt::format("{} {} taken for {}. ", matrix.at(i, j), class_name(run, i),
                                      class_name(run, j));
        }
        xtics.push_back(gnuplot::quoted(class_name(run, i)) + fmt::format(" {}", i));
        ytics.push_back(xtics.back());
    }
    p.text = fmt::format("{:.2f} % of {} are right. ", 100 * matrix.accuracy(), matrix.count()) + p.text;
    p.data.add("class", is);
    p.data.add("taken for", taken);
    p.data.add("count", count);
    p.data.add("share of the class", share);
    if (n <= 30) p.data.add_texts("label", labels);
    p.script = fmt::format(
        "set palette defined (0 '#ffffff', 0.02 '#f3d9c4', 0.3 '#d9730d', 1 '#3f86cf')\nset cbrange [0:1]\n"
        "unset colorbox\nunset key\nunset grid\nset xrange [-0.5:{0}.5]\nset yrange "
        "[{0}.5:-0.5]\nset size ratio 1\n",
        n - 1);
    if (n <= 30) {
        const bool long_names = std::any_of(run.classes.begin(), run.classes.end(),
                                            [](const std::string& c) { return c.size() > 3; });
        p.script +=
            fmt::format("set xtics ({}) out nomirror{}\nset ytics ({}) out nomirror\n",
                        fmt::join(xtics, ", "), long_names ? " rotate by -45" : "", fmt::join(ytics, ", "));
    }
    p.script += gnuplot::axes("taken for", "class") +
                fmt::format("plot '{}.csv' using 2:1:4 with image pixels", p.id);
    if (n <= 30)
        p.script +=
            fmt::format(", '' using 2:1:5 with labels font ',{}' textcolor rgb '#000001'", n <= 12 ? 13 : 8);
    p.script += "\n";
    p.height = 560;
    all.push_back(std::move(p));
}

/// At most `most` of n numbers, evenly spread.
inline std::vector<std::size_t> evenly(std::size_t n, std::size_t most)
{
    std::vector<std::size_t> chosen;
    const std::size_t count = std::min(n, most);
    for (std::size_t i = 0; i < count; ++i) chosen.push_back(i * n / count);
    return chosen;
}

inline void add_predictions(std::vector<Picture>& all, const Run& run)
{
    if (run.answers.empty()) return;
    RegressionErrors errors;
    errors.add(view_of(run.answers.data(), std::array{run.answers.size()}),
               view_of(run.targets.data(), std::array{run.targets.size()}));
    std::vector<double> target, answer, residual;
    for (const std::size_t i : evenly(run.answers.size(), 2000)) {
        target.push_back(run.targets[i]);
        answer.push_back(run.answers[i]);
        residual.push_back(run.answers[i] - run.targets[i]);
    }
    const std::string figures = fmt::format(
        "{} answers; root of the mean squared error {:.4g}, mean absolute error {:.4g}, R2 {:.4f}.",
        errors.count(), errors.root_mean_squared_error(), errors.mean_absolute_error(), errors.r2());
    const auto scatter = [&](const char* id, const char* y, const std::vector<double>& values,
                             const char* reference) {
        Picture p;
        p.run = run.name;
        p.id = file_word(run.name) + "-" + id;
        p.text = figures;
        p.data.add("true", target);
        p.data.add(y, values);
        p.script =
            gnuplot::axes("true", y) + "unset key\n" +
            fmt::format("plot '{}.csv' using 1:2 with points pt 7 ps 0.35 lc rgb '{}', {} with lines lw "
                        "1.5 dt 2 lc rgb '#808080'\n",
                        p.id, gnuplot::colour(0), reference);
        return p;
    };
    Picture p = scatter("predictions", "predicted", answer, "x");
    p.kind = "Predicted against true";
    p.meaning = "Each point is an answer: on the line it is exact.";
    all.push_back(std::move(p));
    Picture r = scatter("residuals", "predicted - true", residual, "0");
    r.kind = "Residuals";
    r.meaning =
        "What is left of the truth: a cloud without shape around 0 is noise; a shape is something that "
        "the network has not learnt.";
    all.push_back(std::move(r));
    std::vector<double> every(run.answers.size());
    for (std::size_t i = 0; i < every.size(); ++i) every[i] = run.answers[i] - run.targets[i];
    const Histogram h = histogram(view_of(every.data(), std::array{every.size()}), 40);
    Picture d = densities(run.name, "residual-density", {{"residuals", &h}}, "predicted - true");
    d.kind = "How large the residuals are";
    d.meaning = "The density of all residuals.";
    d.text = figures;
    all.push_back(std::move(d));
}

} // namespace ctnn::inline CTNN_ARCH::detail
