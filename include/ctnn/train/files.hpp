// SPDX-License-Identifier: BSD-3-Clause
/// Which files a training may write: by one program at a time, and not those of others (POSIX).
#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctnn/core/error.hpp>
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
        do { // until what is locked is what has the name: another's lock may just have been taken away
            descriptor_ = detail::descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
            if (descriptor_.number() < 0 && errno == ENOENT) return; // no such folder: who writes says so
            if (descriptor_.number() < 0)
                detail::fail_with_errno("ctnn.save", "cannot write '" + path_ + "'");
            if (!is_locked()) {
                descriptor_ = detail::descriptor();
                throw Error("ctnn.save", "another training is writing '" + file + "'");
            }
        } while (!has_the_name());
    }
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    ~FileLock()
    {
        if (descriptor_.number() >= 0) (void)::unlink(path_.c_str());
    }

private:
    std::string path_;
    detail::descriptor descriptor_;

    /// A fifth of a second is waited: when a program is killed just as it starts another, such as gnuplot,
    /// that one holds the file until it has begun.
    [[nodiscard]] bool is_locked() const
    {
        for (int attempt = 0; attempt < 40; ++attempt) {
            if (::flock(descriptor_.number(), LOCK_EX | LOCK_NB) == 0) return true;
            ::usleep(5'000);
        }
        return false;
    }
    [[nodiscard]] bool has_the_name() const
    {
        struct stat here {
        }, there{};
        return ::fstat(descriptor_.number(), &here) == 0 && ::stat(path_.c_str(), &there) == 0 &&
               here.st_dev == there.st_dev && here.st_ino == there.st_ino;
    }
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
    std::ifstream file{path};
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
    struct stat s {}; // a name that cannot be, a folder that takes no file; another's may be there any moment
    if ((::lstat(path.c_str(), &s) != 0 && errno != ENOENT) ||
        ::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0)
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
