// SPDX-License-Identifier: BSD-3-Clause
/// Pictures drawn by gnuplot, a program of its own, and made parts of a page.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <fmt/format.h>
#ifndef _WIN32
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include <ctnn/core/error.hpp>
#include <ctnn/report/html.hpp>
#include <ctnn/report/picture.hpp>
#include <ctnn/train/signals.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

#ifdef _WIN32

inline bool has_gnuplot() { return std::system("where gnuplot >nul 2>nul") == 0; }

/// Runs pictures.gp where it stands. The folder's name reaches the shell as a variable, never as text of the
/// command; Ctrl-C reaches gnuplot too.
inline bool draw(const std::string& folder)
{
    const auto path = std::filesystem::absolute(folder);
    if (::_wputenv_s(L"CTNN_REPORT", path.c_str()) != 0) return false;
    const int status = std::system("cd /d \"%CTNN_REPORT%\" && gnuplot pictures.gp >nul 2>nul");
    if (stop_signal() != 0)
        throw Error("ctnn.stopped", "stopped by a signal while gnuplot drew; the report is not complete");
    return status == 0;
}

#else

inline bool has_gnuplot() { return std::system("command -v gnuplot >/dev/null 2>&1") == 0; }

/// Runs pictures.gp where it stands. The folder's name reaches the shell as a variable, never as text of the
/// command. A signal to this program ends gnuplot too, and what gnuplot died of tells.
inline bool draw(const std::string& folder)
{
    if (setenv("CTNN_REPORT", std::filesystem::absolute(folder).c_str(), 1) != 0) return false;
    const char* const command = "cd \"$CTNN_REPORT\" && LC_ALL=C exec gnuplot pictures.gp >/dev/null 2>&1";
    const char* const arguments[] = {"sh", "-c", command, nullptr};
    pid_t child = 0;
    if (::posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(arguments), environ) != 0)
        return false;
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        if (stop_signal() != 0) ::kill(child, SIGTERM);
        ::usleep(5'000); // between a look at the signal and a wait without end one could slip through
    }
    for (const int signal : {SIGINT, SIGTERM})
        if ((WIFSIGNALED(status) && WTERMSIG(status) == signal) ||
            (WIFEXITED(status) && WEXITSTATUS(status) == 128 + signal))
            signal_that_came = stop_signal() != 0 ? stop_signal() : signal;
    if (stop_signal() != 0)
        throw Error("ctnn.stopped", "stopped by a signal while gnuplot drew; the report is not complete");
    return status == 0;
}

#endif

inline void replace_all(std::string& text, const std::string& from, const std::string& to)
{
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// What gnuplot has drawn, empty for nothing; the file is removed.
inline std::string drawn_svg(const std::string& folder, const Picture& picture)
{
    const std::string path = folder + "/" + picture.id + ".svg";
    std::string svg;
    if (std::filesystem::is_regular_file(path)) {
        std::ifstream file(std::filesystem::path(path), std::ios::binary);
        svg.assign(std::istreambuf_iterator<char>(file), {});
    }
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return svg;
}

/// A picture as a part of a page: black becomes the page's own ink, names of parts become the picture's own,
/// and a text is added for readers who cannot see it. Empty for what is not an SVG file.
inline std::string inlined_svg(std::string svg, const Picture& picture)
{
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

} // namespace ctnn::inline CTNN_ARCH::detail
