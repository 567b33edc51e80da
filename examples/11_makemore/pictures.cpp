// SPDX-License-Identifier: BSD-3-Clause
/// The lecture's own pictures: what weights do to spread, and what the network thinks of letters.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "training.hpp"

using namespace ctnn;

namespace {

/// x @ w * factor, term by term.
xt::xtensor<float, 2> product(const xt::xtensor<float, 2>& x, const xt::xtensor<float, 2>& w, float factor)
{
    xt::xtensor<float, 2> y = xt::zeros<float>({x.shape()[0], w.shape()[1]});
    for (std::size_t i = 0; i < y.shape()[0]; ++i)
        for (std::size_t k = 0; k < x.shape()[1]; ++k)
            for (std::size_t u = 0; u < y.shape()[1]; ++u) y(i, u) += x(i, k) * w(k, u) * factor;
    return y;
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

} // namespace

Picture makemore::scaling_picture(const std::string& stage, const xt::xtensor<float, 2>& embedding,
                                  const xt::xtensor<float, 2>& own, const Samples& samples,
                                  std::uint64_t seed)
{
    const std::size_t n = std::min<std::size_t>(1000, samples.size()), fan_in = own.shape()[0];
    xt::xtensor<float, 2> x = xt::zeros<float>({n, fan_in});
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < fan_in; ++k)
            x(i, k) = embedding(static_cast<std::size_t>(samples.contexts(i, k / 10)), k % 10);
    const xt::xtensor<float, 2> plain = Generator{seed}.randn(fan_in, own.shape()[1]);
    const std::array<std::pair<std::string, xt::xtensor<float, 2>>, 4> panels{
        {{"x", x},
         {"x @ W", product(x, plain, 1)},
         {"x @ W / sqrt(30)", product(x, plain, 1 / std::sqrt(static_cast<float>(fan_in)))},
         {"x @ W of this stage", product(x, own, 1)}}};
    Picture p;
    p.run = stage;
    p.id = stage + "-scaling";
    p.kind = "What weights do to spread: x and x @ W";
    p.meaning = "The first layer's inputs x, what comes out for weights with a standard deviation of 1, "
                "which is wider by the root of fan_in = 30, and the same divided by that root; the last "
                "panel is this stage's own W.";
    p.script = "set multiplot layout 2,2\nset style fill solid 0.6 noborder\nunset key\nset ylabel "
               "'density'\nset yrange [0:*]\nset ytics nomirror\n";
    double widest = 0;
    for (const auto& [name, values] : panels)
        for (const float v : values) widest = std::max(widest, std::fabs(static_cast<double>(v)));
    for (std::size_t i = 0; i < panels.size(); ++i) {
        const auto& [name, values] = panels[i];
        const Statistics s = statistics(values);
        const Histogram h = histogram(values, 50);
        const std::size_t column = p.data.add(name + " value", h.centres());
        p.data.add(name + " density", h.density());
        p.text += fmt::format("{}: mean {:+.3f}, standard deviation {:.3f}. ", name, s.mean, s.std);
        p.script += fmt::format("set title {}\nset xlabel 'value'\nset xrange [{:.3g}:{:.3g}]\nset xtics "
                                "{:.3g}\nplot '{}.csv' using {}:{} with boxes lc rgb '{}'\n",
                                gnuplot::quoted(fmt::format("{}: std {:.2f}", name, s.std)), -widest, widest,
                                gnuplot::tick_step(widest / 2), p.id, column, column + 1, gnuplot::colour(i));
    }
    p.script += "unset multiplot\n";
    p.height = 520;
    return p;
}

Picture makemore::embedding_picture(const std::string& stage, const xt::xtensor<float, 2>& embedding,
                                    const Vocabulary& vocabulary)
{
    const Principal found = principal_directions(embedding, vocabulary.size());
    Picture p;
    p.run = stage;
    p.id = stage + "-embedding";
    p.kind = "What the network thinks of letters";
    p.meaning = "The vector of each character, seen along the two directions in which they differ most: "
                "characters whose points stand together are used alike.";
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < vocabulary.size(); ++i) {
        const char c = vocabulary.character(static_cast<class_id>(i));
        const auto byte = static_cast<unsigned char>(c);
        // A part of a character has no picture, and gnuplot takes a backslash for the start of something.
        labels.push_back(byte <= 0x20 || byte >= 0x7f ? fmt::format("0x{:02x}", byte)
                         : c == '\\'                  ? std::string("backslash")
                                                      : std::string(1, c));
    }
    p.data.add_texts("character", labels);
    p.data.add("first direction", found.coordinate[0]);
    p.data.add("second direction", found.coordinate[1]);
    const auto labelled = label_places(found.coordinate);
    p.data.add("label's first", labelled[0]);
    p.data.add("label's second", labelled[1]);
    p.script = gnuplot::axes(
                   fmt::format("first principal direction ({:.0f} % of the variance)", 100 * found.share[0]),
                   fmt::format("second ({:.0f} %)", 100 * found.share[1])) +
               fmt::format("unset key\nset offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05\nplot "
                           "'{0}.csv' using 2:3:($4-$2):($5-$3) with vectors nohead lw 0.4 lc rgb '{1}', '' "
                           "using 2:3 with points pt 7 ps 0.5 lc rgb '{1}', '' using 4:5:1 with labels font "
                           "',15'\n",
                           p.id, gnuplot::colour(0));
    p.text = fmt::format("{} characters; the two directions hold {:.0f} and {:.0f} % of the variance. The "
                         "coordinates are in the data files.",
                         vocabulary.size(), 100 * found.share[0], 100 * found.share[1]);
    return p;
}
