// expect: [ctnn.layer] the layer at this position has data members | position<1> | Scaled
// SPDX-License-Identifier: BSD-3-Clause
/// A layer with a member: what it computes must follow from its type and its parameters.
#include "wrong.hpp"

struct Scaled {
    float factor = 2;
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass) { pass.y()[0] = pass.x()[0]; }
    static void backward(const auto& pass) { pass.dx()[0] = pass.dy()[0]; }
};

Model<Sequential<Linear<64, 128>, Scaled>, Train<32>> model;
