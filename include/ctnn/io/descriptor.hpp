// SPDX-License-Identifier: BSD-3-Clause
/// Open files, by the calls of the system: POSIX, or what Windows calls the same.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#ifdef _WIN32
#include <filesystem>
#include <system_error>

#include <io.h>
#include <process.h>
#include <share.h>
#else
#include <sys/file.h>
#include <unistd.h>
#endif

#include <ctnn/core/error.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// An open file that closes itself.
class descriptor {
public:
    explicit descriptor(int number = -1) : number_(number) {}
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept
    {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor()
    {
        if (number_ >= 0) (void)close();
    }
    [[nodiscard]] int number() const { return number_; }
    /// Closes it, whatever the system answers: 0, or -1 and errno.
    [[nodiscard]] int close()
    {
#ifdef _WIN32
        return ::_close(std::exchange(number_, -1));
#else
        return ::close(std::exchange(number_, -1));
#endif
    }

private:
    int number_;
};

/// What a path or an open file names.
struct file_facts {
    bool is_there = false, is_folder = false, is_regular = false;
    std::uint64_t size = 0;
    unsigned permissions = 0; // these three are POSIX's
    std::uint64_t owner = 0, group = 0;
};

// What follows answers -1, or a descriptor without a number, and leaves errno where it fails.
#ifdef _WIN32

/// A path is text as std::filesystem reads it.
inline descriptor open_shared(const std::string& path, int flags, int sharing)
{
    int number = -1;
    const int code = ::_wsopen_s(&number, std::filesystem::path(path).c_str(),
                                 flags | _O_BINARY | _O_NOINHERIT, sharing, _S_IREAD | _S_IWRITE);
    if (code != 0) errno = code;
    return descriptor(number);
}
/// A file that was not there; EEXIST if it was.
inline descriptor open_new(const std::string& path, bool /*for_owner_only*/)
{
    return open_shared(path, _O_WRONLY | _O_CREAT | _O_EXCL, _SH_DENYRW);
}
inline std::ptrdiff_t read_some(const descriptor& file, void* to, std::size_t bytes)
{
    return ::_read(file.number(), to, static_cast<unsigned>(std::min<std::size_t>(bytes, 1U << 30U)));
}
inline std::ptrdiff_t write_some(const descriptor& file, const void* from, std::size_t bytes)
{
    return ::_write(file.number(), from, static_cast<unsigned>(std::min<std::size_t>(bytes, 1U << 30U)));
}
/// Until what was written is on the disk (FlushFileBuffers).
inline int sync(const descriptor& file) { return ::_commit(file.number()); }
inline int remove_file(const std::string& path) { return ::_wunlink(std::filesystem::path(path).c_str()); }
/// The file of one name has another from now on, in place of what had it, in one step (MoveFileExW).
inline int rename_file(const std::string& from, const std::string& to)
{
    std::error_code failed;
    std::filesystem::rename(from, to, failed);
    if (failed) errno = failed.default_error_condition().value();
    return failed ? -1 : 0;
}
inline int facts_of(const std::string& path, file_facts& facts)
{
    std::error_code failed;
    const auto status = std::filesystem::status(path, failed);
    facts.is_there = std::filesystem::exists(status);
    facts.is_folder = std::filesystem::is_directory(status);
    facts.is_regular = std::filesystem::is_regular_file(status);
    if (facts.is_regular) facts.size = std::filesystem::file_size(path, failed);
    if (facts.is_there || status.type() == std::filesystem::file_type::not_found) return 0;
    errno = failed.default_error_condition().value();
    return -1;
}
inline descriptor open_to_read(const std::string& path, file_facts& facts)
{
    if (facts_of(path, facts) != 0 || facts.is_folder) return descriptor(); // no folder opens
    descriptor file = open_shared(path, _O_RDONLY, _SH_DENYNO);
    const long long size = file.number() < 0 ? 0 : ::_filelengthi64(file.number());
    facts.size = static_cast<std::uint64_t>(size);
    return size < 0 ? descriptor() : std::move(file);
}
/// The path of what a symbolic link names, empty where it names nothing; any other path as it is.
inline std::string without_link(const std::string& path)
{
    std::error_code failed;
    if (!std::filesystem::is_symlink(path, failed)) return path;
    const auto real = std::filesystem::canonical(path, failed);
    if (failed) errno = failed.default_error_condition().value();
    return failed ? std::string() : real.string();
}
/// The file at `path`, created if need be and open in one program only; EWOULDBLOCK while that is another.
/// The program that has it removes it.
inline descriptor open_alone(const std::string& path)
{
    descriptor file = open_shared(path, _O_RDWR | _O_CREAT | _O_TEMPORARY, _SH_DENYRW);
    if (errno == EACCES && file.number() < 0 && std::filesystem::exists(path)) errno = EWOULDBLOCK;
    return file;
}
/// Whether the folder, "" for the one the program is in, exists and takes files; errno else.
inline bool takes_files(const std::string& folder)
{
    return ::_waccess(folder.empty() ? L"." : std::filesystem::path(folder).c_str(), 2) == 0;
}
inline int process_id() { return ::_getpid(); }

#else

/// A file that was not there; EEXIST if it was.
inline descriptor open_new(const std::string& path, bool for_owner_only)
{
    return descriptor(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, for_owner_only ? 0600 : 0666));
}
inline std::ptrdiff_t read_some(const descriptor& file, void* to, std::size_t bytes)
{
    return ::read(file.number(), to, bytes);
}
inline std::ptrdiff_t write_some(const descriptor& file, const void* from, std::size_t bytes)
{
    return ::write(file.number(), from, bytes);
}
/// Until what was written is on the disk; macOS's fsync stops at the disk's own memory.
inline int sync(const descriptor& file)
{
#ifdef F_FULLFSYNC
    if (::fcntl(file.number(), F_FULLFSYNC) == 0) return 0; // not every file system has it
#endif
    int result = 0;
    do result = ::fsync(file.number());
    while (result != 0 && errno == EINTR);
    return result;
}
inline int remove_file(const std::string& path) { return ::unlink(path.c_str()); }
/// The file of one name has another from now on, in place of what had it, in one step.
inline int rename_file(const std::string& from, const std::string& to)
{
    return std::rename(from.c_str(), to.c_str());
}
inline file_facts facts_of(const struct stat& s)
{
    return {true,
            S_ISDIR(s.st_mode),
            S_ISREG(s.st_mode),
            static_cast<std::uint64_t>(s.st_size),
            s.st_mode & 0777U,
            s.st_uid,
            s.st_gid};
}
inline int facts_of(const std::string& path, file_facts& facts)
{
    struct stat s {};
    if (::stat(path.c_str(), &s) == 0) facts = facts_of(s);
    else if (errno != ENOENT) return -1;
    return 0;
}
inline descriptor open_to_read(const std::string& path, file_facts& facts)
{
    // what is no file may open, but a pipe that nobody writes to would keep us waiting
    descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat s {};
    if (file.number() < 0 || ::fstat(file.number(), &s) != 0) return descriptor();
    facts = facts_of(s);
    return file;
}
/// The path of what a symbolic link names, empty where it names nothing; any other path as it is.
inline std::string without_link(const std::string& path)
{
    struct stat s {};
    if (::lstat(path.c_str(), &s) != 0 || !S_ISLNK(s.st_mode)) return path;
    char* const real = ::realpath(path.c_str(), nullptr);
    if (real == nullptr) return {};
    std::string found = real;
    std::free(real);
    return found;
}
/// The file at `path`, created if need be and open in one program only; EWOULDBLOCK while that is another.
/// The program that has it removes it.
inline descriptor open_alone(const std::string& path)
{
    while (true) { // until what is locked is what has the name: another's may just have been taken away
        descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (file.number() < 0 || ::flock(file.number(), LOCK_EX | LOCK_NB) != 0) return descriptor();
        struct stat here {
        }, there{};
        if (::fstat(file.number(), &here) == 0 && ::stat(path.c_str(), &there) == 0 &&
            here.st_dev == there.st_dev && here.st_ino == there.st_ino)
            return file;
    }
}
/// Whether the folder, "" for the one the program is in, exists and takes files; errno else.
inline bool takes_files(const std::string& folder)
{
    return ::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) == 0;
}
inline int process_id() { return ::getpid(); }

#endif

} // namespace ctnn::inline CTNN_ARCH::detail
