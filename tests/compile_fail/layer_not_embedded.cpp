// expect: [ctnn.layer] | has no form for embedding | position<1> | Square>
// SPDX-License-Identifier: BSD-3-Clause
/// A custom layer in a network that is exported, without a word about its form there.
#include "wrong.hpp"

struct Square {
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i) pass.y()[i] = pass.x()[i] * pass.x()[i];
    }
    static void backward(const auto&) {}
};

void wrong(const Model<Sequential<Linear<4, 3>, Square>, Eval>& model)
{
    export_header(model, "square.hpp", "square");
}
