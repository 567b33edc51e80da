// SPDX-License-Identifier: BSD-3-Clause
/// What a window sees of a picture, as rows of a product of small numbers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <ctnn/core/window.hpp>

namespace ctnn::inline CTNN_ARCH::kernel {

/// Reads pictures (H, W, In) for `small_matrix::multiply`: row r is what the window sees at its r-th place,
/// row of pixels by row of pixels, the channels of a pixel together, zeros where it reaches over the edge.
template <ctnn::detail::sliding Slide, std::size_t In>
struct small_window {
    const float* x;

    template <class Input, class Number>
    void operator()(const Input& of_x, Number* to, std::size_t row, std::size_t first,
                    std::size_t count) const
    {
        constexpr window places = Slide.places(), plane = Slide.plane;
        // neighbours in the window are neighbours in the picture, or each is by itself
        constexpr bool is_close = Slide.spread.w == 1;
        constexpr std::size_t run = is_close ? Slide.size.w * In : In, runs = is_close ? 1 : Slide.size.w,
                              line = plane.w * In;
        const std::size_t place = row % places.size(), top = place / places.w * Slide.step.h,
                          left = place % places.w * Slide.step.w;
        const float* const picture = x + row / places.size() * plane.h * line;
        for (std::size_t k = first; k < first + count;) {
            const std::size_t number = k / run, in_run = k % run,
                              size = std::min(run - in_run, first + count - k);
            // rows and columns are counted with the border
            const std::size_t h = top + number / runs * Slide.spread.h,
                              from = (left + number % runs * Slide.spread.w) * In + in_run;
            constexpr std::size_t border = Slide.before.w * In;
            const bool is_outside = h < Slide.before.h || h >= Slide.before.h + plane.h;
            std::size_t before = size, inside = 0; // zeros before the picture, and numbers of it
            if (!is_outside) before = from < border ? std::min(size, border - from) : 0;
            if (!is_outside && from + before < border + line)
                inside = std::min(size - before, border + line - from - before);
            to = zeros(of_x, to, before);
            if (inside > 0) {
                const std::size_t at = from + before - border;
                of_x.convert(to, picture + (h - Slide.before.h) * line + at, inside);
            }
            to = zeros(of_x, to + inside, size - before - inside);
            k += size;
        }
    }

private:
    template <class Input, class Number>
    static Number* zeros(const Input& of_x, Number* to, std::size_t count)
    {
        const Number zero = of_x.zero();
        for (; count > 0; --count, ++to) std::memcpy(to, &zero, sizeof(zero));
        return to;
    }
};

} // namespace ctnn::inline CTNN_ARCH::kernel
