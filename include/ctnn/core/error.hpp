// SPDX-License-Identifier: BSD-3-Clause
/// The one exception of the library: data, files and run-time shapes. Mistakes in types are compile errors
/// instead.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Its text starts with an id in brackets and names what was expected and what was found:
/// `[ctnn.shape] the input has shape (32, 4), the model takes (32, 3)`.
///
///   ids : ctnn.shape, ctnn.class_id, ctnn.option, ctnn.data, ctnn.sample, ctnn.generator, ctnn.load,
///         ctnn.save
class Error : public std::runtime_error {
public:
    /// `id` is a string literal, such as "ctnn.shape".
    Error(std::string_view id, std::string_view sentence)
        : std::runtime_error(std::string("[").append(id).append("] ").append(sentence)), id_(id)
    {}
    [[nodiscard]] std::string_view id() const { return id_; }

private:
    std::string_view id_;
};

} // namespace ctnn::inline CTNN_ARCH
