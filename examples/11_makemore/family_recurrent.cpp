// SPDX-License-Identifier: BSD-3-Clause
/// The recurrent models of makemore.py.
#include "family_training.hpp"

makemore::FamilyResult makemore::train_recurrent(const Options& options, const FamilyData& data,
                                                 Generator& generator)
{
    if (options.model == "rnn") return train_model<PlainRecurrent>(options, data, generator);
    return train_model<Gated>(options, data, generator);
}

// For sample.cpp.
template void makemore::write_words(const ctnn::Model<makemore::PlainRecurrent, ctnn::Eval>&,
                                    const ctnn::Vocabulary&, const Options&);
template void makemore::write_words(const ctnn::Model<makemore::Gated, ctnn::Eval>&, const ctnn::Vocabulary&,
                                    const Options&);
