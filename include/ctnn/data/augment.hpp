// SPDX-License-Identifier: BSD-3-Clause
/// Pictures that a training has not seen yet: the same ones, moved and mirrored at random.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <ctnn/core/tensor.hpp>
#include <ctnn/random/generator.hpp>

namespace ctnn::inline CTNN_ARCH {

/// Every picture moved by up to `most` pixels along both axes, by as many as chance says; what comes in at
/// the border is 0. In place, and without memory of its own.
///
/// ```cpp
/// xt::noalias(seen) = x;
/// random_shift(seen, 2, generator);
/// random_flip(seen, generator);
/// ```
///
///   x     : (B, C, H, W)
///   draws : two integers for each picture, the shift down, then to the right
template <class T>
void random_shift(xt::xtensor<T, 4>& x, std::size_t most, Generator& generator)
{
    const auto height = static_cast<std::int64_t>(x.shape()[2]),
               width = static_cast<std::int64_t>(x.shape()[3]);
    const auto far = static_cast<std::int64_t>(most);
    T* picture = x.data();
    for (std::size_t b = 0; b < x.shape()[0]; ++b) {
        const std::int64_t down = std::clamp(generator.randint(-far, far + 1, 1)(0), -height, height),
                           right = std::clamp(generator.randint(-far, far + 1, 1)(0), -width, width);
        for (std::size_t c = 0; c < x.shape()[1]; ++c, picture += height * width)
            for (std::int64_t i = 0; i < height; ++i) {
                // rows that are read later are not written before
                const std::int64_t to = down > 0 ? height - 1 - i : i, from = to - down;
                T* const row = picture + to * width;
                if (from < 0 || from >= height) {
                    std::fill_n(row, width, T{0});
                    continue;
                }
                const std::int64_t stay = width - (right < 0 ? -right : right);
                std::memmove(row + std::max<std::int64_t>(right, 0),
                             picture + from * width + std::max<std::int64_t>(-right, 0),
                             static_cast<std::size_t>(stay) * sizeof(T));
                if (right > 0) std::fill_n(row, right, T{0});
                else std::fill_n(row + stay, -right, T{0});
            }
    }
}

/// Every picture left to right, or as it is, as chance says. In place.
///
///   x     : (B, C, H, W)
///   draws : one integer, 0 or 1, for each picture
template <class T>
void random_flip(xt::xtensor<T, 4>& x, Generator& generator)
{
    const std::size_t width = x.shape()[3], rows = x.shape()[1] * x.shape()[2];
    T* row = x.data();
    for (std::size_t b = 0; b < x.shape()[0]; ++b) {
        const bool flips = generator.randint(0, 2, 1)(0) == 1;
        for (std::size_t r = 0; r < rows; ++r, row += width)
            if (flips) std::reverse(row, row + width);
    }
}

} // namespace ctnn::inline CTNN_ARCH
