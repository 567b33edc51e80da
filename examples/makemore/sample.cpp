// SPDX-License-Identifier: BSD-3-Clause
/// Names from a checkpoint: the file says which of the compiled networks it holds.
#include <string>
#include <variant>

#include <ctnn/io/checkpoint.hpp>
#include <ctnn/io/pick_model.hpp>

#include "training.hpp"

void makemore::sample_from(const std::string& file, const Options& options)
{
    const Vocabulary vocabulary{load_words(options.data)};
    const std::string settings = checkpoint_settings(file), characters = characters_text(vocabulary);
    // class 1 would be another character
    if (!settings.empty() && settings.find(characters) == std::string::npos)
        throw Failure(2, fmt::format("'{}' is a training with\n  {}\nand the words of '{}' have the {}", file,
                                     settings, options.data, characters));
    const auto model = pick_model<PlainNet, BatchNormNet, DeepNet, LayerNormNet, GroupNormNet>(file);
    const SignalWatch watch;
    Generator generator{options.seed + 10};
    std::visit(
        [&](const auto& picked) {
            const auto frozen = freeze(picked);
            if (!options.header.empty())
                export_header(frozen, options.header, "names",
                              {.characters = vocabulary.characters(), .int8 = options.int8});
            for (std::size_t i = 0; i < options.samples; ++i) {
                stop_if_asked("while drawing names");
                fmt::print("{}\n", sample(frozen, vocabulary, generator));
            }
        },
        model);
}
