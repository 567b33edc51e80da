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
/// For the side of a picture: short, in one line.
inline std::string short_class_name(const Run& run, std::size_t c)
{
    constexpr std::size_t most = 14;
    std::string name = class_name(run, c);
    if (name.size() > most) name = name.substr(0, most - 2) + "..";
    for (char& letter : name) letter = static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
    return name;
}
/// From paper's white to a full colour.
inline double mixed(double paper, double full, double share)
{
    return std::round(paper + (full - paper) * share);
}

inline void add_confusion(std::vector<Picture>& all, const Run& run)
{
    if (!run.confusion) return;
    const ConfusionMatrix& matrix = *run.confusion;
    const std::size_t n = matrix.classes();
    Picture p;
    p.run = run.name;
    p.id = run.id + "-confusion";
    p.kind = "Which class is taken for which";
    p.meaning = "One row a class, one column what it was taken for: on the diagonal is what is right, off it "
                "what is wrong, the stronger the more often.";
    std::vector<double> is, taken, count, share;
    std::array<std::vector<double>, 3> colour;
    std::vector<std::string> labels, xtics, ytics;
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t of_class = 0;
        for (std::size_t j = 0; j < n; ++j) of_class += matrix.at(i, j);
        for (std::size_t j = 0; j < n; ++j) {
            is.push_back(static_cast<double>(i));
            taken.push_back(static_cast<double>(j));
            count.push_back(static_cast<double>(matrix.at(i, j)));
            share.push_back(of_class == 0 ? 0 : count.back() / static_cast<double>(of_class));
            // blue on the diagonal; beside it orange, which a tenth of a class makes strong
            constexpr double paper[] = {250, 248, 244}, right[] = {63, 134, 207}, wrong[] = {217, 115, 13};
            for (std::size_t k = 0; k < 3; ++k)
                colour[k].push_back(
                    i == j ? mixed(paper[k], right[k], share.back())
                           : mixed(paper[k], wrong[k], std::min(1.0, std::sqrt(share.back()) * 2)));
            labels.push_back(matrix.at(i, j) == 0 ? "" : std::to_string(matrix.at(i, j)));
            if (i != j && matrix.at(i, j) > 0)
                p.text += fmt::format("{} {} taken for {}. ", matrix.at(i, j), class_name(run, i),
                                      class_name(run, j));
        }
        xtics.push_back(gnuplot::quoted(short_class_name(run, i)) + fmt::format(" {}", i));
        ytics.push_back(xtics.back());
    }
    const std::string right =
        fmt::format("{:.2f} % of {} are right. ", 100 * matrix.accuracy(), matrix.count());
    p.text = right + p.text;
    p.meaning = right + p.meaning;
    p.data.add("class", is);
    p.data.add("taken for", taken);
    p.data.add("count", count);
    p.data.add("share of the class", share);
    for (std::size_t k = 0; k < 3; ++k) p.data.add(std::array{"red", "green", "blue"}[k], colour[k]);
    if (n <= 30) p.data.add_texts("label", labels);
    p.script = fmt::format("unset colorbox\nunset key\nunset grid\nset xrange [-0.5:{0}.5]\nset yrange "
                           "[{0}.5:-0.5]\nset size ratio 1\n",
                           n - 1);
    if (n <= 30) {
        std::size_t longest = 0;
        for (std::size_t c = 0; c < n; ++c) longest = std::max(longest, short_class_name(run, c).size());
        p.script += fmt::format("set xtics ({}) out nomirror{}\nset ytics ({}) out nomirror\n",
                                fmt::join(xtics, ", "), longest > 3 ? " rotate by 90 right" : "",
                                fmt::join(ytics, ", "));
        if (longest > 3) // room that the labels need, or gnuplot takes it from the square
            p.script += fmt::format("set bmargin {}\nset lmargin {}\nset xlabel offset 0,{}\n",
                                    longest / 2 + 3, longest + 5, -static_cast<int>(longest) / 3);
    }
    p.script += gnuplot::axes("taken for", "class") +
                fmt::format("plot '{}.csv' using 2:1:5:6:7 with rgbimage pixels", p.id);
    if (n <= 30)
        p.script +=
            fmt::format(", '' using 2:1:8 with labels font ',{}' textcolor rgb '#000001'", n <= 12 ? 13 : 8);
    p.script += "\n";
    p.height = 560;
    all.push_back(std::move(p));
}

inline void add_predictions(std::vector<Picture>& all, const Run& run)
{
    if (run.answers.empty()) return;
    std::vector<double> target, answer, residual; // of those that are finite
    for (std::size_t i = 0; i < std::min(run.answers.size(), run.targets.size()); ++i) {
        if (!std::isfinite(run.answers[i] - run.targets[i])) continue;
        target.push_back(run.targets[i]);
        answer.push_back(run.answers[i]);
        residual.push_back(run.answers[i] - run.targets[i]);
    }
    const std::size_t n = answer.size(), lost = run.answers.size() - n;
    RegressionErrors errors;
    errors.add(view_of(answer.data(), std::array{n}), view_of(target.data(), std::array{n}));
    std::string figures =
        fmt::format("{} answers: root of the mean squared error {:.4g}, mean absolute error {:.4g}, "
                    "R2 {:.4f}.",
                    n, errors.root_mean_squared_error(), errors.mean_absolute_error(), errors.r2());
    if (lost > 0) figures += fmt::format(" {} more are not finite.", lost);
    if (n == 0) {
        Picture p;
        p.run = run.name;
        p.id = run.id + "-predictions";
        p.kind = "Predicted against true";
        p.meaning = p.text = fmt::format("None of the {} answers is finite.", run.answers.size());
        p.script = "unset key\nset xrange [0:1]\nset yrange [0:1]\nplot x notitle\n";
        p.data.add("answers", run.answers);
        all.push_back(std::move(p));
        return;
    }
    const Histogram h = histogram(view_of(residual.data(), std::array{n}), 40);
    for (auto* values : {&target, &answer, &residual}) { // as many as a picture shows
        std::size_t kept = 0;
        for (const std::size_t i : evenly(n, 2000)) (*values)[kept++] = (*values)[i];
        values->resize(kept);
    }
    const auto scatter = [&](const char* id, const char* y, const std::vector<double>& values,
                             const char* reference) {
        Picture p;
        p.run = run.name;
        p.id = run.id + "-" + id;
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
    p.meaning = figures + " Each point is an answer: on the line it is exact.";
    all.push_back(std::move(p));
    Picture r = scatter("residuals", "predicted - true", residual, "0");
    r.kind = "Residuals";
    r.meaning =
        "What is left of the truth: a cloud without shape around 0 is noise; a shape is something that "
        "the network has not learnt.";
    all.push_back(std::move(r));
    Picture d = densities(run.name, run.id + "-residual-density", {{"residuals", &h}}, "predicted - true");
    d.kind = "How large the residuals are";
    d.meaning = "The density of all residuals.";
    d.text = figures;
    all.push_back(std::move(d));
}

} // namespace ctnn::inline CTNN_ARCH::detail
