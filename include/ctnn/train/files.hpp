// SPDX-License-Identifier: BSD-3-Clause
/// Which files a training may write: by one program at a time, and not those of others.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <ctnn/core/error.hpp>
#include <ctnn/io/descriptor.hpp>
#include <ctnn/io/file.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A file that one program at a time writes: FILE.lock beside it is held as long as this lives. An empty path
/// locks nothing.
///   errors : [ctnn.save] another program holds it, or FILE.lock cannot be made
class FileLock {
public:
    explicit FileLock(const std::string& file) : path_(file + ".lock")
    {
        if (file.empty()) return;
        // A fifth of a second is waited: when a program is killed just as it starts another, such as gnuplot,
        // that one holds the file until it has begun.
        for (int attempt = 0; attempt < 40; ++attempt) {
            file_ = detail::open_alone(path_);
            if (file_.number() >= 0 || errno == ENOENT) return; // no such folder: who writes says so
            if (errno != EWOULDBLOCK) detail::fail_with_errno("ctnn.save", "cannot write '" + path_ + "'");
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        throw Error("ctnn.save", "another training is writing '" + file + "'");
    }
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock()
    {
        if (file_.number() >= 0) (void)detail::remove_file(path_);
    }

private:
    std::string path_;
    detail::descriptor file_;
};

/// Whether two paths are one file, there or not yet there.
[[nodiscard]] inline bool same_file(const std::string& a, const std::string& b)
{
    if (a.empty() || b.empty()) return false;
    std::error_code unknown;
    const auto whole = [&](const std::string& path) {
        return std::filesystem::weakly_canonical(std::filesystem::absolute(path, unknown), unknown);
    };
    return std::filesystem::equivalent(a, b, unknown) || whole(a) == whole(b);
}

/// Whether a file is there that somebody may want: one with something in it that does not begin as what would
/// be written in its place. Only a regular file counts.
[[nodiscard]] inline bool is_of_others(const std::string& path, std::string_view start = {})
{
    std::error_code unknown;
    if (path.empty() || !std::filesystem::is_regular_file(path, unknown)) return false;
    std::ifstream file{std::filesystem::path(path), std::ios::binary};
    std::string found(start.empty() ? 1 : start.size(), '\0');
    file.read(found.data(), static_cast<std::streamsize>(found.size()));
    return file.gcount() > 0 && found != start;
}

/// That a file can be written when the time comes, as far as can be seen now: there is a folder for it, and
/// nothing but a regular file has its name. An empty path is passed over.
///   errors : [ctnn.save] with the path and the reason
inline void require_writable(const std::string& path)
{
    if (path.empty()) return;
    const std::string failure = "cannot write '" + path + "': ";
    std::error_code unknown;
    if (std::filesystem::is_directory(path, unknown)) throw Error("ctnn.save", failure + "it is a folder");
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (!folder.empty() && !std::filesystem::is_directory(folder, unknown))
        throw Error("ctnn.save", failure + "there is no folder '" + folder.string() + "'");
    if (std::filesystem::exists(std::filesystem::symlink_status(path, unknown))) {
        if (std::filesystem::exists(path, unknown) && !std::filesystem::is_regular_file(path, unknown))
            throw Error("ctnn.save", failure + "it is not a regular file");
        return; // replaced as a whole, it need not be writable
    }
    detail::file_facts facts; // a name that cannot be, a folder that takes no file
    if (detail::facts_of(path, facts) != 0 || !detail::takes_files(folder.string()))
        throw Error("ctnn.save", failure + std::strerror(errno));
}

/// That files which a program reads and writes are not one, each by what its user calls it; empty paths do
/// not count.
///   errors : [ctnn.option] two that are one
inline void require_different(std::initializer_list<std::pair<std::string_view, std::string_view>> files)
{
    for (auto a = files.begin(); a != files.end(); ++a)
        for (auto b = a + 1; b != files.end(); ++b)
            if (same_file(std::string(a->second), std::string(b->second)))
                throw Error("ctnn.option", std::string(a->first).append(" and ").append(b->first) +
                                               " are one file, '" + std::string(a->second) + "'");
}

} // namespace ctnn::inline CTNN_ARCH
