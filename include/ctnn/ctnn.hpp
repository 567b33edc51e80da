// SPDX-License-Identifier: BSD-3-Clause
/// Everything a program that trains a network needs.
#pragma once

#include <ctnn/core/concepts.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/generator.hpp>
#include <ctnn/core/initialise.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/python_random.hpp>
#include <ctnn/core/version.hpp>
#include <ctnn/data/ngrams.hpp>
#include <ctnn/data/sample.hpp>
#include <ctnn/data/vocabulary.hpp>
#include <ctnn/data/words.hpp>
#include <ctnn/inspect/non_finite.hpp>
#include <ctnn/layer/batch_norm.hpp>
#include <ctnn/layer/dropout.hpp>
#include <ctnn/layer/embedding.hpp>
#include <ctnn/layer/flatten.hpp>
#include <ctnn/layer/gelu.hpp>
#include <ctnn/layer/group_norm.hpp>
#include <ctnn/layer/input.hpp>
#include <ctnn/layer/layer_norm.hpp>
#include <ctnn/layer/leaky_relu.hpp>
#include <ctnn/layer/linear.hpp>
#include <ctnn/layer/relu.hpp>
#include <ctnn/layer/sigmoid.hpp>
#include <ctnn/layer/tanh.hpp>
#include <ctnn/loss/cross_entropy.hpp>
#include <ctnn/model/eval.hpp>
#include <ctnn/model/freeze.hpp>
#include <ctnn/model/summary.hpp>
#include <ctnn/model/train.hpp>
#include <ctnn/optim/multi_step.hpp>
#include <ctnn/optim/sgd.hpp>
