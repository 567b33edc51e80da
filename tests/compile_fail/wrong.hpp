// SPDX-License-Identifier: BSD-3-Clause
/// What every wrong program includes, so that it is compiled once for all of them.
#pragma once

#include <ctnn/ctnn.hpp>
#include <ctnn/inspect/gradient_check.hpp>
#include <ctnn/inspect/inspect.hpp>
#include <ctnn/io/checkpoint.hpp>
#include <ctnn/io/export_header.hpp>
#include <ctnn/io/pick_model.hpp>

using namespace ctnn;
