// SPDX-License-Identifier: BSD-3-Clause
/// Names from a checkpoint: the file says which of the compiled networks it holds.
#include <algorithm>
#include <array>
#include <string>
#include <variant>

#include <ctnn/io/checkpoint.hpp>
#include <ctnn/io/pick_model.hpp>

#include "family.hpp"
#include "training.hpp"

namespace makemore {

/// Of a model of makemore.py; see family_training.hpp.
template <class Net>
void write_words(const Model<Net, Eval>& model, const Vocabulary& vocabulary, const Options& options);

namespace {

/// Of a stage of the lecture.
template <class Net>
void write_words_of_stage(const Model<Net, Eval>& model, const Vocabulary& vocabulary, const Options& options)
{
    const auto frozen = freeze(model);
    if (!options.header.empty())
        export_header(frozen, options.header, "names",
                      {.characters = vocabulary.characters(), .int8 = options.int8});
    Generator generator{options.seed + 10};
    for (std::size_t i = 0; i < options.samples; ++i) {
        stop_if_asked("while drawing names");
        std::array<class_id, context> last{};
        write_word(
            [&](class_id letter) {
                std::shift_left(last.begin(), last.end(), 1);
                last.back() = letter;
                return frozen.forward_one(last);
            },
            vocabulary, options.top_k, 64, generator);
    }
}

} // namespace

void sample_from(const std::string& file, const Options& options)
{
    const Vocabulary vocabulary{load_words(options.data)};
    const std::string settings = checkpoint_settings(file), characters = characters_text(vocabulary);
    // class 1 would be another character
    if (!settings.empty() && settings.find(characters) == std::string::npos)
        throw Failure(2, fmt::format("'{}' is a training with\n  {}\nand the words of '{}' have the {}", file,
                                     settings, options.data, characters));
    const auto model = pick_model<PlainNet, BatchNormNet, DeepNet, LayerNormNet, GroupNormNet, Bigram, Mlp,
                                  PlainRecurrent, Gated, Bow, SmallTransformer, Transformer>(file);
    const SignalWatch watch;
    std::visit(
        [&]<class Net>(const Model<Net, Eval>& picked) {
            if constexpr (input_shape<Net>::size == context)
                return write_words_of_stage(picked, vocabulary, options);
            else if (!options.header.empty()) throw Failure(1, "--header is for stages");
            else write_words(picked, vocabulary, options);
        },
        model);
}

} // namespace makemore
