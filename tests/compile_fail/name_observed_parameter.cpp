// expect: [ctnn.name] | has_what_is_watched< | Updates<
// SPDX-License-Identifier: BSD-3-Clause
#include "wrong.hpp"
using Net = Sequential<Embedding<27, 10>, Linear<30, 200>, BatchNorm<200>, Tanh, Linear<200, 27>>;

int main()
{
    Generator generator{1};
    Model<Net, Train<32>> model{generator};
    const Observer<Updates<"2.running_mean">> observer{model};
}
