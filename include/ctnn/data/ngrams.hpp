// SPDX-License-Identifier: BSD-3-Clause
/// Words as samples: a context of characters and the character that follows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include <ctnn/core/checksum.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/data/vocabulary.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Samples of an n-gram model.
///
///   contexts : (n, T) ids, the T characters before; the end's id 0 stands before the first character of a
///              word
///   targets  : (n) ids, the character that follows; 0 at the end of a word
struct Samples {
    xt::xtensor<class_id, 2> contexts;
    xt::xtensor<class_id, 1> targets;

    [[nodiscard]] std::size_t size() const { return targets.size(); }
};

/// One sample for each character of each word and one for each word's end.
///   errors : [ctnn.data] a byte that the vocabulary does not have, with line and column
[[nodiscard]] inline Samples ngrams(const Words& words, const Vocabulary& vocabulary, std::size_t context)
{
    vocabulary.require(words);
    std::size_t n = 0;
    for (const std::string& w : words.text) n += w.size() + 1;
    Samples samples{xt::xtensor<class_id, 2>::from_shape({n, context}),
                    xt::xtensor<class_id, 1>::from_shape({n})};
    class_id* to = samples.contexts.data();
    class_id* target = samples.targets.data();
    for (const std::string& w : words.text)
        for (std::size_t c = 0; c <= w.size(); ++c) {
            for (std::size_t t = 0; t < context; ++t)
                *to++ = c + t < context ? Vocabulary::end : vocabulary.find(w[c + t - context]);
            *target++ = c < w.size() ? vocabulary.find(w[c]) : Vocabulary::end;
        }
    return samples;
}

/// The words of each part of a split.
struct Split {
    Words train, validation, test;
};

/// The first `train` share of the words, the next up to the `validation` share, and the rest: cuts at
/// int(share * n).
///   errors : [ctnn.data] a part would be empty, saying which; [ctnn.option] shares not in 0 < train <
///            validation < 1
[[nodiscard]] inline Split split(const Words& words, double train = 0.8, double validation = 0.9)
{
    if (!(train > 0 && train < validation && validation < 1))
        throw Error("ctnn.option", "a split needs 0 < train < validation < 1, found " +
                                       std::to_string(train) + " and " + std::to_string(validation));
    const auto n = static_cast<double>(words.size());
    const std::size_t cut[] = {0, static_cast<std::size_t>(train * n),
                               static_cast<std::size_t>(validation * n), words.size()};
    const auto part = [&](std::size_t i, const char* name) {
        if (cut[i] == cut[i + 1])
            throw Error("ctnn.data", words.source + " has " + std::to_string(words.size()) + " words: the " +
                                         name + " part of the split is empty");
        const auto slice = [&](const auto& list) {
            return std::remove_cvref_t<decltype(list)>(list.begin() + static_cast<std::ptrdiff_t>(cut[i]),
                                                       list.begin() +
                                                           static_cast<std::ptrdiff_t>(cut[i + 1]));
        };
        return Words{slice(words.text), slice(words.line), slice(words.column), words.source};
    };
    return {part(0, "training"), part(1, "validation"), part(2, "test")};
}

/// Puts the words into the order of Python's `random.seed(seed); random.shuffle(words)`.
template <class Random>
void shuffle(Words& words, Random&& random)
{
    std::vector<std::size_t> order(words.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    random.shuffle(order);
    Words shuffled{{}, {}, {}, words.source};
    for (const std::size_t i : order) {
        shuffled.text.push_back(std::move(words.text[i]));
        shuffled.line.push_back(words.line[i]);
        shuffled.column.push_back(words.column[i]);
    }
    words = std::move(shuffled);
}

/// Draws batches of B samples at random, with replacement.
///
/// ```cpp
/// Minibatches<32> batches{samples};
/// const auto [contexts, targets] = batches.next(generator);
/// ```
template <std::size_t B>
class Minibatches {
public:
    /// The samples are referred to, not copied.
    ///   errors : [ctnn.data] there are none
    explicit Minibatches(const Samples& samples) : samples_(&samples)
    {
        if (samples.size() == 0) throw Error("ctnn.data", "there are no samples to draw batches from");
        batch_ = {xt::xtensor<class_id, 2>::from_shape({B, samples.contexts.shape()[1]}),
                  xt::xtensor<class_id, 1>::from_shape({B})};
    }
    explicit Minibatches(Samples&&) = delete;

    /// B rows chosen by `randint(0, n, B)`; references to memory of this object, good until the next call.
    /// Allocates nothing.
    std::tuple<const xt::xtensor<class_id, 2>&, const xt::xtensor<class_id, 1>&> next(Generator& generator)
    {
        generator.fill_randint(std::span<std::int64_t>(rows_), 0,
                               static_cast<std::int64_t>(samples_->size()));
        const std::size_t context = batch_.contexts.shape()[1];
        for (std::size_t i = 0; i < B; ++i) {
            const auto row = static_cast<std::size_t>(rows_[i]);
            for (std::size_t t = 0; t < context; ++t)
                batch_.contexts.data()[i * context + t] = samples_->contexts.data()[row * context + t];
            batch_.targets.data()[i] = samples_->targets.data()[row];
        }
        ++drawn_;
        return {batch_.contexts, batch_.targets};
    }

    /// The number of batches drawn so far.
    [[nodiscard]] std::size_t drawn() const { return static_cast<std::size_t>(drawn_); }
    /// f(name, numbers) for what a checkpoint keeps: which rows come next is the generator's to say.
    template <class F>
    void for_each_state(F&& f)
    {
        f("drawn", std::span<std::int64_t>(&drawn_, 1));
    }
    /// The samples, so that a checkpoint is not taken up with others.
    [[nodiscard]] const std::string& settings() const
    {
        if (settings_.empty()) { // reads all samples, so only once
            detail::checksum sum;
            sum.add(samples_->contexts.data(), samples_->contexts.size() * sizeof(class_id));
            sum.add(samples_->targets.data(), samples_->targets.size() * sizeof(class_id));
            settings_ = "batches of " + std::to_string(B) + " from " + std::to_string(samples_->size()) +
                        " samples with checksum " + sum.text();
        }
        return settings_;
    }

private:
    const Samples* samples_;
    Samples batch_;
    std::array<std::int64_t, B> rows_{};
    std::int64_t drawn_ = 0;
    mutable std::string settings_;
};

} // namespace ctnn::inline CTNN_ARCH
