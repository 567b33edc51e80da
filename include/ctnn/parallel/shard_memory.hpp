// SPDX-License-Identifier: BSD-3-Clause
/// What the shards of a step are worked on in.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

#include <ctnn/core/memory.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/model/workspace.hpp>
#include <ctnn/parallel/lookups.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// A workspace for each worker, in which its shards take turns, so that it stays in the cache; where shards
/// wait for each other one for each shard. And the gradients of each shard. The first in this process, of
/// each kind, are the model's.
template <class Net, Mode Train, std::size_t S, class T, bool ShardsWait>
class shard_memory {
    using Space = Workspace<Net, Train, T>;
    using tables = lookups<Net, Train, S, T>;
    static constexpr std::size_t gradient_bytes = slots<Net, T>::value.learning * sizeof(T);

public:
    /// What the workers of this process need, of whom `here` is the first. Allocated when it is needed first.
    void make_room(std::size_t here, std::size_t workers, bool share_memory, Space& of_model)
    {
        model_ = &of_model;
        first_shard_ = here * S / workers;
        first_space_ = ShardsWait ? first_shard_ : here;
        for (std::size_t worker = 0; worker < workers; ++worker) {
            if (!share_memory && worker != here) continue;
            for (std::size_t s = worker * S / workers; s < (worker + 1) * S / workers; ++s) {
                const std::size_t space = ShardsWait ? s : worker;
                if (space != first_space_ && !spaces_[space]) spaces_[space].emplace(zeroed_values());
                if (s != first_shard_ && !gradients_[s]) gradients_[s] = zeroed_gradients();
            }
        }
    }
    /// Of a worker; where shards wait for each other of a shard.
    [[nodiscard]] Space& workspace(std::size_t i) { return i == first_space_ ? *model_ : *spaces_[i]; }
    [[nodiscard]] T* gradients(std::size_t s)
    {
        return s == first_shard_ ? model_->gradients().data() : gradients_[s]->template at<T>(0);
    }

private:
    std::array<std::optional<Space>, S> spaces_;
    std::array<std::optional<memory_block>, S> gradients_;
    Space* model_ = nullptr;
    std::size_t first_space_ = 0, first_shard_ = 0;

    // What nobody writes is not zeroed either: it stays addresses without memory.

    /// Zeros, but for its own gradients, in place of which there are others.
    static memory_block zeroed_values()
    {
        memory_block memory(Space::bytes, memory_block::not_zeroed{});
        std::memset(memory.template at<std::byte>(gradient_bytes), 0, Space::bytes - gradient_bytes);
        return memory;
    }
    /// Zeros, but for the tables of which rows are told.
    static memory_block zeroed_gradients()
    {
        memory_block memory(gradient_bytes, memory_block::not_zeroed{});
        for (const dense_stretch& part : tables::stretches)
            std::memset(memory.template at<T>(part.begin * sizeof(T)), 0,
                        (part.end - part.begin) * sizeof(T));
        return memory;
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
