// SPDX-License-Identifier: BSD-3-Clause
/// The training of the deep net with group normalisation.
#include "training.hpp"

makemore::Result makemore::train_groupnorm(Stage stage, const Data& data, const Options& options, bool quiet,
                                           const Report& report)
{
    return train_stage<GroupNormNet>(
        stage, data, options, quiet, [](auto& model, Generator& g) { initialise_deep(model, g); }, report);
}
