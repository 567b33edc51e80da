// SPDX-License-Identifier: BSD-3-Clause
/// The training of one hidden layer without normalisation.
#include "training.hpp"

makemore::Result makemore::train_plain(Stage stage, const Data& data, const Options& options, bool quiet,
                                       const Report& report)
{
    return train_stage<PlainNet>(
        stage, data, options, quiet,
        [stage](auto& model, Generator& g) { initialise_plain(model, g, stage); }, report);
}
