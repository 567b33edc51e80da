// SPDX-License-Identifier: BSD-3-Clause
/// Words drawn from a trained model.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <ctnn/core/mode.hpp>
#include <ctnn/data/vocabulary.hpp>
#include <ctnn/kernel/softmax.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class M>
inline constexpr bool can_sample = false;
template <class M>
inline constexpr bool reads_characters = false;

} // namespace detail

/// One word, character by character: each is drawn by `multinomial` from the softmax of the model's logits,
/// until the end is drawn or the word has `max_length` characters.
///
///   model  : an eval model whose sample is T class ids and whose output is (V) logits. A training model does
///            not compile: its BatchNorm would mix the drawn word with whatever else is in the batch
///   errors : [ctnn.sample] logits that are NaN, or no character left to draw; [ctnn.shape] a vocabulary
///            larger than V
///   cost   : no allocation but the word's, for up to 2048 classes
///   note   : classes past the vocabulary's last character are never drawn
template <class M>
[[nodiscard]] std::string sample(const M& model, const Vocabulary& vocabulary, Generator& generator,
                                 std::size_t max_length = 64)
{
    std::string word;
    if constexpr (is_train<typename M::mode>) {
        static_assert(detail::can_sample<M>,
                      "[ctnn.mode] names are sampled from an eval model: sample(freeze(model), ...)");
    } else if constexpr (!M::takes_ids) {
        static_assert(detail::reads_characters<M>,
                      "[ctnn.mode] words are sampled from a network that starts with an Embedding");
    } else {
        using T = typename M::scalar;
        // Results over 8 KiB would make a stack frame too large.
        using Probabilities = std::conditional_t<(M::output_size * sizeof(T) <= 8192),
                                                 std::array<T, M::output_size>, std::vector<T>>;
        Probabilities probabilities;
        if constexpr (requires { probabilities.resize(1); }) probabilities.resize(M::output_size);
        std::array<class_id, M::sample_size> context{};
        while (word.size() < max_length) {
            model.forward_one(context, std::span<T, M::output_size>(probabilities));
            if (vocabulary.size() > probabilities.size())
                throw Error("ctnn.shape", "the vocabulary has " + std::to_string(vocabulary.size()) +
                                              " classes, the model gives " +
                                              std::to_string(probabilities.size()));
            kernel::softmax(probabilities.data(), probabilities.data(), vocabulary.size());
            const auto drawn = static_cast<class_id>(
                generator.multinomial(std::span<const T>(probabilities.data(), vocabulary.size())));
            if (drawn == Vocabulary::end) break;
            word += vocabulary.character(drawn);
            std::shift_left(context.begin(), context.end(), 1);
            context.back() = drawn;
        }
    }
    return word;
}

} // namespace ctnn::inline CTNN_ARCH
