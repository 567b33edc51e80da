// SPDX-License-Identifier: BSD-3-Clause
/// Memory that is given out and taken back while compiling.
#pragma once

#include <algorithm>
#include <cstddef>

#include <ctnn/model/schedule.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Gives out and takes back stretches of memory, the first that fits.
template <std::size_t Most>
class arena {
public:
    constexpr std::size_t take(std::size_t size)
    {
        std::size_t at = 0, i = 0;
        for (; i < count_ && used_[i].first < at + size; ++i)
            at = std::max(at, used_[i].first + used_[i].count);
        for (std::size_t k = count_++; k > i; --k) used_[k] = used_[k - 1];
        used_[i] = {at, size};
        bytes_ = std::max(bytes_, at + size);
        return at;
    }
    constexpr void give_back(std::size_t at)
    {
        std::size_t i = 0;
        while (i < count_ && used_[i].first != at) ++i;
        if (i == count_) return;
        for (--count_; i < count_; ++i) used_[i] = used_[i + 1];
    }
    [[nodiscard]] constexpr std::size_t bytes() const { return bytes_; }

private:
    stretch used_[Most + 1]{}; ///< in order of their places
    std::size_t count_ = 0, bytes_ = 0;
};

template <std::size_t Line = 64>
constexpr std::size_t whole_lines(std::size_t bytes)
{
    return (bytes + Line - 1) / Line * Line;
}

} // namespace ctnn::inline CTNN_ARCH::detail
