// SPDX-License-Identifier: BSD-3-Clause
/// Text files, read piece by piece.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <ctnn/core/error.hpp>
#include <ctnn/core/open_file.hpp>

namespace ctnn::inline CTNN_ARCH {

inline constexpr std::size_t largest_text = std::size_t{1} << 30; ///< bytes; more is an input without end
inline constexpr std::size_t longest_line = 4096;                 ///< bytes; a longer line is a mistaken file

namespace detail {

/// f(piece) for all pieces of a file in order.
///   errors : [ctnn.data] with the path: the file cannot be opened or read, or is a directory
template <class F>
void read_text_file(const std::string& path, F f)
{
    const int errno_before = errno;
    const auto fail = [&] {
        const std::string why = std::strerror(errno);
        errno = errno_before;
        throw Error("ctnn.data", "cannot read '" + path + "': " + why);
    };
    struct closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, closer> file(open_file(path, "rb"));
    if (file == nullptr) fail();
    char buffer[8192];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, file.get())) > 0;)
        f(std::string_view(buffer, n));
    if (std::ferror(file.get()) != 0) fail();
    errno = errno_before;
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
