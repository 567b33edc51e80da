// SPDX-License-Identifier: BSD-3-Clause
/// How two neighbouring layers become one in a frozen network.
#pragma once

#include <vector>

#include <ctnn/core/shape.hpp>

namespace ctnn::inline CTNN_ARCH {

/// All arrays of a layer as `freeze` works on them: its parameters, then its buffers, in double, so that a
/// folded weight is rounded once, however many layers went into it.
using layer_values = std::vector<std::vector<double>>;

/// A rule of folding. A specialisation for `First`, reading samples of shape `Input`, and `Second` after it
/// states
///
///   type   : the layer that does the work of both in eval
///   values : template <class S> static layer_values values(const layer_values& first, const layer_values&
///            second), what to put into it, for a model of S
///
/// and exists where both give the same result but for rounding, and one layer is cheaper than two. Here:
/// there is no rule.
template <class First, class Second, class Input>
struct fold_rule {
    using type = void;
};

} // namespace ctnn::inline CTNN_ARCH
