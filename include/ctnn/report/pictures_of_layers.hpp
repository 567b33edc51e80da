// SPDX-License-Identifier: BSD-3-Clause
/// Pictures of what is in the layers of a network: activations, gradients, saturated units, statistics.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ctnn/report/picture.hpp>
#include <ctnn/report/pictures_of_steps.hpp>
#include <ctnn/report/run.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A histogram with its name.
struct Density {
    std::string name;
    const Histogram* histogram;
};
/// A picture of overlaid densities, one line each; what it means is left to fill in.
///   id : of its files; run : the name of the run that it is of
[[nodiscard]] inline Picture densities(const std::string& run, const std::string& id,
                                       const std::vector<Density>& lines, const std::string& x)
{
    Picture p;
    p.run = run;
    p.id = id;
    p.script = gnuplot::axes(x, "density") + "set key below left Left reverse height 1\nset yrange [0:*]\n";
    p.height = 440;
    std::vector<std::string> plots;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::size_t column = p.data.add(lines[i].name + " value", lines[i].histogram->centres());
        p.data.add(lines[i].name + " density", lines[i].histogram->density());
        plots.push_back(fmt::format("'{}.csv' using {}:{} with lines lw 2 lc rgb '{}' title {}", p.id, column,
                                    column + 1, gnuplot::colour(i), gnuplot::quoted(lines[i].name)));
    }
    p.script += "plot " + gnuplot::joined(plots) + "\n";
    return p;
}

namespace detail {

/// What of each nonlinearity: what goes in, what comes out, or the gradient of that.
enum class Of { inputs, outputs, gradients };
struct densities_words {
    const char *id, *kind, *axis, *meaning;
};
inline void add_nonlinearities(std::vector<Picture>& all, const Run& run,
                               const std::vector<LayerStatistics>& layers, Of of,
                               const densities_words& words)
{
    std::vector<Density> lines;
    std::string text;
    for (const LayerStatistics& l : layers) {
        if (!(of == Of::inputs ? l.layer.before_activation : l.layer.elementwise)) continue;
        // without what the type's arguments are
        lines.push_back(
            {fmt::format("layer {} ({})", l.layer.path, l.layer.type.substr(0, l.layer.type.find('<'))),
             of == Of::gradients ? &l.gradients : &l.outputs});
        const Statistics& s = of == Of::gradients ? l.gradient : l.output;
        text += fmt::format(
            "Layer {}: mean {:+.4g}, standard deviation {:.4g}{}. ", l.layer.name(), s.mean, s.std,
            of == Of::outputs && l.layer.saturates ? fmt::format(", {:.2f} % beyond 0.97", 100 * l.saturated)
                                                   : "");
    }
    if (lines.empty()) return;
    Picture p = densities(run.name, run.id + "-" + words.id, lines, words.axis);
    p.kind = words.kind;
    p.meaning = words.meaning;
    p.text = text;
    all.push_back(std::move(p));
}

inline void add_weight_gradients(std::vector<Picture>& all, const Run& run)
{
    std::vector<Density> lines;
    std::string text;
    for (const ParameterStatistics& w : run.parameters) {
        if (w.shape.size() < 2) continue;
        lines.push_back({w.name + " " + shape_text(w.shape), &w.gradients});
        text += fmt::format("{}: standard deviation {:.6e}, {:.4f} of the weight's. ", w.name, w.gradient.std,
                            w.gradient_to_data);
    }
    if (lines.empty()) return;
    Picture p = densities(run.name, run.id + "-weight-gradients", lines, "gradient");
    p.kind = "Gradients of the weights";
    p.meaning = "The gradient of each weight matrix in the last step: much wider ones learn much faster, and "
                "should not.";
    p.text = text;
    all.push_back(std::move(p));
}

/// One column a unit, one row a sample: 1 is saturated.
inline void add_saturation(std::vector<Picture>& all, const Run& run)
{
    if (!run.start || run.start->maps.empty()) return;
    const std::vector<SaturationMap>& maps = run.start->maps;
    Picture p;
    p.run = run.name;
    p.id = run.id + "-saturation";
    p.kind = "Saturated units before the first step";
    p.meaning =
        "One column a unit, one row a sample of the first batch: white is saturated, |h| > 0.99 or a "
        "ReLU's 0, where no gradient goes through; a column all white is a dead unit, marked below by "
        "a triangle.";
    p.script = fmt::format("unset datafile columnheaders\nset multiplot layout {},1\nset palette defined (0 "
                           "'#10131a', 1 '#fafafa')\nset "
                           "cbrange [0:1]\nunset colorbox\nunset key\nunset grid\nset xtics out nomirror\n",
                           maps.size());
    std::size_t first = 0;
    for (const SaturationMap& map : maps) {
        const auto shown = evenly(map.saturated.shape()[0], 256); // every pixel of every picture is a sample
        const std::size_t samples = shown.size(), units = map.saturated.shape()[1];
        for (const std::size_t s : shown) {
            std::vector<double> row(units);
            for (std::size_t u = 0; u < units; ++u) row[u] = map.saturated(s, u) ? 1 : 0;
            p.data.add(fmt::format("layer {} sample {}", map.layer.name(), s), row);
        }
        std::vector<double> dead(units);
        for (const std::size_t u : map.dead) dead[u] = 1;
        p.data.add(fmt::format("layer {} dead", map.layer.name()), dead);
        const std::string in_words = fmt::format("layer {}: {:.1f} % saturated, {} of {} units dead",
                                                 map.layer.name(), 100 * map.share(), map.dead.size(), units);
        p.text += in_words + (map.dead.empty() ? "" : fmt::format(": {}", fmt::join(map.dead, ", "))) + ". ";
        p.script +=
            fmt::format("set title {}\nset xrange [-0.5:{}.5]\nset yrange [{}:-0.5]\nset ytics (0, {}, "
                        "{}) out nomirror\n",
                        gnuplot::quoted(in_words), units - 1, samples + 2, samples / 2, samples - 1) +
            gnuplot::axes("unit", "sample");
        std::vector<std::string> plots{
            fmt::format("'{}.csv' skip 1 matrix every 1:1:{}:0:{}:{} using 2:($1-{}):3 with image", p.id,
                        first, first + samples - 1, units - 1, first)};
        if (!map.dead.empty())
            plots.push_back(fmt::format(
                "'{}.csv' skip 1 using 0:(${} > 0 ? {} : 1/0) with points pt 9 ps 0.8 lc rgb '{}'", p.id,
                first + samples + 1, samples + 1, gnuplot::colour(7)));
        p.script += "plot " + gnuplot::joined(plots) + "\n";
        first += samples + 1;
    }
    p.script += "unset multiplot\n";
    p.width = 900;
    p.height = std::max(420, static_cast<int>(maps.size()) * 210);
    all.push_back(std::move(p));
}

inline void add_calibration(std::vector<Picture>& all, const Run& run)
{
    if (run.calibrations.empty()) return;
    Picture p;
    p.run = run.name;
    p.id = run.id + "-calibration";
    p.kind = "BatchNorm: running statistics against a calibration";
    p.meaning = "Each point is a unit: the mean (left) and the standard deviation (right) that BatchNorm "
                "kept while it learnt, against those of the whole training set; on the line they are equal.";
    p.script = "set multiplot layout 1,2\nset key bottom right\n";
    std::vector<std::string> means, stds;
    for (std::size_t i = 0; i < run.calibrations.size(); ++i) {
        const Calibration& c = run.calibrations[i];
        const auto std = [&](const xt::xtensor<double, 1>& spread) {
            std::vector<double> s(spread.begin(), spread.end());
            if (!c.spread_is_std)
                for (double& v : s) v = std::sqrt(v);
            return s;
        };
        const std::string name = "layer " + c.layer.path;
        const std::size_t column = p.data.add(name + " measured mean", c.mean);
        p.data.add(name + " running mean", c.running_mean);
        p.data.add(name + " measured std", std(c.spread));
        p.data.add(name + " running std", std(c.running_spread));
        const auto points = [&](std::size_t x) {
            return fmt::format("'{}.csv' using {}:{} with points pt 7 ps 0.35 lc rgb '{}' title {}", p.id, x,
                               x + 1, gnuplot::colour(i), gnuplot::quoted(name));
        };
        means.push_back(points(column));
        stds.push_back(points(column + 2));
        p.text += fmt::format("Layer {}: means differ by at most {:.3g} standard deviations, standard "
                              "deviations by a factor of {:.3g}. ",
                              c.layer.name(), c.worst_mean(), c.worst_std());
    }
    for (auto* plots : {&means, &stds}) plots->push_back("x with lines lw 1 dt 2 lc rgb '#808080' notitle");
    p.script += gnuplot::axes("mean over the training set", "running mean") + "plot " +
                gnuplot::joined(means) + "\n" +
                gnuplot::axes("standard deviation over it", "running standard deviation") + "plot " +
                gnuplot::joined(stds) + "\nunset multiplot\n";
    p.width = 900;
    p.height = 420;
    all.push_back(std::move(p));
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
