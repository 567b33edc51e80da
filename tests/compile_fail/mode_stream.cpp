// expect: [ctnn.mode] | position<1> | can_take_steps | recurrence
// SPDX-License-Identifier: BSD-3-Clause
/// What reads a sequence from its end cannot answer before it is there.
#include "wrong.hpp"

using Net = Sequential<Embedding<27, 10, 16>, Bidirectional<Gru<10, 20>>, Linear<40, 27>>;

int main()
{
    Generator generator{1};
    Model<Net, Stream> model{Model<Net, Eval>{generator}};
    model.reset();
    return model.step(3)[0] > 0 ? 1 : 0;
}
