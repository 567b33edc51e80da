// SPDX-License-Identifier: BSD-3-Clause
#include "report.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pictures.hpp"

namespace makemore {

namespace {

/// How many bytes from `at` on are one character of UTF-8 beyond ASCII; 0 when they are none.
std::size_t utf8_length(const std::string& s, std::size_t at)
{
    const auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
    const unsigned first = byte(at);
    const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xf0 && first < 0xf5 ? 4
                                                               : 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(at + i) & 0xc0U) != 0x80U) return 0;
    return length;
}

/// For HTML. A byte that is no part of a character is shown by its number.
std::string escaped(const std::string& s)
{
    std::string text;
    for (std::size_t i = 0; i < s.size(); ++i) {
        const char c = s[i];
        const auto byte = static_cast<unsigned char>(c);
        if (c == '&') text += "&amp;";
        else if (c == '<') text += "&lt;";
        else if (c == '>') text += "&gt;";
        else if (c == '"') text += "&quot;";
        else if (byte >= 0x20 && byte < 0x7f) text += c;
        else if (const std::size_t n = utf8_length(s, i); n > 0) {
            text += s.substr(i, n);
            i += n - 1;
        } else text += fmt::format("\\x{:02x}", byte);
    }
    return text;
}

/// All of it or a Failure: what a full disk cuts off is found when the file is closed.
void write_file(const std::string& path, const std::string& content)
{
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) throw Failure(4, fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
    int error = 0;
    if (std::fwrite(content.data(), 1, content.size(), file) != content.size()) error = errno;
    if (std::fclose(file) != 0 && error == 0) error = errno;
    if (error != 0) {
        std::remove(path.c_str());
        throw Failure(4, fmt::format("cannot write '{}': {}", path, std::strerror(error)));
    }
}

bool has_gnuplot() { return std::system("command -v gnuplot >/dev/null 2>&1") == 0; }

/// Runs pictures.gp where it stands. The folder's name reaches the shell as a variable, never as text of the
/// command. A signal to this program ends gnuplot too, and what gnuplot died of tells.
bool draw(const std::string& folder)
{
    if (setenv("MAKEMORE_REPORT", std::filesystem::absolute(folder).c_str(), 1) != 0) return false;
    const char* const command =
        "cd \"$MAKEMORE_REPORT\" && LC_ALL=C exec gnuplot pictures.gp >/dev/null 2>&1";
    const char* const arguments[] = {"sh", "-c", command, nullptr};
    pid_t child = 0;
    if (::posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(arguments), environ) != 0)
        return false;
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        if (stop_signal != 0) ::kill(child, SIGTERM);
        ::usleep(5'000); // between a look at the signal and a wait without end one could slip through
    }
    for (const int signal : {SIGINT, SIGTERM})
        if ((WIFSIGNALED(status) && WTERMSIG(status) == signal) ||
            (WIFEXITED(status) && WEXITSTATUS(status) == 128 + signal))
            stop_signal = stop_signal != 0 ? stop_signal : signal;
    stop_if_asked("while gnuplot drew; the report is not complete");
    return status == 0;
}

void replace_all(std::string& text, const std::string& from, const std::string& to)
{
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// The picture that gnuplot has drawn, as a part of a page: black becomes the page's own ink, names of parts
/// become the picture's own, and a text is added for readers who cannot see it. Empty when gnuplot has drawn
/// nothing. The file is removed.
std::string inlined_svg(const std::string& folder, const Picture& picture)
{
    const std::string path = folder + "/" + picture.id + ".svg";
    std::string svg;
    if (std::filesystem::is_regular_file(path)) {
        std::ifstream file(path, std::ios::binary);
        svg.assign(std::istreambuf_iterator<char>(file), {});
    }
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    const std::size_t start = svg.find("<svg"), end = svg.rfind("</svg>");
    if (start == std::string::npos || end == std::string::npos) return {};
    svg = svg.substr(start, end + 6 - start);
    for (const char* attribute : {"stroke", "fill"})
        for (const char* quote : {"\"", "'"})
            replace_all(svg, fmt::format("{}={}black{}", attribute, quote, quote),
                        fmt::format("{}=\"currentColor\"", attribute));
    replace_all(svg, "color=\"black\"", "");
    replace_all(svg, "color=\"white\"", "");
    for (const char* part : {"gp", "textbox", "greybox", "gnuplot_"}) {
        replace_all(svg, fmt::format("id='{}", part), fmt::format("id='{}-{}", picture.id, part));
        replace_all(svg, fmt::format("id=\"{}", part), fmt::format("id=\"{}-{}", picture.id, part));
        replace_all(svg, fmt::format("href='#{}", part), fmt::format("href='#{}-{}", picture.id, part));
        replace_all(svg, fmt::format("url(#{}", part), fmt::format("url(#{}-{}", picture.id, part));
    }
    const std::size_t title = svg.find("<title>"), description = svg.find("</desc>");
    if (title != std::string::npos && description != std::string::npos)
        svg.replace(title, description + 7 - title,
                    fmt::format("<title id=\"{0}-title\">{1}</title><desc id=\"{0}-text\">{2}</desc>",
                                picture.id, escaped(picture.kind), escaped(picture.text)));
    svg.replace(0, 4,
                fmt::format("<svg role=\"img\" aria-labelledby=\"{0}-title\" aria-describedby=\"{0}-text\"",
                            picture.id));
    return svg;
}

const char* const style = R"css(
:root{color-scheme:light dark;--paper:#fcfcfa;--ink:#1d2229;--quiet:#5a6472;--line:#d5d9de;--card:#ffffff;
--link:#1f5fa8;--good:#1f7a4d;--bad:#b3401f}
@media(prefers-color-scheme:dark){:root{--paper:#14171c;--ink:#e4e7eb;--quiet:#a3adba;--line:#363c45;
--card:#1b1f26;--link:#8cbcf2;--good:#63c795;--bad:#f0926f}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main,header,footer{max-width:84rem;margin:0 auto;padding:0 1rem}
header{padding-top:1.5rem}h1{font-size:1.7rem;line-height:1.2;margin:0 0 .25rem}h2{font-size:1.25rem;
margin:2.5rem 0 .75rem}h3{font-size:1rem;margin:0 0 .25rem}
p{margin:.25rem 0 .75rem}a{color:var(--link)}.quiet,figcaption{color:var(--quiet)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:1rem 0;padding:0}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.figures{display:grid;gap:0 1.5rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,34rem),1fr))}
.figures section{min-width:0}.whole{grid-column:1/-1}
.side{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr))}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.75rem;
min-width:0}
.three{grid-template-columns:1fr 1fr 1fr}@media(max-width:76rem){.three{grid-template-columns:1fr}}
.wide{overflow-x:auto;background:linear-gradient(90deg,var(--paper) 50%,transparent) local,
linear-gradient(270deg,var(--paper) 50%,transparent) 100% local,
linear-gradient(90deg,var(--line),transparent),linear-gradient(270deg,var(--line),transparent) 100%;
background-repeat:no-repeat;background-size:3rem 100%,3rem 100%,1.5rem 100%,1.5rem 100%}
figure .wide{background:none}figure svg{display:block;width:100%;height:auto;max-width:60rem;margin:0 auto;
color:var(--ink)}
svg image{image-rendering:pixelated}figcaption{font-size:.9rem;margin-top:.5rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}thead th{border-bottom:2px solid var(--line)}
ul.verdicts{list-style:none;padding:0;margin:0}ul.verdicts li{border-left:4px solid var(--good);
background:var(--card);margin:.4rem 0;padding:.4rem .75rem}
ul.verdicts li.warning{border-color:var(--bad)}.mark{font-weight:600;color:var(--good)}
.warning .mark{color:var(--bad)}
.names{columns:10rem;font-family:ui-monospace,monospace;padding:0;list-style:none}footer{margin-top:3rem;
padding-bottom:2rem}
@media print{:root{--paper:#fff;--ink:#000;--quiet:#333;--line:#999;--card:#fff;--link:#000;--good:#000;
--bad:#000}body{font-size:11pt}nav,.skip{display:none}
figure,li,tr{break-inside:avoid}h2{break-after:avoid}.wide{overflow:visible}
.side{grid-template-columns:1fr 1fr}}
)css";

/// A table that scrolls by itself where the screen is narrow; the first cell of a row is its heading.
std::string html_table(const std::string& caption, const std::vector<std::vector<std::string>>& rows)
{
    std::string text = fmt::format(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table><thead><tr>",
        escaped(caption));
    for (const std::string& cell : rows[0]) text += "<th scope=\"col\">" + escaped(cell) + "</th>";
    text += "</tr></thead><tbody>\n";
    for (std::size_t r = 1; r < rows.size(); ++r) {
        text += "<tr>";
        for (std::size_t c = 0; c < rows[r].size(); ++c)
            text += c == 0 ? "<th scope=\"row\">" + escaped(rows[r][c]) + "</th>"
                           : "<td>" + escaped(rows[r][c]) + "</td>";
        text += "</tr>\n";
    }
    return text + "</tbody></table></div>\n";
}

std::string result_table(const std::vector<Result>& results)
{
    std::vector<std::vector<std::string>> rows{
        {"stage", "parameters", "steps", "first loss", "train", "validation", "test", "seconds"}};
    for (const Result& r : results) {
        std::size_t parameters = 0;
        for (const LayerInfo& l : r.inside->layers) parameters += l.parameters;
        rows.push_back({std::string(stage_names[static_cast<std::size_t>(r.stage)].name),
                        std::to_string(parameters), std::to_string(r.steps),
                        fmt::format("{:.4f}", r.initial_loss), fmt::format("{:.7f}", r.train),
                        fmt::format("{:.7f}", r.validation), fmt::format("{:.7f}", r.test),
                        fmt::format("{:.1f}", r.seconds)});
    }
    return html_table("results", rows);
}

std::string figure(double x, const char* format)
{
    return std::isnan(x) ? "-" : fmt::format(fmt::runtime(format), x);
}

std::string layer_table(const Inside& in)
{
    std::vector<std::vector<std::string>> rows{{"layer", "output", "parameters", "std predicted",
                                                "std measured at the start", "mean", "std", "saturated",
                                                "gradient std"}};
    for (std::size_t i = 0; i < in.activations.size(); ++i) {
        const LayerStatistics& l = in.activations[i];
        rows.push_back({l.layer.name(), shape_text(l.layer.shape), std::to_string(l.layer.parameters),
                        figure(in.start.predicted[i].std, "{:.3f}"),
                        figure(in.start.layers[i].output.std, "{:.3f}"), figure(l.output.mean, "{:+.2f}"),
                        figure(l.output.std, "{:.2f}"),
                        l.layer.saturates ? fmt::format("{:.2f} %", 100 * l.saturated) : "-",
                        figure(l.gradient.std, "{:.6e}")});
    }
    return html_table("layers", rows);
}
std::string parameter_table(const Inside& in)
{
    std::vector<std::vector<std::string>> rows{{"parameter", "shape", "mean", "std", "gradient mean",
                                                "gradient std", "grad:data", "log10 update:data"}};
    for (std::size_t i = 0; i < in.parameters.size(); ++i) {
        const ParameterStatistics& p = in.parameters[i];
        rows.push_back({p.name, shape_text(p.shape), figure(p.value.mean, "{:+.4f}"),
                        figure(p.value.std, "{:.4f}"), figure(p.gradient.mean, "{:+.6f}"),
                        figure(p.gradient.std, "{:.6e}"), figure(p.gradient_to_data, "{:.6e}"),
                        figure(in.history[i].update_to_data.mean_of_end(), "{:.2f}")});
    }
    return html_table("parameters", rows);
}

std::string verdict_list(const Inside& in)
{
    std::string text = "<ul class=\"verdicts\">\n";
    for (const Verdict& v : in.verdicts)
        text += fmt::format(
            "<li{}><span class=\"mark\">{}</span> {}{}</li>\n", v.sound ? "" : " class=\"warning\"",
            v.sound ? "Sound." : "Warning.", escaped(v.text),
            v.advice.empty() ? "" : "<br><span class=\"quiet\">Try: " + escaped(v.advice) + ".</span>");
    return text + "</ul>\n";
}

std::string figure_of(const Picture& p, const std::string& svg, bool name_stage)
{
    return fmt::format("<figure id=\"{0}\">{1}<div class=\"wide\" tabindex=\"0\" role=\"region\" "
                       "aria-label=\"{2}\">{3}</div><figcaption>{4} "
                       "Data: <a href=\"{0}.csv\">CSV</a>, <a "
                       "href=\"{0}.json\">JSON</a>.</figcaption></figure>\n",
                       escaped(p.id),
                       name_stage && !p.stage.empty() ? "<h3>" + escaped(p.stage) + "</h3>" : "",
                       escaped(p.kind + (p.stage.empty() ? "" : ", " + p.stage)),
                       svg.empty() ? "<p>" + escaped(p.text) + "</p>" : svg, escaped(p.meaning));
}

} // namespace

void prepare_report(const Options& options)
{
    const std::string& folder = options.report;
    std::error_code error;
    const auto is_ours = [](const std::filesystem::path& name) {
        const std::string end = name.extension().string();
        return end == ".csv" || end == ".json" || end == ".svg" || end == ".gp" || end == ".html" ||
               end == ".new";
    };
    const std::pair<const char*, const std::string*> files[] = {{"--data", &options.data},
                                                                {"--metrics", &options.metrics},
                                                                {"--checkpoint", &options.checkpoint},
                                                                {"--resume", &options.resume},
                                                                {"--header", &options.header}};
    for (const auto& [option, file] : files) {
        if (file->empty()) continue;
        const std::filesystem::path path = *file;
        bool inside = is_ours(path) && std::filesystem::equivalent(
                                           path.has_parent_path() ? path.parent_path() : ".", folder, error);
        for (const auto& entry : std::filesystem::directory_iterator(folder, error))
            inside = inside || (is_ours(entry.path()) && std::filesystem::equivalent(entry, path, error));
        if (inside)
            throw Failure(1, fmt::format("{} '{}' is where the report of '{}' is written; put it elsewhere",
                                         option, *file, folder));
    }
    std::filesystem::create_directories(folder, error);
    if (error) throw Failure(4, fmt::format("cannot make the folder '{}': {}", folder, error.message()));
    const std::string probe = folder + "/report.html.new";
    write_file(probe, "");
    std::filesystem::remove(probe, error);
}

std::string write_report(const std::string& folder, const std::vector<Result>& results)
{
    const std::vector<Picture> pictures = pictures_of(results);
    for (const Picture& p : pictures) {
        write_file(folder + "/" + p.id + ".csv", p.data.csv());
        write_file(folder + "/" + p.id + ".json", p.data.json());
    }
    write_file(folder + "/pictures.gp", gnuplot_script(pictures));
    std::string missing;
    if (!has_gnuplot())
        missing = "there are no pictures in the report: install gnuplot (apt-get install gnuplot-nox) and "
                  "run this again";
    std::vector<std::string> drawn(pictures.size());
    if (missing.empty()) {
        const bool well = draw(folder);
        std::string undrawn;
        for (std::size_t i = 0; i < pictures.size(); ++i) {
            drawn[i] = inlined_svg(folder, pictures[i]);
            if (drawn[i].empty()) undrawn += " " + pictures[i].id;
        }
        if (!well || !undrawn.empty())
            missing = fmt::format("gnuplot has not drawn all pictures, which is so when the disk is full; "
                                  "missing:{}; it was given '{}/pictures.gp'",
                                  undrawn.empty() ? " none" : undrawn, folder);
    }
    const bool several = results.size() > 1;

    std::string names;
    for (const Result& r : results)
        names +=
            (names.empty() ? "" : ", ") + std::string(stage_names[static_cast<std::size_t>(r.stage)].name);
    std::string page = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\"><title>makemore: {0}</title><link rel=\"icon\" "
        "href=\"data:,\"><style>{1}</style></head>\n<body><a "
        "class=\"skip\" href=\"#main\">To the figures</a>\n<header><h1>makemore: {0}</h1>\n",
        escaped(names), style);
    for (const Result& r : results)
        page += fmt::format("<p class=\"quiet\">{}: {}.</p>\n",
                            escaped(std::string(stage_names[static_cast<std::size_t>(r.stage)].name)),
                            escaped(std::string(stage_names[static_cast<std::size_t>(r.stage)].meaning)));
    std::string contents =
                    "<li><a href=\"#results\">Results</a></li><li><a href=\"#verdicts\">Verdicts</a></li>",
                body;
    std::string kind;
    std::size_t section = 0;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const Picture& p = pictures[i];
        if (p.kind != kind) {
            if (!kind.empty()) body += "</div></section>\n";
            kind = p.kind;
            const std::string id = fmt::format("section-{}", ++section);
            contents += fmt::format("<li><a href=\"#{}\">{}</a></li>", id, escaped(kind));
            const auto alike = std::count_if(pictures.begin(), pictures.end(),
                                             [&](const Picture& other) { return other.kind == kind; });
            body += fmt::format("<section id=\"{}\"{}><h2>{}</h2><div class=\"side{}\">\n", id,
                                several || p.width > 640 ? " class=\"whole\"" : "", escaped(kind),
                                alike % 3 == 0 ? " three" : "");
        }
        body += figure_of(p, drawn[i], several);
    }
    body += "</div></section>\n";
    contents += "<li><a href=\"#layers\">Layers and parameters</a></li><li><a href=\"#names\">Names</a></li>";
    page += "<nav aria-label=\"contents\"><ul>" + contents + "</ul></nav></header>\n<main id=\"main\">\n";
    if (!missing.empty()) page += "<p><strong>" + escaped(missing) + ".</strong></p>\n";
    page += "<section id=\"results\"><h2>Results</h2>\n<p>Losses in nats; train, validation and test over "
            "each whole split, in eval mode.</p>" +
            result_table(results) + "</section>\n<section id=\"verdicts\"><h2>Verdicts</h2>\n";
    const auto for_each_stage = [&](auto content) {
        for (const Result& r : results) {
            if (several)
                page += "<h3>" + escaped(std::string(stage_names[static_cast<std::size_t>(r.stage)].name)) +
                        "</h3>\n";
            page += content(*r.inside);
        }
    };
    for_each_stage(verdict_list);
    page += "</section>\n<div class=\"figures\">\n" + body + "</div>\n" +
            "<section id=\"layers\"><h2>Layers and parameters</h2>\n<p>Mean, standard deviation, saturation "
            "(beyond 0.97) and gradients of the "
            "last step's batch.</p>\n";
    for_each_stage([](const Inside& in) { return layer_table(in) + "<br>\n" + parameter_table(in); });
    page += "</section>\n<section id=\"names\"><h2>Names it made up</h2>\n";
    for_each_stage([](const Inside& in) {
        std::string list = "<ul class=\"names\">";
        for (const std::string& name : in.names)
            list += "<li>" + (name.empty() ? "&nbsp;" : escaped(name)) + "</li>";
        return list + "</ul>\n";
    });
    page += "</section>\n</main>\n<footer class=\"quiet\"><p>A series longer than 1,024 points is thinned: "
            "neighbours are merged, each point "
            "stands for the mean of as many steps. "
            "Made by ctnn's makemore.</p></footer>\n</body></html>\n";
    write_file(folder + "/report.html.new",
               page); // so that an earlier page stays whole if this one does not fit
    std::error_code error;
    std::filesystem::rename(folder + "/report.html.new", folder + "/report.html", error);
    if (error) throw Failure(4, fmt::format("cannot write '{}/report.html': {}", folder, error.message()));
    if (!missing.empty() && has_gnuplot()) throw Failure(4, missing);
    return missing;
}

void print_inside(const Inside& inside)
{
    fmt::print("layers in the last step\n{}\nparameters in the last step\n{}\n{}\n",
               text_table(inside.activations), text_table(inside.parameters), text_of(inside.verdicts));
}

} // namespace makemore
