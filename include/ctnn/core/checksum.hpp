// SPDX-License-Identifier: BSD-3-Clause
/// A number that tells whether bytes are still the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// FNV-1a with 64 bits: any change of a single byte changes it. No protection against somebody who wants to
/// deceive.
class checksum {
public:
    constexpr void add(std::string_view bytes)
    {
        for (const char c : bytes) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    void add(const void* bytes, std::size_t n) { add({static_cast<const char*>(bytes), n}); }

    [[nodiscard]] constexpr std::uint64_t value() const { return state_; }
    static constexpr std::size_t digits = 16;
    [[nodiscard]] std::string text() const
    {
        std::string s;
        for (int shift = 60; shift >= 0; shift -= 4) s += "0123456789abcdef"[state_ >> shift & 15U];
        return s;
    }

private:
    std::uint64_t state_ = 0xcbf29ce484222325U;
};

} // namespace ctnn::inline CTNN_ARCH::detail
