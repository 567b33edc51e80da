// SPDX-License-Identifier: BSD-3-Clause
/// The mean squared error.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The mean of (y - target)^2 over all numbers, and its gradient: torch.nn.MSELoss.
///
///   y, targets : (B, ...) of T, the same extents
///   result     : loss, and dy (B, ...) = 2 (y - targets) / n for n numbers; a view of memory of this object,
///                good until its next call
///   errors     : [ctnn.shape] other extents, or no numbers; (compile time) y is an xt::xarray
///   cost       : allocates at the first call and when there are more numbers, at no other time
template <Scalar T = float>
class MeanSquaredError {
public:
    template <class Y, class Targets>
    auto operator()(const Y& y, const Targets& targets)
    {
        constexpr bool tensors = detail::are_tensors<Y, Targets>();
        if constexpr (tensors && detail::has_fixed_axes<Y>) {
            constexpr std::size_t rank = std::tuple_size_v<typename Y::shape_type>;
            std::array<std::size_t, rank> shape{};
            std::copy_n(y.shape().begin(), rank, shape.begin());
            detail::require_shape("the tensor of targets", targets, shape);
            if (y.size() == 0) throw Error("ctnn.shape", "y of shape " + shape_text(shape) + " is empty");
            gradient_.resize(y.size());
            const T loss = of(detail::dense<T>(y, y_), detail::dense<T>(targets, targets_));
            return std::tuple{loss, view_of(static_cast<const T*>(gradient_.data()), shape)};
        } else {
            static_assert(!tensors || detail::has_fixed_axes<Y>,
                          "[ctnn.shape] how many axes y has must be known when compiling: it is for an "
                          "xt::xtensor, and not for an xt::xarray");
            return std::tuple{T{0}, view_of(static_cast<const T*>(nullptr), std::array<std::size_t, 2>{})};
        }
    }

private:
    std::vector<T> gradient_, y_, targets_;

    T of(const T* y, const T* targets)
    {
        const std::size_t n = gradient_.size(), block = 1024; // few enough that a sum in T loses no digits
        const simd::vec<T> factor(static_cast<T>(2 / static_cast<double>(n)));
        double total = 0;
        for (std::size_t first = 0; first < n; first += block) {
            simd::vec<T> sum(T{0});
            simd::for_each_vec<T>(
                std::min(block, n - first), [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
                    const simd::vec<T> d = place.load(y + first + i) - place.load(targets + first + i);
                    sum = simd::fma(place.only(d), d, sum);
                    place.store(gradient_.data() + first + i, factor * d);
                });
            total += static_cast<double>(simd::sum(sum));
        }
        return static_cast<T>(total / static_cast<double>(n));
    }
};

} // namespace ctnn::inline CTNN_ARCH
