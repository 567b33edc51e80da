// SPDX-License-Identifier: BSD-3-Clause
/// Characters as class ids.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/data/words.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The characters (bytes) a model knows. Id 0 is the end of a word, printed as '.'; the characters have ids
/// from 1 in the order of their bytes.
class Vocabulary {
public:
    static constexpr class_id end = 0;

    /// The characters that occur in the words.
    explicit Vocabulary(const Words& words)
    {
        std::array<bool, 256> seen{};
        for (const std::string& w : words.text)
            for (const char c : w) seen[static_cast<unsigned char>(c)] = true;
        for (std::size_t b = 0; b < seen.size(); ++b)
            if (seen[b]) characters_ += static_cast<char>(b);
        number();
    }
    /// These characters, whatever order they are given in; one given twice counts once.
    explicit Vocabulary(std::string_view characters)
        : Vocabulary(Words{{std::string(characters)}, {1}, {1}, "the vocabulary"})
    {}

    /// The number of classes: one for each character and one for the end.
    [[nodiscard]] std::size_t size() const { return characters_.size() + 1; }
    [[nodiscard]] const std::string& characters() const { return characters_; }

    /// The id of a character; -1 when the vocabulary does not have it.
    [[nodiscard]] class_id find(char c) const { return ids_[static_cast<unsigned char>(c)]; }
    /// The character of an id; '.' for the end.
    ///   errors : [ctnn.class_id] the id is outside 0..size()-1
    [[nodiscard]] char character(class_id id) const
    {
        if (id < 0 || static_cast<std::size_t>(id) >= size())
            throw Error("ctnn.class_id", "class id " + std::to_string(id) + " is outside 0.." +
                                             std::to_string(size() - 1) + " of the vocabulary");
        return id == end ? '.' : characters_[static_cast<std::size_t>(id) - 1];
    }

    /// Throws [ctnn.data] at the first byte of the words that the vocabulary does not have, naming line,
    /// column and byte.
    void require(const Words& words) const
    {
        for (std::size_t w = 0; w < words.size(); ++w)
            for (std::size_t c = 0; c < words.text[w].size(); ++c)
                if (find(words.text[w][c]) < 0) {
                    const auto byte = static_cast<unsigned char>(words.text[w][c]);
                    constexpr char hex[] = "0123456789abcdef";
                    throw Error("ctnn.data", words.source + ", line " + std::to_string(words.line[w]) +
                                                 ", column " + std::to_string(words.column[w] + c) +
                                                 ": byte 0x" + hex[byte / 16] + hex[byte % 16] +
                                                 (byte >= 0x20 && byte < 0x7f
                                                      ? std::string(" ('") + static_cast<char>(byte) + "')"
                                                      : std::string()) +
                                                 " is not in the vocabulary \"" + characters_ + "\"");
                }
    }

private:
    std::string characters_;
    std::array<class_id, 256> ids_{};

    void number()
    {
        ids_.fill(-1);
        for (std::size_t i = 0; i < characters_.size(); ++i)
            ids_[static_cast<unsigned char>(characters_[i])] = static_cast<class_id>(i + 1);
    }
};

} // namespace ctnn::inline CTNN_ARCH
