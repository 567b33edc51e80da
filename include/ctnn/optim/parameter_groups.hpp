// SPDX-License-Identifier: BSD-3-Clause
/// Options of an optimizer for groups of parameters, chosen by name.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <ctnn/core/error.hpp>
#include <ctnn/core/pattern.hpp>
#include <ctnn/model/slots.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// An option of a group that may be given.
template <class X>
struct change {
    X value{};
    bool is_given = false;
    constexpr change() = default;
    constexpr change(X x) : value(x), is_given(true) {}
    constexpr change(double first, double second)
        requires requires {
            X{first, second};
        }
        : value{first, second}, is_given(true)
    {}
    constexpr void apply(X& to) const
    {
        if (is_given) to = value;
    }
};

/// A stretch of the block of parameters that learn, and the options that hold there.
template <class Options>
struct parameter_group {
    std::size_t first = 0, count = 0; ///< elements
    Options options = {};
};

/// Neighbouring parameters with equal options are one group, so that without groups an optimizer makes one
/// pass over all.
template <class Net, class T, class Options>
class parameter_groups {
    static constexpr auto& table = slots<Net, T>::value;

public:
    /// first, last : groups, each with a pattern `names` and `changes` with apply(options); a later one wins
    /// errors      : [ctnn.option] a pattern that no parameter that learns fits
    template <class Group>
    parameter_groups(const Options& options, const Group* first, const Group* last)
    {
        for (const Group* change = first; change != last; ++change) {
            bool any = false;
            for (const slot& s : table.slot_at) any = any || (is_learning(s) && fits(s, change->names));
            if (!any)
                throw Error("ctnn.option",
                            "no parameter that learns has a name like '" + std::string(change->names) + "'");
        }
        for (const slot& s : table.slot_at) {
            if (!is_learning(s)) continue;
            Options own = options;
            for (const Group* change = first; change != last; ++change)
                if (fits(s, change->names)) change->changes.apply(own);
            const std::size_t size = aligned<T>(s.shape.size());
            if (count_ > 0 && group_[count_ - 1].options == own) group_[count_ - 1].count += size;
            else group_[count_++] = {s.offset, size, own};
        }
    }
    parameter_groups() = default;
    [[nodiscard]] const parameter_group<Options>* begin() const { return group_; }
    [[nodiscard]] const parameter_group<Options>* end() const { return group_ + count_; }
    /// The first parameter of a group.
    [[nodiscard]] static std::string_view name_at(std::size_t first)
    {
        for (const slot& s : table.slot_at)
            if (is_learning(s) && s.offset == first) return s.name;
        return {};
    }

private:
    /// By its name, or by a further name of a tied weight.
    static bool fits(const slot& s, std::string_view pattern)
    {
        bool any = fits_pattern(s.name, pattern);
        for (const slot& other : table.tied)
            any = any || (other.offset == s.offset && fits_pattern(other.name, pattern));
        return any;
    }

    parameter_group<Options> group_[slots<Net, T>::parameters + 1];
    std::size_t count_ = 0;
};

} // namespace ctnn::inline CTNN_ARCH::detail
