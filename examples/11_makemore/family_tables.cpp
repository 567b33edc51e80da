// SPDX-License-Identifier: BSD-3-Clause
/// The models of makemore.py that look up and average: bigram, mlp, bow.
#include "family_training.hpp"

makemore::FamilyResult makemore::train_tables(const Options& options, const FamilyData& data,
                                              Generator& generator)
{
    if (options.model == "bigram") return train_model<Bigram>(options, data, generator);
    if (options.model == "mlp") return train_model<Mlp>(options, data, generator);
    return train_model<Bow>(options, data, generator);
}

// For sample.cpp.
template void makemore::write_words(const ctnn::Model<makemore::Bigram, ctnn::Eval>&, const ctnn::Vocabulary&,
                                    const Options&);
template void makemore::write_words(const ctnn::Model<makemore::Mlp, ctnn::Eval>&, const ctnn::Vocabulary&,
                                    const Options&);
template void makemore::write_words(const ctnn::Model<makemore::Bow, ctnn::Eval>&, const ctnn::Vocabulary&,
                                    const Options&);
