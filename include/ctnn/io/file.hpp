// SPDX-License-Identifier: BSD-3-Clause
/// Files read to their end and files replaced as a whole.
#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#ifdef _WIN32
#include <thread>
#endif

#include <ctnn/core/error.hpp>
#include <ctnn/io/descriptor.hpp>

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

/// A file that is read from its start; `size` is what it had when it was opened.
///   errors : [ctnn.load] with the path: it cannot be opened or read, is no regular file, or ends before its
///            size
class input_file {
public:
    explicit input_file(std::string path) : path_(std::move(path))
    {
        if (path_.empty()) throw Error("ctnn.load", "the path of the file to read is empty");
        file_facts facts;
        file_ = open_to_read(path_, facts);
        if (facts.is_folder) fail_with_errno("ctnn.load", "cannot read '" + path_ + "'", EISDIR);
        if (facts.is_there && !facts.is_regular)
            throw Error("ctnn.load", "cannot read '" + path_ + "': it is not a regular file");
        if (file_.number() < 0) fail();
        size_ = facts.size;
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::uint64_t size() const { return size_; }

    void read(void* to, std::size_t bytes)
    {
        auto* next = static_cast<char*>(to);
        while (bytes > 0) {
            const std::ptrdiff_t n = read_some(file_, next, bytes);
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
/// one, complete; only a kill can leave the new file's temporary (".ctnn-*.tmp").
///
/// Where the file system can, old and new file change names, so that even a directory that cannot be synced
/// is a failure that leaves the old one; elsewhere a plain rename has replaced it by then. The new file has
/// the permissions of the old one, and its owner where that is allowed (on Windows what its folder gives);
/// another hard link to the old file keeps the old content.
class file_replacement {
public:
    [[gnu::cold]] explicit file_replacement(std::string path) : path_(std::move(path))
    {
        if (path_.empty()) throw Error("ctnn.save", "the path of the file to write is empty");
        const std::string real = without_link(path_); // the file that a link names is replaced, not the link
        file_facts old;
        if (real.empty() || facts_of(real, old) != 0) fail();
        path_ = real;
        replaces_ = old.is_there;
        if (old.is_folder) fail_with_errno("ctnn.save", failure(), EISDIR);
        if (replaces_ && !old.is_regular) throw Error("ctnn.save", failure() + ": it is not a regular file");
        const std::size_t slash = path_.find_last_of(separators);
        folder_ = slash == std::string::npos ? "./" : path_.substr(0, slash + 1);
        for (int attempt = 0; file_.number() < 0; ++attempt) {
            temporary_ = folder_ + unique_name();
            // What replaces a file is at no time readable by more people than that.
            file_ = open_new(temporary_, replaces_);
            if (file_.number() < 0 && (errno != EEXIST || attempt == 99)) {
                temporary_.clear();
                fail();
            }
        }
        if (replaces_) take_over(old);
    }
    file_replacement(const file_replacement&) = delete;
    file_replacement& operator=(const file_replacement&) = delete;
    ~file_replacement()
    {
        if (file_.number() >= 0) (void)file_.close(); // Windows removes no open file
        if (!temporary_.empty()) (void)remove_file(temporary_);
    }

    void write(std::string_view bytes)
    {
        while (!bytes.empty()) {
            const std::ptrdiff_t n = write_some(file_, bytes.data(), bytes.size());
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) fail();
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    /// The last step: after it the path names the new file.
    [[gnu::cold]] void commit()
    {
        if (sync(file_) != 0 || file_.close() != 0) fail();
        put_in_place();
        temporary_.clear();
    }

private:
    std::string path_, folder_, temporary_;
    descriptor file_;
    bool replaces_ = false;

    [[nodiscard]] std::string failure() const { return "cannot write '" + path_ + "'"; }
    [[noreturn]] void fail() const { fail_with_errno("ctnn.save", failure()); }
#ifdef _WIN32
    static constexpr std::string_view separators = "/\\:";
    /// The new file has the rights that its folder gives; it is not written if the old one is read-only.
    static void take_over(const file_facts& /*old*/) {}
    /// A program that has just read the old file, such as a search for viruses, is waited for.
    void put_in_place()
    {
        for (int attempt = 0; rename_file(temporary_, path_) != 0; ++attempt) {
            if (errno != EACCES || attempt == 40) fail();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }
#else
    static constexpr std::string_view separators = "/";
    /// The owner and the permissions of the file that is replaced, as far as the system lets us: never its
    /// set-user-ID, and nothing for a group that is not the file's. Some file systems know no permissions.
    void take_over(const file_facts& old)
    {
        const int file = file_.number();
        auto permissions = static_cast<mode_t>(old.permissions);
        const auto group = static_cast<gid_t>(old.group);
        if (::fchown(file, static_cast<uid_t>(old.owner), group) != 0 &&
            ::fchown(file, static_cast<uid_t>(-1), group) != 0) {
            struct stat now {};
            if (::fstat(file, &now) != 0 || now.st_gid != group) permissions &= ~mode_t{070};
        }
        (void)::fchmod(file, permissions); // refused, it stays readable by its owner alone
    }
    void put_in_place()
    {
        descriptor folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (folder.number() < 0) fail();
        const bool exchanged = replaces_ && exchange();
        if (!exchanged && rename_file(temporary_, path_) != 0) fail();
        // Some file systems know no sync of a directory, and say EINVAL.
        const bool synced = sync(folder) == 0 || errno == EINVAL;
        if (synced && folder.close() == 0 && (!exchanged || remove_file(temporary_) == 0)) return;
        const int code = errno;
        if (exchanged) {
            (void)exchange();
        } else if (!replaces_) {
            (void)remove_file(path_);
            temporary_.clear();
        } else {
            temporary_.clear();
            fail_with_errno("ctnn.save",
                            "'" + path_ + "' is the new file, but may be lost if the machine stops now",
                            code);
        }
        fail_with_errno("ctnn.save", failure(), code);
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
#endif

    static std::string unique_name()
    {
        static std::atomic<std::uint64_t> count{0};
        const auto now =
            static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
        std::uint64_t n = (now + count++) * 0x9e3779b97f4a7c15U ^ static_cast<std::uint64_t>(process_id());
        std::string name = ".ctnn-";
        for (int i = 0; i < 16; ++i, n >>= 4) name += "0123456789abcdef"[n & 15U];
        return name + ".tmp";
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
