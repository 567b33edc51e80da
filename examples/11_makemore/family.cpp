// SPDX-License-Identifier: BSD-3-Clause
/// What all models of makemore.py share: words as rows, letters as they are drawn, which sizes there are.
#include <ctnn/io/checkpoint.hpp>

#include "family_training.hpp"

namespace makemore {

namespace {

Rows rows_of_words(const std::vector<std::string>& words, const Vocabulary& vocabulary)
{
    std::vector<std::vector<class_id>> in, out;
    for (const std::string& word : words) {
        std::vector<class_id> ids;
        for (const char c : word) ids.push_back(vocabulary.find(c));
        in.emplace_back(ids).insert(in.back().begin(), 0);
        out.emplace_back(std::move(ids)).push_back(0);
    }
    return {pad_sequences(in, steps).values, pad_sequences(out, steps, -1).values};
}

/// The sizes that are compiled: of a transformer two, of the others one.
void require_compiled(const Options& options)
{
    const bool is_transformer = options.model == "transformer";
    const bool usual = options.features == 64 && (options.layers == 4 || !is_transformer);
    if (usual || (is_transformer && options.features == 32 && options.layers == 2)) return;
    throw Failure(1, fmt::format("{} with --n-layer {} and --n-embd {} is not compiled in; there is {}",
                                 options.model, options.layers, options.features,
                                 is_transformer ? "4 with 64, and 2 with 32; examples/11_makemore/family.hpp "
                                                  "has the types"
                                                : "--n-embd 64, and --n-layer has no meaning"));
}

/// A checkpoint of another model is refused before its tensors are.
void require_same_model(const Options& options)
{
    const std::string settings = options.resume.empty() ? std::string() : checkpoint_settings(options.resume);
    if (settings.empty() || settings.starts_with(description(options) + ", ")) return;
    throw Failure(2, fmt::format("'{}' is a training with\n  {}\nand this is one with\n  {}", options.resume,
                                 settings, description(options)));
}

} // namespace

FamilyData load_family(const Options& options, Generator& generator)
{
    const Words words = load_words(options.data);
    FamilyData data{Vocabulary{words}, {}, {}, {}, {}};
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words.text[i].size() >= steps)
            throw Failure(2,
                          fmt::format("word {} of '{}', '{}', has {} characters; these models are "
                                      "compiled for at most {}",
                                      i + 1, options.data, words.text[i], words.text[i].size(), steps - 1));
    const auto order = generator.randperm(words.size());
    const std::size_t test = std::min<std::size_t>(1000, words.size() / 10), train = words.size() - test;
    if (test == 0)
        throw Failure(2, fmt::format("'{}' has {} words, expected at least 10: a tenth is for testing",
                                     options.data, words.size()));
    for (std::size_t i = 0; i < words.size(); ++i)
        (i < train ? data.train_words : data.test_words)
            .push_back(words.text[static_cast<std::size_t>(order[i])]);
    data.train = rows_of_words(data.train_words, data.vocabulary);
    data.test = rows_of_words(data.test_words, data.vocabulary);
    return data;
}

class_id draw_letter(std::span<float> logits, std::size_t top_k, Generator& generator)
{
    if (top_k > 0 && top_k < logits.size()) {
        std::vector<float> sorted(logits.begin(), logits.end());
        std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(top_k - 1),
                         sorted.end(), std::greater<>{});
        for (float& z : logits)
            if (z < sorted[top_k - 1]) z = -std::numeric_limits<float>::infinity();
    }
    kernel::softmax(logits.data(), logits.data(), logits.size());
    return static_cast<class_id>(generator.multinomial(std::span<const float>(logits)));
}

void print_drawn(const FamilyData& data, const std::vector<std::string>& names)
{
    const auto among = [](const std::vector<std::string>& words, const std::string& name) {
        return std::find(words.begin(), words.end(), name) != words.end();
    };
    std::array<std::vector<std::string>, 3> groups;
    for (const std::string& name : names)
        if (!name.empty())
            groups[among(data.train_words, name) ? 0 : among(data.test_words, name) ? 1 : 2].push_back(name);
    constexpr const char* where[]{"in train", "in test", "new"};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        fmt::print("{} samples that are {}:\n", groups[i].size(), where[i]);
        for (const std::string& name : groups[i]) fmt::print("{}\n", name);
    }
    fmt::print("{}\n", std::string(80, '-'));
}

std::string description(const Options& options)
{
    if (options.model != "transformer") return "model " + options.model;
    return fmt::format("model transformer, {} layers of {} features", options.layers, options.features);
}

FamilyResult train_family(const Options& options)
{
    require_compiled(options);
    require_same_model(options);
    Generator generator{options.seed};
    const FamilyData data = load_family(options, generator);
    const SignalWatch watch;
    if (options.prints_names)
        fmt::print("number of unique characters in the vocabulary: {}\nsplit up the dataset into {} training "
                   "examples and {} test examples\n",
                   data.vocabulary.size() - 1, data.train_words.size(), data.test_words.size());
    if (options.model == "transformer") return train_transformer(options, data, generator);
    if (options.model == "rnn" || options.model == "gru") return train_recurrent(options, data, generator);
    return train_tables(options, data, generator);
}

void run_family(const Options& options) { (void)train_family(options); }

} // namespace makemore
