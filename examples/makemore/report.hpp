// SPDX-License-Identifier: BSD-3-Clause
/// A page about trainings, to be opened in a browser, with the data of each of its pictures.
#pragma once

#include <string>
#include <vector>

#include "training.hpp"

namespace makemore {

/// Creates the folder of a report and sees that it can be written to.
///   errors : Failure 4, with the path and the system's reason
void prepare_report(const Options& options);

/// Writes `folder`/report.html, which needs no other file and no network, and beside it each picture's data
/// as CSV and JSON, and the script for gnuplot that drew them.
///
///   results : of observed trainings, at least one; several stand side by side
///   result  : a line on what is missing: empty, or what to install for pictures
///   errors  : Failure 4, with the path and the system's reason
std::string write_report(const std::string& folder, const std::vector<Result>& results);

/// The same at a glance in a terminal: tables with small histograms, and the verdicts.
void print_inside(const Inside& inside);

} // namespace makemore
