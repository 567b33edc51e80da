// SPDX-License-Identifier: BSD-3-Clause
/// Files read to their end and files replaced as a whole (POSIX).
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctnn/core/error.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Puts errno back where a call of the library found it.
class kept_errno {
public:
    kept_errno() = default;
    kept_errno(const kept_errno&) = delete;
    kept_errno& operator=(const kept_errno&) = delete;
    ~kept_errno() { errno = before_; }

private:
    int before_ = errno;
};

[[noreturn]] inline void fail_with_errno(std::string_view id, const std::string& what, int code = errno)
{
    throw Error(id, what + ": " + std::strerror(code));
}

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
        if (number_ >= 0) (void)::close(number_);
    }
    [[nodiscard]] int number() const { return number_; }
    /// Closes it, whatever the system answers: 0, or -1 and errno.
    [[nodiscard]] int close() { return ::close(std::exchange(number_, -1)); }

private:
    int number_;
};

/// A file that is read from its start; `size` is what it had when it was opened.
///   errors : [ctnn.load] with the path: it cannot be opened or read, is no regular file, or ends before its
///            size
class input_file {
public:
    explicit input_file(std::string path) : path_(std::move(path))
    {
        if (path_.empty()) throw Error("ctnn.load", "the path of the file to read is empty");
        // a pipe nobody writes to would not open
        file_ = descriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        struct stat s {};
        if (file_.number() < 0 || ::fstat(file_.number(), &s) != 0) fail();
        if (S_ISDIR(s.st_mode)) fail_with_errno("ctnn.load", "cannot read '" + path_ + "'", EISDIR);
        if (!S_ISREG(s.st_mode))
            throw Error("ctnn.load", "cannot read '" + path_ + "': it is not a regular file");
        size_ = static_cast<std::uint64_t>(s.st_size);
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    void read(void* to, std::size_t bytes)
    {
        auto* next = static_cast<char*>(to);
        while (bytes > 0) {
            const ssize_t n = ::read(file_.number(), next, bytes);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) fail();
            if (n == 0) throw Error("ctnn.load", "'" + path_ + "' became shorter while it was read");
            next += n;
            bytes -= static_cast<std::size_t>(n);
        }
    }

private:
    std::string path_;
    descriptor file_;
    std::uint64_t size_ = 0;

    [[noreturn]] void fail() const { fail_with_errno("ctnn.load", "cannot read '" + path_ + "'"); }
};

/// Writes a file as a whole, or not at all: into a new file beside it, which takes its place when everything
/// is on disk. Whatever fails, and whenever the process is killed, the path names the old file or the new
/// one, complete; only a kill can leave the new file's temporary (".ctnn-*.tmp") behind.
///
/// Where the file system can, old and new file change names, so that even a directory that cannot be synced
/// is a failure that leaves the old one; elsewhere a plain rename has replaced it by then. The new file has
/// the permissions of the old one, and its owner where that is allowed; another hard link to the old file
/// keeps the old content.
class file_replacement {
public:
    [[gnu::cold]] explicit file_replacement(std::string path) : path_(std::move(path))
    {
        if (path_.empty()) throw Error("ctnn.save", "the path of the file to write is empty");
        struct stat s {};
        // the file that a link names is replaced, not the link
        if (::lstat(path_.c_str(), &s) == 0 && S_ISLNK(s.st_mode)) {
            char* const real = ::realpath(path_.c_str(), nullptr);
            if (real == nullptr) fail();
            path_ = real;
            std::free(real);
        }
        replaces_ = ::stat(path_.c_str(), &s) == 0;
        if (!replaces_ && errno != ENOENT) fail();
        if (replaces_ && S_ISDIR(s.st_mode)) fail_with_errno("ctnn.save", failure(), EISDIR);
        if (replaces_ && !S_ISREG(s.st_mode))
            throw Error("ctnn.save", failure() + ": it is not a regular file");
        const std::size_t slash = path_.rfind('/');
        folder_ = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
        for (int attempt = 0; file_.number() < 0; ++attempt) {
            temporary_ = folder_ + (slash == std::string::npos ? "/" : "") + unique_name();
            // What replaces a file is at no time readable by more people than that.
            file_ = descriptor(
                ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, replaces_ ? 0600 : 0666));
            if (file_.number() < 0 && (errno != EEXIST || attempt == 99)) {
                temporary_.clear();
                fail();
            }
        }
        if (replaces_) take_over(s);
    }
    file_replacement(const file_replacement&) = delete;
    file_replacement& operator=(const file_replacement&) = delete;
    ~file_replacement()
    {
        if (!temporary_.empty()) (void)::unlink(temporary_.c_str());
    }

    void write(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const ssize_t n = ::write(file_.number(), bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) fail();
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    /// The last step: after it the path names the new file.
    [[gnu::cold]] void commit()
    {
        if (sync(file_) != 0 || file_.close() != 0) fail();
        descriptor folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (folder.number() < 0) fail();
        const bool exchanged = replaces_ && exchange();
        if (!exchanged && std::rename(temporary_.c_str(), path_.c_str()) != 0) fail();
        // Some file systems know no sync of a directory, and say EINVAL.
        const bool synced = sync(folder) == 0 || errno == EINVAL;
        if (synced && folder.close() == 0 && (!exchanged || ::unlink(temporary_.c_str()) == 0)) {
            temporary_.clear();
            return;
        }
        const int code = errno;
        if (exchanged) {
            (void)exchange();
        } else if (!replaces_) {
            (void)::unlink(path_.c_str());
            temporary_.clear();
        } else {
            temporary_.clear();
            fail_with_errno("ctnn.save",
                            "'" + path_ + "' is the new file, but may be lost if the machine stops now",
                            code);
        }
        fail_with_errno("ctnn.save", failure(), code);
    }

private:
    std::string path_, folder_, temporary_;
    descriptor file_;
    bool replaces_ = false;

    [[nodiscard]] std::string failure() const { return "cannot write '" + path_ + "'"; }
    [[noreturn]] void fail() const { fail_with_errno("ctnn.save", failure()); }
    static int sync(const descriptor& file)
    {
        int result = 0;
        do result = ::fsync(file.number());
        while (result != 0 && errno == EINTR);
        return result;
    }
    /// The owner and the permissions of the file that is replaced, as far as the system lets us: never its
    /// set-user-ID, and nothing for a group that is not the file's. Some file systems know no permissions.
    void take_over(const struct stat& old)
    {
        mode_t permissions = old.st_mode & 0777U;
        if (::fchown(file_.number(), old.st_uid, old.st_gid) != 0 &&
            ::fchown(file_.number(), static_cast<uid_t>(-1), old.st_gid) != 0) {
            struct stat now {};
            if (::fstat(file_.number(), &now) != 0 || now.st_gid != old.st_gid) permissions &= ~mode_t{070};
        }
        (void)::fchmod(file_.number(), permissions); // refused, it stays readable by its owner alone
    }

    /// Whether the two files have changed names. Systems that cannot do that, or do not let a program, say so
    /// in many ways; where more is wrong, the plain rename after it says what.
    [[nodiscard]] bool exchange() const
    {
#ifdef RENAME_EXCHANGE
        return ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0;
#else
        return false;
#endif
    }

    static std::string unique_name()
    {
        static std::atomic<std::uint64_t> count{0};
        const auto now =
            static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
        std::uint64_t n = (now + count++) * 0x9e3779b97f4a7c15U ^ static_cast<std::uint64_t>(::getpid());
        std::string name = ".ctnn-";
        for (int i = 0; i < 16; ++i, n >>= 4) name += "0123456789abcdef"[n & 15U];
        return name + ".tmp";
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
