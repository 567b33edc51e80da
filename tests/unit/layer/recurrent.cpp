// SPDX-License-Identifier: BSD-3-Clause
#include "support/layer_check.hpp"

using namespace support;

#define CTNN_EXTENTS(...) __VA_ARGS__
#define LAYER(...)
#define WINDOW(...)
#define RECURRENT(name, torch, rows, sample, ...)                                                            \
    TEST_CASE(#name) { is_right_alone<Sequential<Input<CTNN_EXTENTS sample>, __VA_ARGS__>, rows>(#name); }
#define STACKED(name, torch, rows, sample, ...)                                                              \
    TEST_CASE(#name)                                                                                         \
    {                                                                                                        \
        using Net = Sequential<Input<CTNN_EXTENTS sample>, __VA_ARGS__>;                                     \
        agrees_with_pytorch<Net, rows>(#name);                                                               \
        answers_each_alone<Net>();                                                                           \
    }
#define BRANCHES(...) STACKED(__VA_ARGS__)
#define ACTIVATION(...)
#include "support/layers.def"
