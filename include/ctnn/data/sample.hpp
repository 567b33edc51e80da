// SPDX-License-Identifier: BSD-3-Clause
/// Words drawn from a trained model.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

#include <ctnn/core/generator.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/data/vocabulary.hpp>
#include <ctnn/kernel/softmax.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class M>
inline constexpr bool can_sample = false;

} // namespace detail

/// One word, character by character: each is drawn by `multinomial` from the softmax of the model's logits, until the end is drawn or
/// the word has `max_length` characters.
///
///   model  : an eval model whose sample is T class ids and whose output is (V) logits. A training model does not compile: its
///            BatchNorm would mix the drawn word with whatever else is in the batch
///   errors : [ctnn.sample] logits that are NaN, or no character left to draw; [ctnn.shape] a vocabulary larger than V
///   note   : classes behind the vocabulary's last character are never drawn
template <class M>
[[nodiscard]] std::string sample(const M& model, const Vocabulary& vocabulary, Generator& generator, std::size_t max_length = 64)
{
    std::string word;
    if constexpr (is_train<typename M::mode>) {
        static_assert(detail::can_sample<M>, "[ctnn.mode] names are sampled from an eval model: sample(freeze(model), ...)");
    } else {
        using T = typename M::scalar;
        std::array<class_id, M::sample_size> context{};
        while (word.size() < max_length) {
            auto probabilities = model.forward_one(context);
            if (vocabulary.size() > probabilities.size())
                throw Error("ctnn.shape", "the vocabulary has " + std::to_string(vocabulary.size()) + " classes, the model gives " +
                                              std::to_string(probabilities.size()));
            kernel::softmax(probabilities.data(), probabilities.data(), vocabulary.size());
            const auto drawn = static_cast<class_id>(generator.multinomial(std::span<const T>(probabilities.data(), vocabulary.size())));
            if (drawn == Vocabulary::end) break;
            word += vocabulary.character(drawn);
            std::shift_left(context.begin(), context.end(), 1);
            context.back() = drawn;
        }
    }
    return word;
}

} // namespace ctnn::inline CTNN_ARCH
