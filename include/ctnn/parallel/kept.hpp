// SPDX-License-Identifier: BSD-3-Clause
/// An object of whatever type was needed last, kept from call to call.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <ctnn/core/arch.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// Made anew when another type is asked for: what a step works with is allocated in the first one.
class kept_object {
public:
    /// The object of type X, if the last one was.
    template <class X>
    [[nodiscard]] X* find() const
    {
        return type_ == &type_of<X> ? static_cast<X*>(object_.get()) : nullptr;
    }
    template <class X, class... Arguments>
    X& make(Arguments&&... arguments)
    {
        object_.reset(); // before the next is there: it may hold much
        auto made = std::make_shared<X>(std::forward<Arguments>(arguments)...);
        X& object = *made;
        object_ = std::move(made);
        type_ = &type_of<X>;
        return object;
    }

private:
    template <class X>
    static constexpr char type_of = 0; // its address tells types apart
    std::shared_ptr<void> object_;
    const char* type_ = nullptr;
};

} // namespace ctnn::inline CTNN_ARCH::detail
