// SPDX-License-Identifier: BSD-3-Clause
#include "pictures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace makemore {

namespace {

/// Tones in the middle: they stand out from white paper and from a dark screen.
constexpr std::array<const char*, 8> colours{"#3f86cf", "#d9730d", "#2b9a66", "#c9559b",
                                             "#8268c8", "#a67c1d", "#1f9fa8", "#cf4d4d"};
const char* colour(std::size_t i) { return colours[i % colours.size()]; }

std::string stage_name(const Result& r)
{
    return std::string(stage_names[static_cast<std::size_t>(r.stage)].name);
}

/// For a string of gnuplot in single quotes.
std::string quoted(const std::string& s)
{
    std::string text = "'";
    for (const char c : s) text += c == '\'' ? std::string("''") : std::string(1, c);
    return text + "'";
}

std::string axes(const std::string& x, const std::string& y)
{
    return fmt::format("set xlabel {} offset 0,0.4\nset ylabel {}\n", quoted(x), quoted(y));
}

/// "layer 1.1 (BatchNorm)": without what the type's arguments are.
std::string short_name(const LayerInfo& layer)
{
    return fmt::format("layer {} ({})", layer.path, layer.type.substr(0, layer.type.find('<')));
}

/// "a, b" of one plot command.
std::string joined(const std::vector<std::string>& parts)
{
    return fmt::format("{}", fmt::join(parts, ", \\\n     "));
}

/// Mean of the points within a twentieth of the run on either side.
std::vector<double> smoothed(const std::vector<double>& y)
{
    const std::size_t reach = std::max<std::size_t>(1, y.size() / 40);
    std::vector<double> s(y.size());
    for (std::size_t i = 0; i < y.size(); ++i) {
        double sum = 0;
        std::size_t n = 0;
        for (std::size_t k = i - std::min(i, reach); k < std::min(y.size(), i + reach + 1); ++k)
            if (std::isfinite(y[k])) {
                sum += y[k];
                ++n;
            }
        s[i] = sum / static_cast<double>(n);
    }
    return s;
}

struct Curve {
    std::vector<double> step, mean, min, max;
};
Curve curve_of(const Series& series)
{
    Curve c;
    for (const Series::Point& p : series.points()) {
        c.step.push_back(static_cast<double>(p.step) + static_cast<double>(p.count - 1) / 2);
        c.mean.push_back(p.mean());
        c.min.push_back(p.min);
        c.max.push_back(p.max);
    }
    return c;
}

/// 1, 2 or 5 times a power of ten, so that an axis has five to ten ticks for `fifth` times five.
double tick_step(double fifth)
{
    const double power = std::pow(10, std::floor(std::log10(fifth))), leading = fifth / power;
    return power * (leading >= 5 ? 5 : leading >= 2 ? 2 : 1);
}

/// All steps on the horizontal axis, if there are only one or two too, and few enough ticks for long numbers.
std::string steps_range(const Result& result)
{
    const std::size_t last = std::max<std::size_t>(2, result.steps) - 1;
    return fmt::format("set xrange [0:{}]\nset xtics {:.0f}\n", last,
                       std::max(1.0, tick_step(static_cast<double>(last + 1) / 4)));
}

Picture loss(const std::vector<Result>& results)
{
    Picture p;
    p.id = "loss";
    p.kind = "The loss over the steps";
    p.meaning = "How wrong the network is on the batch of each step, thin, and its moving average, thick; a "
                "start in the shape of a hockey stick is a last layer that begins too sure of itself.";
    p.script = axes("step", "loss (nats, log scale)") + "set logscale y\n";
    double low = std::numeric_limits<double>::infinity(), high = 0;
    std::vector<std::string> thin, thick;
    for (std::size_t i = 0; i < results.size(); ++i) {
        const Curve c = curve_of(results[i].inside->loss);
        const std::string name = stage_name(results[i]);
        const std::size_t column = p.data.columns.size() + 1;
        for (const double v : c.mean) {
            low = std::min(low, v);
            high = std::max(high, v);
        }
        p.data.add(name + " step", c.step);
        p.data.add(name + " loss", c.mean);
        p.data.add(name + " lowest", c.min);
        p.data.add(name + " highest", c.max);
        p.data.add(name + " smoothed", smoothed(c.mean));
        if (results.size() == 1)
            thin.push_back(
                fmt::format("'loss.csv' using {}:{} with lines lw 0.7 lc rgb '{}' title 'loss{}'", column,
                            column + 1, colour(6),
                            results[i].inside->loss.stride() > 1
                                ? fmt::format(", mean of {} steps", results[i].inside->loss.stride())
                                : ""));
        else
            thin.push_back(fmt::format("'loss.csv' using {}:{} with lines lw 0.4 lc rgb '{}' notitle", column,
                                       column + 1, colour(i)));
        thick.push_back(fmt::format("'loss.csv' using {}:{} with lines lw 2.5 lc rgb '{}' title {}", column,
                                    column + 4, colour(i), quoted(results.size() == 1 ? "smoothed" : name)));
        p.text += fmt::format("{}: the loss starts at {:.4f} and ends near {:.4f}. ", name,
                              results[i].initial_loss, results[i].inside->loss.mean_of_end(0.05));
    }
    thin.insert(thin.end(), thick.begin(), thick.end());
    if (low > 0.4 && high < 150)
        p.script += "set ytics (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)\n";
    p.script += steps_range(*std::max_element(
        results.begin(), results.end(), [](const Result& a, const Result& b) { return a.steps < b.steps; }));
    p.script += fmt::format("set yrange [{:.4g}:{:.4g}]\nplot {}\n", std::max(low, 1e-6) / 1.05,
                            std::max(high, 1e-6) * 1.05, joined(thin));
    p.width = 900;
    p.height = 420;
    return p;
}

/// Overlaid densities, one line each.
struct Line {
    std::string name;
    const Histogram* histogram;
};
Picture densities(const Result& result, const std::string& id, const std::vector<Line>& lines,
                  const std::string& x)
{
    Picture p;
    p.stage = stage_name(result);
    p.id = p.stage + "-" + id;
    p.script = axes(x, "density") + "set key below left Left reverse height 1\nset yrange [0:*]\n";
    p.height = 440;
    std::vector<std::string> plots;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::size_t column = p.data.columns.size() + 1;
        p.data.add(lines[i].name + " value", lines[i].histogram->centres());
        p.data.add(lines[i].name + " density", lines[i].histogram->density());
        plots.push_back(fmt::format("'{}.csv' using {}:{} with lines lw 2 lc rgb '{}' title {}", p.id, column,
                                    column + 1, colour(i), quoted(lines[i].name)));
    }
    p.script += "plot " + joined(plots) + "\n";
    return p;
}

Picture scaling(const Result& result)
{
    const Inside& in = *result.inside;
    Picture p;
    p.stage = stage_name(result);
    p.id = p.stage + "-scaling";
    p.kind = "What weights do to spread: x and x @ W";
    p.meaning = "The first layer's inputs x, what comes out for weights with a standard deviation of 1, "
                "which is wider by the root of fan_in = 30, and the same divided by that root; the last "
                "panel is this stage's own W.";
    const std::array<std::pair<std::string, std::pair<const Histogram*, const Statistics*>>, 4> panels{
        {{"x", {&in.inputs, &in.inputs_statistics}},
         {"x @ W", {&in.plain, &in.plain_statistics}},
         {"x @ W / sqrt(30)", {&in.scaled, &in.scaled_statistics}},
         {"x @ W of this stage", {&in.own, &in.own_statistics}}}};
    p.script = "set multiplot layout 2,2\nset style fill solid 0.6 noborder\nunset key\nset ylabel "
               "'density'\nset yrange [0:*]\nset ytics nomirror\n";
    std::size_t column = 1;
    double widest = 0;
    for (const auto& panel : panels)
        widest = std::max({widest, std::fabs(panel.second.second->min), std::fabs(panel.second.second->max)});
    for (std::size_t i = 0; i < panels.size(); ++i) {
        const auto& [name, data] = panels[i];
        p.data.add(name + " value", data.first->centres());
        p.data.add(name + " density", data.first->density());
        p.text += fmt::format("{}: mean {:+.3f}, standard deviation {:.3f}. ", name, data.second->mean,
                              data.second->std);
        p.script += fmt::format("set title {}\nset xlabel 'value'\nset xrange [{:.3g}:{:.3g}]\nset xtics "
                                "{:.3g}\nplot '{}.csv' using {}:{} with boxes lc rgb '{}'\n",
                                quoted(fmt::format("{}: std {:.2f}", name, data.second->std)), -widest,
                                widest, tick_step(widest / 2), p.id, column, column + 1, colour(i));
        column += 2;
    }
    p.script += "unset multiplot\n";
    p.height = 520;
    return p;
}

/// What of each nonlinearity: what goes in, what comes out, or the gradient of that.
enum class Of { inputs, outputs, gradients };
struct Words {
    const char *id, *kind, *axis, *meaning;
};
Picture nonlinearities(const Result& result, const std::vector<LayerStatistics>& layers, Of of,
                       const Words& words)
{
    std::vector<Line> lines;
    std::string text;
    for (const LayerStatistics& l : layers) {
        if (!(of == Of::inputs ? l.layer.before_activation : l.layer.elementwise)) continue;
        lines.push_back({short_name(l.layer), of == Of::gradients ? &l.gradients : &l.outputs});
        const Statistics& s = of == Of::gradients ? l.gradient : l.output;
        text += fmt::format(
            "Layer {}: mean {:+.4g}, standard deviation {:.4g}{}. ", l.layer.name(), s.mean, s.std,
            of == Of::outputs && l.layer.saturates ? fmt::format(", {:.2f} % beyond 0.97", 100 * l.saturated)
                                                   : "");
    }
    Picture p = densities(result, words.id, lines, words.axis);
    p.kind = words.kind;
    p.meaning = words.meaning;
    p.text = text;
    return p;
}

Picture weight_gradients(const Result& result)
{
    std::vector<Line> lines;
    std::string text;
    for (const ParameterStatistics& w : result.inside->parameters) {
        if (w.shape.size() < 2) continue;
        lines.push_back({w.name + " " + shape_text(w.shape), &w.gradients});
        text += fmt::format("{}: standard deviation {:.6e}, {:.4f} of the weight's. ", w.name, w.gradient.std,
                            w.gradient_to_data);
    }
    Picture p = densities(result, "weight-gradients", lines, "gradient");
    p.kind = "Gradients of the weights";
    p.meaning = "The gradient of each weight matrix in the last step: much wider ones learn much faster, and "
                "should not.";
    p.text = text;
    return p;
}

Picture updates(const Result& result)
{
    Picture p;
    p.stage = stage_name(result);
    p.id = p.stage + "-updates";
    p.kind = "update:data over the steps";
    p.meaning = "How far each weight matrix moves in a step, relative to its own spread, in powers of ten: "
                "about -3 is a good speed, above it is fast, below it is slow.";
    p.script = axes("step", "log10 of std(update) : std(data)") +
               "set key below left Left reverse height 1\n" + steps_range(result);
    std::vector<std::string> plots;
    std::size_t i = 0;
    for (const ParameterHistory& h : result.inside->history) {
        if (h.shape.size() < 2) continue;
        const Curve c = curve_of(h.update_to_data);
        const std::size_t column = p.data.columns.size() + 1;
        p.data.add(h.name + " step", c.step);
        p.data.add(h.name + " log10 update:data", c.mean);
        // gnuplot draws nothing at all when a curve has no point, as that of a weight that never moved.
        if (std::any_of(c.mean.begin(), c.mean.end(), [](double v) { return std::isfinite(v); }))
            plots.push_back(fmt::format("'{}.csv' using {}:{} with lines lw 1 lc rgb '{}' title {}", p.id,
                                        column, column + 1, colour(i), quoted(h.name)));
        ++i;
        p.text += fmt::format("{}: {:.2f} at the end. ", h.name, h.update_to_data.mean_of_end());
    }
    plots.push_back("-3 with lines lw 1.5 dt 2 lc rgb '#808080' title '10^-3'");
    p.script += "plot " + joined(plots) + "\n";
    return p;
}

/// One column a unit, one row a sample: 1 is saturated.
Picture saturation(const Result& result)
{
    const std::vector<SaturationMap>& maps = result.inside->start.maps;
    Picture p;
    p.stage = stage_name(result);
    p.id = p.stage + "-saturation";
    p.kind = "Saturated units before the first step";
    p.meaning = "One column a unit, one row a sample of the first batch: white is saturated, |h| > 0.99, "
                "where no gradient goes through; a column all white is a dead unit, marked below by a "
                "triangle.";
    p.script = fmt::format("unset datafile columnheaders\nset multiplot layout {},1\nset palette defined (0 "
                           "'#10131a', 1 '#fafafa')\nset "
                           "cbrange [0:1]\nunset colorbox\nunset key\nunset grid\nset ytics (0, 16, 31)\nset "
                           "xtics out nomirror\nset ytics out nomirror\n",
                           maps.size());
    std::size_t first = 0;
    for (const SaturationMap& map : maps) {
        const std::size_t samples = map.saturated.shape()[0], units = map.saturated.shape()[1];
        for (std::size_t s = 0; s < samples; ++s) {
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
        p.script += fmt::format("set title {}\nset xrange [-0.5:{}.5]\nset yrange [{}:-0.5]\n",
                                quoted(in_words), units - 1, samples + 2) +
                    axes("unit", "sample");
        std::vector<std::string> plots{
            fmt::format("'{}.csv' skip 1 matrix every 1:1:{}:0:{}:{} using 2:($1-{}):3 with image", p.id,
                        first, first + samples - 1, units - 1, first)};
        if (!map.dead.empty())
            plots.push_back(fmt::format(
                "'{}.csv' skip 1 using 0:(${} > 0 ? {} : 1/0) with points pt 9 ps 0.8 lc rgb '{}'", p.id,
                first + samples + 1, samples + 1, colour(7)));
        p.script += "plot " + joined(plots) + "\n";
        first += samples + 1;
    }
    p.script += "unset multiplot\n";
    p.width = 900;
    p.height = std::max(420, static_cast<int>(maps.size()) * 210);
    return p;
}

/// The two directions in which the first n rows of a matrix differ most, by power iteration on their
/// covariance.
struct Principal {
    std::array<std::vector<double>, 2> coordinate;
    std::array<double, 2> share{};
};
Principal principal_directions(const xt::xtensor<float, 2>& rows, std::size_t n)
{
    const std::size_t d = rows.shape()[1];
    std::vector<std::vector<double>> x(n, std::vector<double>(d));
    for (std::size_t c = 0; c < d; ++c) {
        double mean = 0;
        for (std::size_t r = 0; r < n; ++r) mean += static_cast<double>(rows(r, c)) / static_cast<double>(n);
        for (std::size_t r = 0; r < n; ++r) x[r][c] = static_cast<double>(rows(r, c)) - mean;
    }
    double all = 0;
    for (const auto& row : x)
        for (const double v : row) all += v * v;
    Principal result;
    for (std::size_t k = 0; k < 2; ++k) {
        std::vector<double> direction(d);
        // any that is not orthogonal by symmetry
        for (std::size_t c = 0; c < d; ++c) direction[c] = 1 + 0.1 * static_cast<double>(c);
        std::vector<double>& at = result.coordinate[k];
        for (int round = 0; round < 2000; ++round) {
            at.assign(n, 0);
            for (std::size_t r = 0; r < n; ++r)
                for (std::size_t c = 0; c < d; ++c) at[r] += x[r][c] * direction[c];
            std::vector<double> next(d);
            double norm = 0;
            for (std::size_t r = 0; r < n; ++r)
                for (std::size_t c = 0; c < d; ++c) next[c] += at[r] * x[r][c];
            for (const double v : next) norm += v * v;
            if (!(norm > 0)) break; // all rows are equal
            for (std::size_t c = 0; c < d; ++c) direction[c] = next[c] / std::sqrt(norm);
        }
        double variance = 0;
        for (std::size_t r = 0; r < n; ++r) {
            variance += at[r] * at[r];
            for (std::size_t c = 0; c < d; ++c) x[r][c] -= at[r] * direction[c];
        }
        result.share[k] = all > 0 ? variance / all : 0;
    }
    return result;
}

/// Places for labels beside their points, none on another or on a point: they start above, and what is closer
/// than a label is large pushes them away. Computed in shares of the picture's width and height.
std::array<std::vector<double>, 2> label_places(const std::array<std::vector<double>, 2>& points)
{
    constexpr std::array<double, 2> size{0.03, 0.055};
    const std::size_t n = points[0].size();
    std::array<std::vector<double>, 2> fixed = points, at;
    std::array<double, 2> low{}, range{};
    for (std::size_t k = 0; k < 2; ++k) {
        const auto [least, most] = std::minmax_element(points[k].begin(), points[k].end());
        low[k] = *least;
        range[k] = std::max(*most - *least, 1e-30);
        for (double& x : fixed[k]) x = (x - low[k]) / range[k] / size[k]; // in labels
        at[k] = fixed[k];
    }
    for (double& y : at[1]) y += 0.8;
    const auto push = [&](std::size_t i, double from_x, double from_y, double reach) {
        const double x = at[0][i] - from_x, y = at[1][i] - from_y, distance = std::sqrt(x * x + y * y);
        if (distance >= reach) return;
        const double step = 0.25 * (reach - distance), angle = static_cast<double>(i); // of two in one place
        at[0][i] += step * (distance > 1e-9 ? x / distance : std::cos(angle));
        at[1][i] += step * (distance > 1e-9 ? y / distance : std::sin(angle));
    };
    for (int round = 0; round < 300; ++round)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                push(i, fixed[0][j], fixed[1][j], 0.75);
                if (i != j) push(i, at[0][j], at[1][j], 1);
            }
    for (std::size_t k = 0; k < 2; ++k)
        for (double& x : at[k]) x = low[k] + x * size[k] * range[k];
    return at;
}

Picture embedding(const Result& result)
{
    const Inside& in = *result.inside;
    const Principal found = principal_directions(in.embedding, in.characters.size());
    Picture p;
    p.stage = stage_name(result);
    p.id = p.stage + "-embedding";
    p.kind = "What the network thinks of letters";
    p.meaning = "The vector of each character, seen along the two directions in which they differ most: "
                "characters whose points stand together are used alike.";
    std::vector<std::string> labels;
    for (const char c : in.characters) {
        const auto byte = static_cast<unsigned char>(c);
        // A part of a character has no picture, and gnuplot takes a backslash for the start of something.
        labels.push_back(byte <= 0x20 || byte >= 0x7f ? fmt::format("0x{:02x}", byte)
                         : c == '\\'                  ? std::string("backslash")
                                                      : std::string(1, c));
    }
    p.data.columns.push_back({"character", {}, labels});
    p.data.add("first direction", found.coordinate[0]);
    p.data.add("second direction", found.coordinate[1]);
    const auto labelled = label_places(found.coordinate);
    p.data.add("label's first", labelled[0]);
    p.data.add("label's second", labelled[1]);
    p.script = axes(fmt::format("first principal direction ({:.0f} % of the variance)", 100 * found.share[0]),
                    fmt::format("second ({:.0f} %)", 100 * found.share[1])) +
               fmt::format("unset key\nset offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05\nplot "
                           "'{0}.csv' using 2:3:($4-$2):($5-$3) with vectors nohead lw 0.4 lc rgb '{1}', '' "
                           "using 2:3 with points pt 7 ps 0.5 lc rgb '{1}', '' using 4:5:1 with labels font "
                           "',15'\n",
                           p.id, colour(0));
    p.text = fmt::format("{} characters; the two directions hold {:.0f} and {:.0f} % of the variance. The "
                         "coordinates are in the data files.",
                         in.characters.size(), 100 * found.share[0], 100 * found.share[1]);
    return p;
}

Picture batch_norm(const Result& result)
{
    Picture p;
    p.stage = stage_name(result);
    p.id = p.stage + "-calibration";
    p.kind = "BatchNorm: running statistics against a calibration";
    p.meaning = "Each point is a unit: the mean (left) and the standard deviation (right) that BatchNorm "
                "kept while it learnt, against those of the whole training set; on the line they are equal.";
    p.script = "set multiplot layout 1,2\nset key bottom right\n";
    std::vector<std::string> means, stds;
    for (std::size_t i = 0; i < result.inside->calibrations.size(); ++i) {
        const Calibration& c = result.inside->calibrations[i];
        const auto std = [&](const xt::xtensor<double, 1>& spread) {
            std::vector<double> s(spread.begin(), spread.end());
            if (!c.spread_is_std)
                for (double& v : s) v = std::sqrt(v);
            return s;
        };
        const std::size_t column = p.data.columns.size() + 1;
        const std::string name = "layer " + c.layer.path;
        p.data.add(name + " measured mean", c.mean);
        p.data.add(name + " running mean", c.running_mean);
        p.data.add(name + " measured std", std(c.spread));
        p.data.add(name + " running std", std(c.running_spread));
        means.push_back(fmt::format("'{}.csv' using {}:{} with points pt 7 ps 0.35 lc rgb '{}' title {}",
                                    p.id, column, column + 1, colour(i), quoted(name)));
        stds.push_back(fmt::format("'{}.csv' using {}:{} with points pt 7 ps 0.35 lc rgb '{}' title {}", p.id,
                                   column + 2, column + 3, colour(i), quoted(name)));
        p.text += fmt::format("Layer {}: means differ by at most {:.3g} standard deviations, standard "
                              "deviations by a factor of {:.3g}. ",
                              c.layer.name(), c.worst_mean(), c.worst_std());
    }
    means.push_back("x with lines lw 1 dt 2 lc rgb '#808080' notitle");
    stds.push_back("x with lines lw 1 dt 2 lc rgb '#808080' notitle");
    p.script += axes("mean over the training set", "running mean") + "plot " + joined(means) + "\n" +
                axes("standard deviation over it", "running standard deviation") + "plot " + joined(stds) +
                "\nunset multiplot\n";
    p.width = 900;
    p.height = 420;
    return p;
}

} // namespace

std::vector<Picture> pictures_of(const std::vector<Result>& results)
{
    std::vector<Picture> all{loss(results)};
    const auto each = [&](auto make) {
        for (const Result& r : results) all.push_back(make(r));
    };
    const auto each_nonlinearity = [&](auto layers, Of of, const Words& words) {
        for (const Result& r : results) all.push_back(nonlinearities(r, layers(*r.inside), of, words));
    };
    const auto at_start = [](const Inside& in) { return in.start.layers; };
    const auto at_end = [](const Inside& in) { return in.activations; };
    each(scaling);
    each_nonlinearity(at_start, Of::inputs,
                      {"first-preactivations", "Into the nonlinearities, before the first step", "value",
                       "What goes into each nonlinearity with the first batch: around -1 to 1 a tanh works, "
                       "beyond -3 or 3 it is at its ends."});
    each_nonlinearity(
        at_start, Of::outputs,
        {"first-activations", "Out of the nonlinearities, before the first step", "activation",
         "What comes out of each nonlinearity with the first batch: peaks at -1 and 1 are saturated units."});
    each_nonlinearity(at_end, Of::outputs,
                      {"activations", "Activations after the last step", "activation",
                       "The same for the last batch: in a healthy network the layers look alike, and few "
                       "units stand at the ends."});
    each(saturation);
    each_nonlinearity(at_end, Of::gradients,
                      {"gradients", "Gradients of the activations", "gradient",
                       "The gradients that reach each nonlinearity in the last step: if they grow or shrink "
                       "from layer to layer, they explode or vanish."});
    each(weight_gradients);
    each(updates);
    each(embedding);
    for (const Result& r : results)
        if (!r.inside->calibrations.empty()) all.push_back(batch_norm(r));
    return all;
}

std::string gnuplot_script(const std::vector<Picture>& pictures)
{
    std::string script = "# gnuplot pictures.gp draws each picture from the CSV file of the same name.\n";
    for (const Picture& p : pictures)
        script += fmt::format("\nreset\nset datafile separator ','\nset datafile columnheaders\nset terminal "
                              "svg size {},{} font "
                              "'sans-serif,15' noenhanced\nset output '{}.svg'\n"
                              "set grid lw 0.5 lc rgb '#999999'\nset key samplen 1.5\n{}",
                              p.width, p.height, p.id, p.script);
    return script + "\nset output\n";
}

} // namespace makemore
