// SPDX-License-Identifier: BSD-3-Clause
#include "support/layer_check.hpp"

using namespace support;

#define LAYER(...)
#define ACTIVATION(name, torch, f, derivative, ...)                                                          \
    TEST_CASE(#name)                                                                                         \
    {                                                                                                        \
        static_assert(Layer<__VA_ARGS__> && detail::facts<__VA_ARGS__>.elementwise);                         \
        agrees_with_pytorch<Sequential<Input<37>, __VA_ARGS__>, 7>(#name);                                   \
        has_true_gradients<Sequential<Input<7>, __VA_ARGS__>>();                                             \
    }
#define WINDOW(...)
#define RECURRENT(...)
#define STACKED(...)
#define BRANCHES(...)
#include "support/layers.def"
