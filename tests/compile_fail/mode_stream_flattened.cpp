// expect: [ctnn.mode] | position<1> | can_take_steps | Linear<30, 200
// SPDX-License-Identifier: BSD-3-Clause
/// A Linear over three characters at once needs all three.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, Tanh, Linear<200, 27>>;

int main()
{
    Generator generator{1};
    Model<Net, Stream> model{generator};
    return model.step(3)[0] > 0 ? 1 : 0;
}
