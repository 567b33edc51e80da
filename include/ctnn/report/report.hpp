// SPDX-License-Identifier: BSD-3-Clause
/// A page about trainings, to be opened in a browser, with the data of each of its pictures. Needs fmt.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <ctnn/core/open_file.hpp>
#include <ctnn/io/file.hpp>
#include <ctnn/report/gnuplot.hpp>
#include <ctnn/report/graph.hpp>
#include <ctnn/report/html.hpp>
#include <ctnn/report/picture.hpp>
#include <ctnn/report/pictures_of_answers.hpp>
#include <ctnn/report/pictures_of_layers.hpp>
#include <ctnn/report/pictures_of_steps.hpp>
#include <ctnn/report/run.hpp>
#include <ctnn/report/tables.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// All of it or an Error: what a full disk cuts off is found when the file is closed. Not by a replacement,
/// because what stands in the way of a link to a device is to be found too.
inline void write_report_file(const std::string& path, const std::string& content)
{
    std::FILE* file = open_file(path, "wb");
    if (file == nullptr) fail_with_errno("ctnn.save", "cannot write '" + path + "'");
    int error = 0;
    if (std::fwrite(content.data(), 1, content.size(), file) != content.size()) error = errno;
    if (std::fclose(file) != 0 && error == 0) error = errno;
    if (error == 0) return;
    std::remove(path.c_str());
    fail_with_errno("ctnn.save", "cannot write '" + path + "'", error);
}

/// All pictures of some trainings, in the order they stand in the report.
inline std::vector<Picture> pictures_of(const std::vector<Run>& runs)
{
    std::vector<Picture> all;
    const auto each = [&](auto add) {
        for (const Run& r : runs) add(all, r);
    };
    const auto each_nonlinearity = [&](auto layers, Of of, const densities_words& words) {
        for (const Run& r : runs) add_nonlinearities(all, r, layers(r), of, words);
    };
    static const std::vector<LayerStatistics> none;
    const auto at_start = [](const Run& r) -> auto& { return r.start ? r.start->layers : none; };
    const auto at_end = [](const Run& r) -> auto& { return r.activations; };
    add_loss(all, runs);
    add_metrics(all, runs);
    each(add_confusion);
    each(add_predictions);
    add_learning_rate(all, runs);
    each(add_graph);
    each_nonlinearity(at_start, Of::inputs,
                      {"first-preactivations", "Into the nonlinearities, before the first step", "value",
                       "What goes into each nonlinearity with the first batch: around -1 to 1 a tanh works, "
                       "beyond -3 or 3 it is at its ends."});
    each_nonlinearity(
        at_start, Of::outputs,
        {"first-activations", "Out of the nonlinearities, before the first step", "activation",
         "What comes out of each nonlinearity with the first batch: peaks at its ends are saturated units."});
    each_nonlinearity(at_end, Of::outputs,
                      {"activations", "Activations after the last step", "activation",
                       "The same for the last batch: in a healthy network the layers look alike, and few "
                       "units stand at the ends."});
    each(add_saturation);
    each_nonlinearity(at_end, Of::gradients,
                      {"gradients", "Gradients of the activations", "gradient",
                       "The gradients that reach each nonlinearity in the last step: if they grow or shrink "
                       "from layer to layer, they explode or vanish."});
    each(add_weight_gradients);
    each(add_updates);
    each(add_calibration);
    for (const Run& r : runs)
        for (Picture p : r.pictures) {
            if (p.run.empty()) p.run = r.name;
            all.push_back(std::move(p));
        }
    // Those of one kind stand together, each kind where its first picture stands.
    std::vector<Picture> sorted;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (std::none_of(sorted.begin(), sorted.end(),
                         [&](const Picture& p) { return p.kind == all[i].kind; }))
            std::copy_if(all.begin() + static_cast<std::ptrdiff_t>(i), all.end(), std::back_inserter(sorted),
                         [&](const Picture& p) { return p.kind == all[i].kind; });
    return sorted;
}

inline std::string figure_of(const Picture& p, const std::string& svg, bool names_run)
{
    return fmt::format("<figure id=\"{0}\">{1}<div class=\"wide\" tabindex=\"0\" role=\"region\" "
                       "aria-label=\"{2}\">{3}</div><figcaption>{4} "
                       "Data: <a href=\"{0}.csv\">CSV</a>, <a "
                       "href=\"{0}.json\">JSON</a>.</figcaption></figure>\n",
                       escaped(p.id), names_run && !p.run.empty() ? "<h3>" + escaped(p.run) + "</h3>" : "",
                       escaped(p.kind + (p.run.empty() ? "" : ", " + p.run)),
                       svg.empty() ? "<p>" + escaped(p.text) + "</p>" : svg, escaped(p.meaning));
}

/// The page, piece by piece; each section gets a link at its head.
class page {
public:
    page(const std::vector<Run>& runs, const std::string& missing) : runs_(&runs), missing_(missing) {}

    void section(const std::string& id, const std::string& heading, const std::string& content)
    {
        link(id, heading);
        body_ += fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}</section>\n", id, escaped(heading), content);
    }
    /// A section of what f(run) gives for each run, if it gives anything.
    template <class F>
    void section_of_runs(const std::string& id, const std::string& heading, const std::string& intro, F f)
    {
        std::string content;
        for (const Run& r : *runs_)
            if (const std::string text = f(r); !text.empty())
                content += (runs_->size() > 1 ? "<h3>" + escaped(r.name) + "</h3>\n" : "") + text;
        if (!content.empty()) section(id, heading, intro + content);
    }
    /// Pictures of one kind side by side.
    void pictures(const std::vector<Picture>& pictures, const std::vector<std::string>& svgs)
    {
        body_ += "<div class=\"figures\">\n";
        for (std::size_t first = 0, kinds = 0, last = 0; first < pictures.size(); first = last) {
            while (last < pictures.size() && pictures[last].kind == pictures[first].kind) ++last;
            const std::string id = fmt::format("section-{}", ++kinds);
            link(id, pictures[first].kind);
            body_ += fmt::format("<section id=\"{}\"{}><h2>{}</h2><div class=\"side{}\">\n", id,
                                 last - first > 1 || pictures[first].width > 640 ? " class=\"whole\"" : "",
                                 escaped(pictures[first].kind), (last - first) % 3 == 0 ? " three" : "");
            for (std::size_t i = first; i < last; ++i)
                body_ += figure_of(pictures[i], svgs[i], runs_->size() > 1);
            body_ += "</div></section>\n";
        }
        body_ += "</div>\n";
    }
    [[nodiscard]] std::string html() const
    {
        std::string names, head;
        for (const Run& r : *runs_) {
            names += (names.empty() ? "" : ", ") + r.name;
            if (!r.meaning.empty())
                head += fmt::format("<p class=\"quiet\">{}: {}.</p>\n", escaped(r.name), escaped(r.meaning));
        }
        return fmt::format(
                   "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                   "content=\"width=device-width,initial-scale=1\"><title>{0}</title><link rel=\"icon\" "
                   "href=\"data:,\"><style>{1}</style></head>\n<body><a "
                   "class=\"skip\" href=\"#main\">To the figures</a>\n<header><h1>{0}</h1>\n",
                   escaped(names), page_style) +
               head + "<nav aria-label=\"contents\"><ul>" + links_ +
               "</ul></nav></header>\n<main id=\"main\">\n" +
               (missing_.empty() ? "" : "<p><strong>" + escaped(missing_) + ".</strong></p>\n") + body_ +
               "</main>\n<footer class=\"quiet\"><p>A series longer than 1,024 points is thinned: neighbours "
               "are "
               "merged, each point stands for the mean of as many steps. Made by ctnn.</p></footer>\n"
               "</body></html>\n";
    }

private:
    const std::vector<Run>* runs_;
    std::string missing_, links_, body_;

    void link(const std::string& id, const std::string& heading)
    {
        links_ += fmt::format("<li><a href=\"#{}\">{}</a></li>", id, escaped(heading));
    }
};

/// The runs, each with a word for its files that is not the beginning of another's.
///   errors : [ctnn.option] no runs, one without a name, or two of one name
inline std::vector<Run> with_ids(std::vector<Run> runs)
{
    if (runs.empty()) throw Error("ctnn.option", "a report is of one run at least");
    for (std::size_t i = 0; i < runs.size(); ++i) {
        if (runs[i].name.empty()) throw Error("ctnn.option", "a run of a report has no name");
        const std::string word = file_word(runs[i].name).empty() ? "run" : file_word(runs[i].name);
        runs[i].id = word;
        for (std::size_t k = 0; k < i; ++k) {
            if (runs[i].name == runs[k].name)
                throw Error("ctnn.option", "two runs of a report are named '" + runs[i].name + "'");
            if ((runs[i].id + "-").starts_with(runs[k].id + "-") ||
                (runs[k].id + "-").starts_with(runs[i].id + "-"))
                runs[i].id = fmt::format("{}-{}", i + 1, word);
        }
    }
    return runs;
}

} // namespace detail

/// Creates the folder of a report and sees that it can be written to, before a training that would be in
/// vain.
///
///   files  : what the program reads and writes, each by what its user calls it: none of them may be where
///            the report is written
///   errors : [ctnn.save] with the path and the system's reason; [ctnn.option] a file in the way
inline void prepare_report(const std::string& folder,
                           std::initializer_list<std::pair<std::string_view, std::string_view>> files = {})
{
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Error("ctnn.save", fmt::format("cannot make the folder '{}': {}", folder, error.message()));
    const auto is_ours = [](const std::filesystem::path& name) {
        const std::string end = name.extension().string();
        return end == ".csv" || end == ".json" || end == ".svg" || end == ".gp" || end == ".html" ||
               end == ".new";
    };
    for (const auto& [option, file] : files) {
        if (file.empty()) continue;
        const std::filesystem::path path = file;
        bool inside = is_ours(path) && std::filesystem::equivalent(
                                           path.has_parent_path() ? path.parent_path() : ".", folder, error);
        for (const auto& entry : std::filesystem::directory_iterator(folder, error))
            inside = inside || (is_ours(entry.path()) && std::filesystem::equivalent(entry, path, error));
        if (inside)
            throw Error("ctnn.option", fmt::format("{} '{}' is where the report of '{}' is written; put it "
                                                   "elsewhere",
                                                   option, file, folder));
    }
    const std::string probe = folder + "/report.html.new";
    detail::write_report_file(probe, "");
    std::filesystem::remove(probe, error);
}

/// Writes `folder`/report.html, which needs no other file and no network, and beside it each picture's data
/// as CSV and JSON, and the script for gnuplot that drew them. Other files in the folder stay. Several runs
/// stand side by side: `write_report("report", {baseline, deeper})`.
///
///   runs   : at least one
///   result : a line on what is missing: empty, or what to install for pictures
///   errors : [ctnn.save] with the path and the system's reason; [ctnn.option] no runs, or two of one name;
///            [ctnn.stopped] a signal that a SignalWatch caught while gnuplot drew
inline std::string write_report(const std::string& folder, const std::vector<Run>& given)
{
    const std::vector<Run> runs = detail::with_ids(given);
    prepare_report(folder);
    const std::vector<Picture> pictures = detail::pictures_of(runs);
    for (const Picture& p : pictures) {
        detail::write_report_file(folder + "/" + p.id + ".csv", p.data.csv());
        detail::write_report_file(folder + "/" + p.id + ".json", p.data.json());
    }
    detail::write_report_file(folder + "/pictures.gp", gnuplot::script(pictures));
    const bool can_draw = detail::has_gnuplot();
    std::string missing;
    if (!can_draw)
        missing = "there are few pictures in the report: install gnuplot (apt-get install gnuplot-nox) and "
                  "run this again";
    const bool well = !can_draw || detail::draw(folder);
    std::vector<std::string> svgs;
    std::string undrawn;
    for (const Picture& p : pictures) {
        svgs.push_back(
            detail::inlined_svg(p.svg.empty() && can_draw ? detail::drawn_svg(folder, p) : p.svg, p));
        if (svgs.back().empty()) undrawn += " " + p.id;
    }
    if (can_draw && (!well || !undrawn.empty()))
        missing =
            fmt::format("gnuplot has not drawn all pictures, which is so when the disk is full, or when "
                        "it does not understand one; missing:{}; it was given '{}/pictures.gp'",
                        undrawn.empty() ? " none" : undrawn, folder);

    detail::page page{runs, missing};
    page.section("results", "Results", detail::result_table(runs));
    page.section_of_runs("verdicts", "Verdicts", "",
                         [](const Run& r) { return r.verdicts.empty() ? "" : detail::verdict_list(r); });
    page.pictures(pictures, svgs);
    page.section_of_runs("classes", "Classes", "", detail::class_table);
    page.section_of_runs(
        "layers", "Layers and parameters",
        "<p>Mean, standard deviation, saturation (beyond 0.97) and gradients of the last step's "
        "batch.</p>\n",
        [](const Run& r) { return detail::layer_table(r) + detail::parameter_table(r); });
    std::vector<std::string> headings; // of lists, each once, whichever runs have it
    for (const Run& r : runs)
        for (const auto& list : r.lists)
            if (std::find(headings.begin(), headings.end(), list.first) == headings.end())
                headings.push_back(list.first);
    for (std::size_t i = 0; i < headings.size(); ++i)
        page.section_of_runs(fmt::format("list-{}", i + 1), headings[i], "",
                             [&](const Run& r) { return detail::word_lists(r, headings[i]); });
    // so that an earlier page stays whole if this one does not fit
    detail::write_report_file(folder + "/report.html.new", page.html());
    std::error_code error;
    std::filesystem::rename(folder + "/report.html.new", folder + "/report.html", error);
    if (error)
        throw Error("ctnn.save", fmt::format("cannot write '{}/report.html': {}", folder, error.message()));
    if (!missing.empty() && can_draw) throw Error("ctnn.save", missing);
    return missing;
}
/// The same of one run.
inline std::string write_report(const std::string& folder, const Run& run)
{
    return write_report(folder, std::vector<Run>{run});
}

} // namespace ctnn::inline CTNN_ARCH
