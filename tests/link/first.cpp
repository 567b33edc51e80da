// SPDX-License-Identifier: BSD-3-Clause
#include "net.hpp"

float first();
std::string first_arch();
float first() { return train_a_little(); }
#define CTNN_TEXT(x) #x
#define CTNN_NAME(x) CTNN_TEXT(x)
std::string first_arch() { return CTNN_NAME(CTNN_ARCH); }
float handed(ctnn::Model<Net, ctnn::Train<8>>& model);
float handed(ctnn::Model<Net, ctnn::Train<8>>& model) { return model.parameter<"1.weight">()(0, 0); }
