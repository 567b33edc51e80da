// SPDX-License-Identifier: BSD-3-Clause
/// One aligned allocation that behaves like a value.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Zeroed memory on a cache line boundary. A copy is a copy of the bytes.
class memory_block {
public:
    static constexpr std::size_t alignment = 64;

    memory_block() = default;
    explicit memory_block(std::size_t bytes) : memory_block(bytes, not_zeroed{})
    {
        std::memset(data_, 0, bytes);
    }
    struct not_zeroed {};
    memory_block(std::size_t bytes, not_zeroed) : bytes_(bytes)
    {
        const std::size_t all = alignment + (bytes > alignment ? bytes : alignment);
        owners_ = ::new (::operator new(all, std::align_val_t{alignment})) std::size_t(1);
        data_ = reinterpret_cast<std::byte*>(owners_) + alignment;
    }
    memory_block(const memory_block& other) : memory_block(other.bytes_, not_zeroed{})
    {
        if (bytes_ > 0) std::memcpy(data_, other.data_, bytes_); // a block that was moved from is empty
    }
    memory_block(memory_block&& other) noexcept { take(other); }
    memory_block& operator=(const memory_block& other)
    {
        if (this != &other) {
            memory_block copy(other);
            release();
            take(copy);
        }
        return *this;
    }
    memory_block& operator=(memory_block&& other) noexcept
    {
        if (this != &other) {
            release();
            take(other);
        }
        return *this;
    }
    ~memory_block() { release(); }

    /// Takes off everything from `bytes` on, a multiple of 64, as a block of its own. The memory is released
    /// with the last of the two.
    memory_block split(std::size_t bytes)
    {
        memory_block rest;
        rest.bytes_ = bytes_ - bytes;
        rest.data_ = data_ + bytes;
        rest.owners_ = owners_;
        __atomic_add_fetch(owners_, 1, __ATOMIC_RELAXED);
        bytes_ = bytes;
        return rest;
    }

    /// The array of T that starts `byte_offset` from the start.
    template <class T>
    [[nodiscard]] T* at(std::size_t byte_offset)
    {
        return reinterpret_cast<T*>(data_ + byte_offset);
    }
    template <class T>
    [[nodiscard]] const T* at(std::size_t byte_offset) const
    {
        return reinterpret_cast<const T*>(data_ + byte_offset);
    }

private:
    std::size_t bytes_ = 0;
    std::byte* data_ = nullptr;
    std::size_t* owners_ = nullptr; ///< how many blocks share the allocation, which starts here

    void take(memory_block& other) noexcept
    {
        bytes_ = other.bytes_;
        data_ = other.data_;
        owners_ = other.owners_;
        other.bytes_ = 0;
        other.data_ = nullptr;
        other.owners_ = nullptr;
    }
    void release() noexcept
    {
        if (owners_ != nullptr && __atomic_sub_fetch(owners_, 1, __ATOMIC_ACQ_REL) == 0)
            ::operator delete(static_cast<void*>(owners_), std::align_val_t{alignment});
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
