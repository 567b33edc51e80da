// SPDX-License-Identifier: BSD-3-Clause
/// The pictures of a report: their data, what they mean, and how gnuplot draws them.
#pragma once

#include <string>
#include <vector>

#include "table.hpp"
#include "training.hpp"

namespace makemore {

struct Picture {
    std::string id;      ///< of its files, such as "deep-activations"
    std::string kind;    ///< pictures of one kind stand side by side, under this heading
    std::string stage;   ///< empty: of all stages
    std::string meaning; ///< one sentence on what it shows
    std::string text;    ///< the same figures in words, for readers who cannot see it
    Table data;
    std::string script; ///< plot commands that read "id.csv"
    int width = 640, height = 400;
};

/// All pictures of some trainings, in the order they stand in the report.
std::vector<Picture> pictures_of(const std::vector<Result>& results);

/// The whole script for gnuplot: each picture to "id.svg".
std::string gnuplot_script(const std::vector<Picture>& pictures);

} // namespace makemore
