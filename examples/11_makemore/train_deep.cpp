// SPDX-License-Identifier: BSD-3-Clause
/// The training of the deep net with batch normalisation.
#include "training.hpp"

makemore::Result makemore::train_deep(Stage stage, const Data& data, const Options& options, bool quiet,
                                      const Report& report)
{
    return train_stage<DeepNet>(
        stage, data, options, quiet, [](auto& model, Generator& g) { initialise_deep(model, g); }, report);
}
