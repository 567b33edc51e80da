// SPDX-License-Identifier: BSD-3-Clause
/// What one run of a plan works on.
#pragma once

#include <cstddef>

#include <ctnn/core/arch.hpp>
#include <ctnn/model/plan.hpp>

namespace ctnn::inline CTNN_ARCH {

class Generator;

namespace detail {

/// What one run of a plan works on.
template <class T>
struct run {
    std::byte* const* base; ///< the pieces of memory, as `bases` numbers them
    T* weights;             ///< the block of `slots`
    T* gradients = nullptr; ///< of the parameters that learn
    std::size_t rows = 0;
    Generator* generator = nullptr;
    std::size_t scale = 1;             ///< rows that there is room for, as a multiple of those of the plan
    const T* rate = nullptr;           ///< backward takes a step of plain SGD where `takes_step` says so
    const std::byte* packed = nullptr; ///< the weights of a frozen model as `packed_slots` has them

    template <class X>
    [[nodiscard]] X* at(place p) const
    {
        return reinterpret_cast<X*>(base[p.base] + p.offset * scale);
    }
};

struct look_at_nothing {
    void operator()(std::size_t) const {}
};

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
