// expect: [ctnn.name] | has_what_is_watched< | OutputGradients<5>
// SPDX-License-Identifier: BSD-3-Clause
#include "wrong.hpp"
using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

int main()
{
    Generator generator{1};
    Model<Net, Train<32, RetainGradients>> model{generator};
    const Observer<OutputGradients<5>> observer{model};
}
