// expect: [ctnn.layer] | takes_class_ids<ctnn:: | position<0, 1> | Linear<3, 4
// SPDX-License-Identifier: BSD-3-Clause
/// Class ids are not numbers for another layer.
#include "wrong.hpp"

using Net = Sequential<Concat<Sequential<Embedding<27, 10, 3>, Flatten>, Linear<3, 4>>, Linear<34, 2>>;

int main()
{
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    (void)model.forward(generator.randint(0, 27, 32, 3));
    return summary<Net>().empty() ? 1 : 0;
}
