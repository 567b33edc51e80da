// SPDX-License-Identifier: BSD-3-Clause
#include "support/layer_check.hpp"

using namespace support;

template <class... L>
constexpr bool are_layers = (Layer<L> && ...);

#define CTNN_EXTENTS(...) __VA_ARGS__
#define LAYER(name, torch, rows, sample, ...)                                                                \
    TEST_CASE(#name)                                                                                         \
    {                                                                                                        \
        static_assert(are_layers<__VA_ARGS__>);                                                              \
        using Net = Sequential<Input<CTNN_EXTENTS sample>, __VA_ARGS__>;                                     \
        agrees_with_pytorch<Net, rows>(#name);                                                               \
        has_true_gradients<Net>();                                                                           \
    }
#define RECURRENT(...)
#define BRANCHES(...)
#define ACTIVATION(...)
#include "support/layers.def"

TEST_CASE("embedding")
{
    agrees_with_pytorch<Sequential<Embedding<11, 19, 5>>, 7>("embedding");
    has_true_gradients<Sequential<Embedding<5, 3, 4>, Flatten>, 7>(); // 28 ids of 5 classes: some occur again
    has_true_gradients<Sequential<Embedding<5, 3>>>();
}
TEST_CASE("layers of one row")
{
    has_true_gradients<Sequential<LayerNorm<7>>, 1>();
    has_true_gradients<Sequential<GroupNorm<3, 12>>, 1>();
}
static_assert(Layer<Embedding<27, 10>> && Layer<Flatten> && Layer<Input<3>>);
