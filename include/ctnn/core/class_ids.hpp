// SPDX-License-Identifier: BSD-3-Clause
/// Class ids from outside are checked before anything is written.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include <ctnn/core/error.hpp>
#include <ctnn/core/shape.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

// Shown by a compile error; never true.
template <class Id>
inline constexpr bool is_integer = false;

/// Throws at the first id outside 0..classes-1, naming its place and value. `ids` is an iterator in row-major
/// order over `shape`.
///   errors : [ctnn.class_id]; ids that are no integers do not compile
template <class Iterator, std::size_t N>
void require_classes(const char* what, Iterator ids, const std::array<std::size_t, N>& shape,
                     std::size_t classes)
{
    using id_type = std::remove_cvref_t<decltype(*ids)>;
    if constexpr (!std::integral<id_type>) {
        static_assert(is_integer<id_type>, "[ctnn.class_id] class ids (targets, or what goes into an "
                                           "Embedding) are integers");
    } else {
        std::size_t count = 1;
        for (const std::size_t e : shape) count *= e;
        // a negative id becomes huge
        const auto outside = [classes](id_type id) { return static_cast<std::uint64_t>(id) >= classes; };
        bool any = false;
        auto from = ids;
        for (std::size_t i = 0; i < count; ++i, ++from) any |= outside(*from);
        for (std::size_t i = 0; any && i < count; ++i, ++ids) {
            const id_type id = *ids;
            if (!outside(id)) continue;
            std::array<std::size_t, N> place{};
            for (std::size_t rest = i, axis = N; axis-- > 0; rest /= shape[axis])
                place[axis] = rest % shape[axis];
            throw Error("ctnn.class_id", "class id " + std::to_string(id) + " at " + shape_text(place) +
                                             " of " + what + " is outside 0.." + std::to_string(classes - 1));
        }
    }
}

} // namespace ctnn::inline CTNN_ARCH::detail
