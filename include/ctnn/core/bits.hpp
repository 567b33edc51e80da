// SPDX-License-Identifier: BSD-3-Clause
/// The bits of a number as another one.
#pragma once

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// std::bit_cast, which the library of Debian 12's WebAssembly compiler does not have yet; the compiler does.
template <class To, class From>
constexpr To bit_cast(const From& from)
{
    static_assert(sizeof(To) == sizeof(From));
    return __builtin_bit_cast(To, from);
}

} // namespace ctnn::inline CTNN_ARCH::detail
