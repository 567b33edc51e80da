// SPDX-License-Identifier: BSD-3-Clause
/// Files of the C library by name.
#pragma once

#include <cstdio>
#include <string>
#ifdef _WIN32
#include <filesystem>
#endif

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// std::fopen, for a path as std::filesystem reads it; null and errno where that fails.
inline std::FILE* open_file(const std::string& path, const char* mode)
{
#ifdef _WIN32 // fopen would take the letters for those of the code page
    return ::_wfopen(std::filesystem::path(path).c_str(), std::filesystem::path(mode).c_str());
#else
    return std::fopen(path.c_str(), mode);
#endif
}

} // namespace ctnn::inline CTNN_ARCH::detail
