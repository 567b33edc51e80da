// SPDX-License-Identifier: BSD-3-Clause
/// From a model that learns to a model that answers.
#pragma once

#include <cstddef>

#include <ctnn/model/eval.hpp>
#include <ctnn/model/train.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A copy of the model's parameters and running statistics as a model of another type: it answers, it does not learn, and it
/// uses BatchNorm's running statistics because its type has no others.
template <class Net, std::size_t B, class Keep, class T>
[[nodiscard]] Model<Net, Eval, T> freeze(const Model<Net, Train<B, Keep>, T>& model)
{
    return Model<Net, Eval, T>(model);
}

} // namespace ctnn::inline CTNN_ARCH
