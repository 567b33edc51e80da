// SPDX-License-Identifier: BSD-3-Clause
/// Adam with a weight decay of its own.
#pragma once

#include <initializer_list>

#include <ctnn/optim/adam.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The names and meanings of torch.optim.AdamW, in double as there: they are rounded where they meet T.
using AdamWOptions = detail::adam_options<detail::decays::weight>;
/// Those that a group of parameters has otherwise.
using AdamWChanges = detail::adam_changes<detail::decays::weight>;
/// The parameters with certain names, and what is otherwise for them.
using AdamWGroup = OptionsGroup<AdamWChanges>;

/// Adam whose weight decay shrinks the weight itself, by learning_rate * weight_decay a step, apart from the
/// gradient: torch.optim.AdamW.
///
/// ```cpp
/// AdamW adam_w{model, {.learning_rate = 5e-4}, {{"*.bias", {.weight_decay = 0}}}};
/// ```
///
///   groups, errors, cost : as for Adam; the weight decay is 0.01 if nothing is said
///   source               : Loshchilov & Hutter 2017 (arXiv:1711.05101)
template <class Net, Scalar T = float>
class AdamW : public detail::optimizer<detail::adam_rule<detail::decays::weight>, Net, T> {
public:
    using detail::optimizer<detail::adam_rule<detail::decays::weight>, Net, T>::optimizer;
};
template <class Net, Mode M, class T>
AdamW(const Model<Net, M, T>&, const AdamWOptions& = {}, std::initializer_list<AdamWGroup> = {})
    -> AdamW<Net, T>;
template <class Net, Mode M, class T>
AdamW(const Model<Net, M, T>&, const AdamWOptions&, const AdamWGroup*, const AdamWGroup*) -> AdamW<Net, T>;

} // namespace ctnn::inline CTNN_ARCH
