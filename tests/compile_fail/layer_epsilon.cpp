// expect: [ctnn.layer] | epsilon
// SPDX-License-Identifier: BSD-3-Clause
/// A variance of 0 with an epsilon of 0 has no root to divide by.
#include "wrong.hpp"

struct NoEpsilon {
    static constexpr ctnn::kernel::batch_norm_constants constants{
        .epsilon = 0, .momentum = 0.1, .correction = 0, .running_correction = 1, .running_is_std = false};
    static constexpr std::string_view running_spread = "running_var";
};

int main()
{
    ctnn::Model<ctnn::Sequential<ctnn::BatchNorm<5, NoEpsilon>>, ctnn::Train<4>> model;
    (void)model.forward(xt::xtensor<float, 2>::from_shape({4, 5}));
    (void)ctnn::freeze(model).forward(xt::xtensor<float, 2>::from_shape({4, 5}));
}
