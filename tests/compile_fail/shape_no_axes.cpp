// expect: [ctnn.shape] how many axes y has must be known when compiling | xt::xarray
// SPDX-License-Identifier: BSD-3-Clause
/// A loss of an xt::xarray, whose gradient would have as many axes as nobody knows.
#include "wrong.hpp"

void wrong(MeanSquaredError<float>& criterion, const xt::xarray<float>& y)
{
    const auto [loss, dy] = criterion(y, y);
}
