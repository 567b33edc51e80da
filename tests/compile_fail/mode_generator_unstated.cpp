// expect: [ctnn.mode] | draws = true | has_generator<Noise
// SPDX-License-Identifier: BSD-3-Clause
/// A layer that draws in forward and does not say so: nobody gives it a generator.
#include "wrong.hpp"

struct Noise {
    static constexpr extents output(const extents& x) { return x; }
    static void forward(const auto& pass)
    {
        for (std::size_t i = 0; i < pass.x().size(); ++i)
            pass.y()[i] = pass.x()[i] + pass.generator().template uniform<float>();
    }
    static void backward(const auto& pass)
    {
        std::copy(pass.dy().begin(), pass.dy().end(), pass.dx().begin());
    }
};

void wrong(Model<Sequential<Input<4>, Noise>, Train<2>>& model, Generator& generator)
{
    (void)model.forward(generator.randn(2, 4), generator);
}
