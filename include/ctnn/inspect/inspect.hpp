// SPDX-License-Identifier: BSD-3-Clause
/// Everything for looking inside a network, and nothing of its own. ctnn.hpp does not have it: who does not
/// look does not compile it.
#pragma once

#include <ctnn/inspect/calibration.hpp>
#include <ctnn/inspect/dead_units.hpp>
#include <ctnn/inspect/initialisation.hpp>
#include <ctnn/inspect/layers.hpp>
#include <ctnn/inspect/observer.hpp>
#include <ctnn/inspect/series.hpp>
#include <ctnn/inspect/statistics.hpp>
#include <ctnn/inspect/text.hpp>
#include <ctnn/inspect/verdicts.hpp>
#include <ctnn/model/eval_outputs.hpp>
