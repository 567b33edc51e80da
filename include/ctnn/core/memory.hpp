// SPDX-License-Identifier: BSD-3-Clause
/// One aligned allocation that behaves like a value.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Zeroed memory on a cache line boundary. A copy is a copy of the bytes.
class memory_block {
public:
    static constexpr std::size_t alignment = 64;

    explicit memory_block(std::size_t bytes) : bytes_(bytes), data_(allocate(bytes)) { std::memset(data_.get(), 0, bytes); }
    memory_block(const memory_block& other) : bytes_(other.bytes_), data_(allocate(other.bytes_))
    {
        if (bytes_ > 0) std::memcpy(data_.get(), other.data_.get(), bytes_); // a block that was moved from is empty
    }
    memory_block& operator=(const memory_block& other)
    {
        if (this != &other) *this = memory_block(other);
        return *this;
    }
    memory_block(memory_block&& other) noexcept : bytes_(std::exchange(other.bytes_, 0)), data_(std::move(other.data_)) {}
    memory_block& operator=(memory_block&& other) noexcept
    {
        bytes_ = std::exchange(other.bytes_, 0);
        data_ = std::move(other.data_);
        return *this;
    }
    ~memory_block() = default;

    /// The array of T that starts `byte_offset` behind the start.
    template <class T>
    [[nodiscard]] T* at(std::size_t byte_offset)
    {
        return reinterpret_cast<T*>(data_.get() + byte_offset);
    }
    template <class T>
    [[nodiscard]] const T* at(std::size_t byte_offset) const
    {
        return reinterpret_cast<const T*>(data_.get() + byte_offset);
    }

private:
    struct release {
        void operator()(std::byte* p) const { ::operator delete (p, std::align_val_t{alignment}); }
    };
    static std::byte* allocate(std::size_t bytes)
    {
        return static_cast<std::byte*>(::operator new (bytes > alignment ? bytes : alignment, std::align_val_t{alignment}));
    }

    std::size_t bytes_;
    std::unique_ptr<std::byte, release> data_;
};

} // namespace ctnn::inline CTNN_ARCH::detail
