// SPDX-License-Identifier: BSD-3-Clause
/// The transformer of makemore.py, in two sizes.
#include "family_training.hpp"

makemore::FamilyResult makemore::train_transformer(const Options& options, const FamilyData& data,
                                                   Generator& generator)
{
    if (options.layers == 2) return train_model<SmallTransformer>(options, data, generator);
    return train_model<Transformer>(options, data, generator);
}

// For sample.cpp.
template void makemore::write_words(const ctnn::Model<makemore::SmallTransformer, ctnn::Eval>&,
                                    const ctnn::Vocabulary&, const Options&);
template void makemore::write_words(const ctnn::Model<makemore::Transformer, ctnn::Eval>&,
                                    const ctnn::Vocabulary&, const Options&);
