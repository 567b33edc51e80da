// SPDX-License-Identifier: BSD-3-Clause
/// Pieces of a page in HTML: text, tables, its style.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// How many bytes from `at` on are one character of UTF-8 beyond ASCII; 0 when they are none.
inline std::size_t utf8_length(const std::string& s, std::size_t at)
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
inline std::string escaped(const std::string& s)
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

inline const char* const page_style = R"css(
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
.words{columns:10rem;font-family:ui-monospace,monospace;padding:0;list-style:none}footer{margin-top:3rem;
padding-bottom:2rem}
.net rect{fill:none;stroke:currentColor}.net path{fill:none;stroke:var(--link);stroke-width:2}
.net text{font:15px system-ui,sans-serif;fill:currentColor}
@media print{:root{--paper:#fff;--ink:#000;--quiet:#333;--line:#999;--card:#fff;--link:#000;--good:#000;
--bad:#000}body{font-size:11pt}nav,.skip{display:none}
figure,li,tr{break-inside:avoid}h2{break-after:avoid}.wide{overflow:visible}
.side{grid-template-columns:1fr 1fr}}
)css";

/// A table that scrolls by itself where the screen is narrow; the first row is the heading, the first cell of
/// a row is its heading.
inline std::string html_table(const std::string& caption, const std::vector<std::vector<std::string>>& rows)
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

} // namespace ctnn::inline CTNN_ARCH::detail
