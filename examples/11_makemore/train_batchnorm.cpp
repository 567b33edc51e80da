// SPDX-License-Identifier: BSD-3-Clause
/// The training of one hidden layer with batch normalisation.
#include "training.hpp"

makemore::Result makemore::train_batchnorm(Stage stage, const Data& data, const Options& options, bool quiet,
                                           const Report& report)
{
    return train_stage<BatchNormNet>(
        stage, data, options, quiet, [](auto& model, Generator& g) { initialise_batchnorm(model, g); },
        report);
}
