// SPDX-License-Identifier: BSD-3-Clause
/// Pictures of what moves from step to step: loss, learning rate, evaluations, updates.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ctnn/report/picture.hpp>
#include <ctnn/report/run.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// The part of a name that can be part of a file's.
inline std::string file_word(const std::string& name)
{
    std::string word;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain || (!word.empty() && word.back() != '-')) word += plain ? c : '-';
    }
    return word;
}

/// Mean of the points within a twentieth of the run on either side.
inline std::vector<double> smoothed(const std::vector<double>& y)
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

struct curve {
    std::vector<double> step, mean, min, max;
};
inline curve curve_of(const Series& series)
{
    curve c;
    for (const Series::Point& p : series.points()) {
        c.step.push_back(static_cast<double>(p.step) + static_cast<double>(p.count - 1) / 2);
        c.mean.push_back(p.mean());
        c.min.push_back(p.min);
        c.max.push_back(p.max);
    }
    return c;
}
/// gnuplot draws nothing at all when a curve has no point, as that of a weight that never moved.
inline bool has_a_point(const std::vector<double>& y)
{
    return std::any_of(y.begin(), y.end(), [](double v) { return std::isfinite(v); });
}

/// All steps on the horizontal axis, if there are only one or two too, and few enough ticks for long numbers.
inline std::string steps_range(std::size_t steps)
{
    const std::size_t last = std::max<std::size_t>(2, steps) - 1;
    return fmt::format("set xrange [0:{}]\nset xtics {:.0f}\n", last,
                       std::max(1.0, gnuplot::tick_step(static_cast<double>(last + 1) / 4)));
}
inline std::size_t most_steps(const std::vector<Run>& runs)
{
    std::size_t most = 0;
    for (const Run& r : runs) {
        most = std::max(most, r.steps);
        for (const Series* s : {&r.loss, &r.learning_rates})
            if (!s->empty()) most = std::max(most, s->points().back().step + s->points().back().count);
    }
    return most;
}

inline void add_loss(std::vector<Picture>& all, const std::vector<Run>& runs)
{
    Picture p;
    p.id = "loss";
    p.kind = "The loss over the steps";
    p.meaning = "How wrong the network is on the batch of each step, thin, and its moving average, thick; a "
                "start in the shape of a hockey stick is a last layer that begins too sure of itself.";
    double low = std::numeric_limits<double>::infinity(), high = -low;
    std::vector<std::string> thin, thick;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const Run& run = runs[i];
        const curve c = curve_of(run.loss);
        if (!has_a_point(c.mean)) continue;
        for (const double v : c.mean) {
            low = std::isfinite(v) ? std::min(low, v) : low;
            high = std::isfinite(v) ? std::max(high, v) : high;
        }
        const std::size_t column = p.data.add(run.name + " step", c.step);
        p.data.add(run.name + " loss", c.mean);
        p.data.add(run.name + " lowest", c.min);
        p.data.add(run.name + " highest", c.max);
        p.data.add(run.name + " smoothed", smoothed(c.mean));
        const std::size_t stride = run.loss.stride();
        if (runs.size() == 1)
            thin.push_back(fmt::format("'loss.csv' using {}:{} with lines lw 0.7 lc rgb '{}' title 'loss{}'",
                                       column, column + 1, gnuplot::colour(6),
                                       stride > 1 ? fmt::format(", mean of {} steps", stride) : ""));
        else
            thin.push_back(fmt::format("'loss.csv' using {}:{} with lines lw 0.4 lc rgb '{}' notitle", column,
                                       column + 1, gnuplot::colour(i)));
        thick.push_back(fmt::format("'loss.csv' using {}:{} with lines lw 2.5 lc rgb '{}' title {}", column,
                                    column + 4, gnuplot::colour(i),
                                    gnuplot::quoted(runs.size() == 1 ? "smoothed" : run.name)));
        p.text += fmt::format("{}: the loss starts near {:.4f} and ends near {:.4f}. ", run.name,
                              c.mean.front(), run.loss.mean_of_end(0.05));
    }
    if (thin.empty()) return;
    thin.insert(thin.end(), thick.begin(), thick.end());
    if (low > 0) {
        p.script = gnuplot::axes("step", "loss (log scale)") + "set logscale y\n";
        if (low > 0.4 && high < 150)
            p.script += "set ytics (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)\n";
        p.script += fmt::format("set yrange [{:.4g}:{:.4g}]\n", low / 1.05, high * 1.05);
    } else {
        p.script = gnuplot::axes("step", "loss");
    }
    p.script += steps_range(most_steps(runs)) + "plot " + gnuplot::joined(thin) + "\n";
    p.width = 900;
    p.height = 420;
    all.push_back(std::move(p));
}

/// One curve a run, with a finite value at least.
struct line_of_run {
    std::size_t run;
    std::vector<double> step, value;
};
inline Picture lines_over_steps(const std::vector<Run>& runs, const std::string& id, const std::string& what,
                                const std::vector<line_of_run>& lines)
{
    Picture p;
    p.id = id;
    p.script = gnuplot::axes("step", what) + steps_range(most_steps(runs)) +
               (runs.size() == 1 ? "unset key\n" : "set key below left Left reverse height 1\n");
    std::vector<std::string> plots;
    for (const line_of_run& line : lines) {
        const std::string& name = runs[line.run].name;
        const std::size_t column = p.data.add(name + " step", line.step);
        p.data.add(name + " " + what, line.value);
        // few points are marked
        plots.push_back(fmt::format("'{}.csv' using {}:{} with {} lw 2 lc rgb '{}' title {}", id, column,
                                    column + 1, line.value.size() < 60 ? "linespoints pt 7 ps 0.35" : "lines",
                                    gnuplot::colour(line.run), gnuplot::quoted(name)));
        const auto [least, most] = std::minmax_element(line.value.begin(), line.value.end());
        p.text += fmt::format("{}: {} starts at {:.4g} and ends at {:.4g}, between {:.4g} and {:.4g}. ", name,
                              what, line.value.front(), line.value.back(), *least, *most);
    }
    p.script += "plot " + gnuplot::joined(plots) + "\n";
    return p;
}

inline void add_learning_rate(std::vector<Picture>& all, const std::vector<Run>& runs)
{
    std::vector<line_of_run> lines;
    for (std::size_t i = 0; i < runs.size(); ++i)
        if (const curve c = curve_of(runs[i].learning_rates); has_a_point(c.mean))
            lines.push_back({i, c.step, c.mean});
    if (lines.empty()) return;
    Picture p = lines_over_steps(runs, "learning-rate", "learning rate", lines);
    p.kind = "The learning rate over the steps";
    p.meaning = "What the schedule has set the optimizer's learning rate to.";
    p.script = "set yrange [0:*]\nset offsets 0, 0, graph 0.1, 0\n" + p.script;
    all.push_back(std::move(p));
}

/// A picture for each metric that was evaluated twice or more.
inline void add_metrics(std::vector<Picture>& all, const std::vector<Run>& runs)
{
    std::vector<std::string> names;
    for (const Run& run : runs)
        for (const MetricHistory& m : run.metrics)
            if (m.value.size() > 1 && std::find(names.begin(), names.end(), m.name) == names.end())
                names.push_back(m.name);
    for (const std::string& name : names) {
        std::vector<line_of_run> lines;
        for (std::size_t i = 0; i < runs.size(); ++i)
            for (const MetricHistory& m : runs[i].metrics)
                if (m.name == name && has_a_point(m.value))
                    lines.push_back({i, {m.step.begin(), m.step.end()}, m.value});
        if (lines.empty()) continue;
        std::string id = "metric-" + file_word(name);
        for (std::size_t n = 2;
             std::any_of(all.begin(), all.end(), [&](const Picture& p) { return p.id == id; }); ++n)
            id = fmt::format("metric-{}-{}", file_word(name), n);
        Picture p = lines_over_steps(runs, id, name, lines);
        p.kind = "Evaluations: " + name;
        p.meaning = "What each evaluation during the training has measured.";
        all.push_back(std::move(p));
    }
}

inline void add_updates(std::vector<Picture>& all, const Run& run)
{
    Picture p;
    p.run = run.name;
    p.id = run.id + "-updates";
    p.kind = "update:data over the steps";
    p.meaning = "How far each weight matrix moves in a step, relative to its own spread, in powers of ten: "
                "about -3 is a good speed, above it is fast, below it is slow.";
    p.script = gnuplot::axes("step", "log10 of std(update) : std(data)") +
               "set key below left Left reverse height 1\n" + steps_range(run.steps);
    std::vector<std::string> plots;
    std::size_t i = 0;
    for (const ParameterHistory& h : run.updates) {
        if (h.shape.size() < 2) continue;
        const curve c = curve_of(h.update_to_data);
        const std::size_t column = p.data.add(h.name + " step", c.step);
        p.data.add(h.name + " log10 update:data", c.mean);
        if (has_a_point(c.mean))
            plots.push_back(fmt::format("'{}.csv' using {}:{} with lines lw 1 lc rgb '{}' title {}", p.id,
                                        column, column + 1, gnuplot::colour(i), gnuplot::quoted(h.name)));
        ++i;
        p.text += fmt::format("{}: {:.2f} at the end. ", h.name, h.update_to_data.mean_of_end());
    }
    if (i == 0) return;
    plots.push_back("-3 with lines lw 1.5 dt 2 lc rgb '#808080' title '10^-3'");
    p.script += "plot " + gnuplot::joined(plots) + "\n";
    all.push_back(std::move(p));
}

} // namespace ctnn::inline CTNN_ARCH::detail
