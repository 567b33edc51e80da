// SPDX-License-Identifier: BSD-3-Clause
/// A program outside the project, with the installed headers.
#include <ctnn/ctnn.hpp>

int main()
{
    using Net = ctnn::Sequential<ctnn::Linear<2, 3>, ctnn::Tanh>;
    ctnn::Generator generator{1};
    const ctnn::Model<Net, ctnn::Eval> model{generator};
    return model.forward_one(std::array<float, 2>{1, 2}).size() == 3 ? 0 : 1;
}
