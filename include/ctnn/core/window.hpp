// SPDX-License-Identifier: BSD-3-Clause
/// Windows that slide over a picture or a signal: sizes, steps, and what comes out.
#pragma once

#include <cstddef>

#include <ctnn/core/shape.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Two numbers, for the height and the width; one stands for both: `MaxPool<2>`, `MaxPool<window{3, 2}>`. Of
/// a signal the width counts.
struct window {
    std::size_t h = 1, w = 1;

    constexpr window() = default;
    constexpr window(std::size_t both) : h(both), w(both) {} // not explicit: Conv2d<3, 16, 5>
    constexpr window(std::size_t height, std::size_t width) : h(height), w(width) {}
    [[nodiscard]] constexpr std::size_t size() const { return h * w; }
    friend constexpr bool operator==(const window&, const window&) = default;
};

namespace detail {

/// A window that slides over a plane, along both axes by itself.
struct sliding {
    window plane;                    ///< what it slides over
    window size, step{1}, spread{1}; ///< of the window; spread: the distance of its neighbours
    window before{0}, after{0};      ///< rows and columns of zeros around the plane

    /// How far a window reaches, from its first number to its last.
    [[nodiscard]] constexpr window covers() const
    {
        return {spread.h * (size.h - 1) + 1, spread.w * (size.w - 1) + 1};
    }
    /// The plane with its zeros.
    [[nodiscard]] constexpr window padded() const
    {
        return {plane.h + before.h + after.h, plane.w + before.w + after.w};
    }
    [[nodiscard]] constexpr bool fits() const
    {
        return size.size() > 0 && step.size() > 0 && spread.size() > 0 && plane.size() > 0 &&
               covers().h <= padded().h && covers().w <= padded().w;
    }
    /// How many places it takes.
    [[nodiscard]] constexpr window places() const
    {
        return {(padded().h - covers().h) / step.h + 1, (padded().w - covers().w) / step.w + 1};
    }
    [[nodiscard]] constexpr bool is_padded() const { return padded() != plane; }
};

/// (T, C) and (H, W, C) as planes of C channels; a signal has one row. Size 0 for any other shape.
constexpr window plane_of(const extents& x)
{
    return x.rank == 2 ? window{1, x[0]} : x.rank == 3 ? window{x[0], x[1]} : window{0};
}
/// The same axes with another plane and other channels.
constexpr extents with_plane(const extents& x, window plane, std::size_t channels)
{
    return x.rank == 2 ? extents{plane.w, channels} : extents{plane.h, plane.w, channels};
}
/// A window as it is on a signal of one row, or on a picture.
constexpr window on_axes(const extents& x, window w, std::size_t row)
{
    return x.rank == 2 ? window{row, w.w} : w;
}

} // namespace detail
} // namespace ctnn::inline CTNN_ARCH
