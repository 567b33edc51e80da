// SPDX-License-Identifier: BSD-3-Clause
/// The one exception of the library: data, files and run-time shapes. Mistakes in types are compile errors
/// instead.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

/// Text for a terminal or a page: control characters, which a file may have put into a name, as `\x1b`.
inline std::string printable(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte >= 0x20 && byte != 0x7f) || c == '\n') {
            out += c;
        } else {
            out += "\\x";
            out += "0123456789abcdef"[byte >> 4];
            out += "0123456789abcdef"[byte & 15U];
        }
    }
    return out;
}

} // namespace detail

/// Its text starts with an id in brackets and names what was expected and what was found:
/// `[ctnn.shape] the input has shape (32, 4), the model takes (32, 3)`. Control characters are escaped.
///
///   ids : ctnn.shape, ctnn.class_id, ctnn.option, ctnn.data, ctnn.sample, ctnn.generator, ctnn.load,
///         ctnn.save, ctnn.diverged, ctnn.stopped
class Error : public std::runtime_error {
public:
    /// `id` is a string literal, such as "ctnn.shape".
    Error(std::string_view id, std::string_view sentence)
        : std::runtime_error(std::string("[").append(id).append("] ").append(detail::printable(sentence))),
          id_(id)
    {}
    [[nodiscard]] std::string_view id() const { return id_; }

private:
    std::string_view id_;
};

} // namespace ctnn::inline CTNN_ARCH
