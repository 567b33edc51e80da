// expect: [ctnn.mode] | has_memory<
// SPDX-License-Identifier: BSD-3-Clause
/// A layer that keeps something in forward, also where there is no backward to read it.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

struct Keeps {
    static constexpr extents output(const extents& x) { return x; }
    static constexpr std::size_t saved(const extents& x, std::size_t rows) { return rows * x.size(); }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i) pass.saved()[i] = pass.y()[i] = pass.x()[i];
    }
    static void backward(const auto&) {}
};

float wrong(const Model<Sequential<Input<4>, Keeps>, Eval>& model)
{
    return model.forward(xt::xtensor<float, 2>{{1, 2, 3, 4}})(0, 0);
}
