// SPDX-License-Identifier: BSD-3-Clause
/// What losses of two tensors of one shape have in common: each number has a loss of its own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/options.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/loss/reduction.hpp>
#include <ctnn/simd/loop.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// A register of losses, and of their derivatives by y.
template <class T>
struct loss_and_slope {
    simd::vec<T> loss, slope;
};

/// |d| and its slope, which is 0 at 0.
template <class T>
loss_and_slope<T> absolute_value(simd::vec<T> d)
{
    using V = simd::vec<T>;
    const V zero(T{0}), one(T{1});
    return {simd::abs(d), simd::select<T>(d > zero, one, simd::select<T>(d < zero, zero - one, d))};
}

/// A loss by its `Rule`, its options, which also say
///
///   reduction : member, how the losses become one number
///   at        : at(y, target, extra), a register of each, gives loss_and_slope
///   extra     : extra(targets, n, columns, spare), n numbers that go with the elements and null for ones, if
///               the loss needs any
///   check     : check(), which throws [ctnn.option], if there is more than a reduction
///
///   cost : allocates at the first call and when there are more numbers, at no other time
template <class Rule, Scalar T>
class elementwise_loss {
public:
    explicit elementwise_loss(const Rule& rule = {}) : rule_(rule)
    {
        if constexpr (requires { rule.check(); }) rule.check();
    }

    template <class Y, class Targets>
    auto operator()(const Y& y, const Targets& targets)
    {
        constexpr bool tensors = are_tensors<Y, Targets>();
        if constexpr (tensors && has_fixed_axes<Y>) {
            constexpr std::size_t rank = std::tuple_size_v<typename Y::shape_type>;
            std::array<std::size_t, rank> shape{};
            std::copy_n(y.shape().begin(), rank, shape.begin());
            require_shape("the tensor of targets", targets, shape);
            if (y.size() == 0) throw Error("ctnn.shape", "y of shape " + shape_text(shape) + " is empty");
            gradient_.resize(y.size());
            std::size_t samples = 1, columns = 1;
            if constexpr (rank > 0) samples = shape[0];
            if constexpr (rank > 1) columns = shape[rank - 1];
            const T loss = of(dense<T>(y, y_), dense<T>(targets, targets_), samples, columns);
            return std::tuple{loss, view_of(static_cast<const T*>(gradient_.data()), shape)};
        } else {
            static_assert(!tensors || has_fixed_axes<Y>,
                          "[ctnn.shape] how many axes y has must be known when compiling: it is for an "
                          "xt::xtensor, and not for an xt::xarray");
            return std::tuple{T{0}, view_of(static_cast<const T*>(nullptr), std::array<std::size_t, 2>{})};
        }
    }

    /// With Reduction::none, the loss of each number of the last call, in order.
    [[nodiscard]] const std::vector<T>& losses() const { return losses_; }

private:
    Rule rule_;
    std::vector<T> gradient_, losses_, y_, targets_, extra_;

    T of(const T* y, const T* targets, std::size_t samples, std::size_t columns)
    {
        const std::size_t n = gradient_.size(), block = 1024; // few enough that a sum in T loses no digits
        const bool each = rule_.reduction == Reduction::none;
        losses_.resize(each ? n : 0);
        const T* extra = nullptr;
        if constexpr (requires { rule_.extra(targets, n, columns, extra_); })
            extra = rule_.extra(targets, n, columns, extra_);
        const double share = share_of_each(rule_.reduction, static_cast<double>(n), samples);
        const simd::vec<T> factor(static_cast<T>(share));
        double total = 0;
        for (std::size_t first = 0; first < n; first += block) {
            simd::vec<T> sum(T{0});
            simd::for_each_vec<T>(
                std::min(block, n - first), [&](std::size_t i, auto place) CTNN_INLINE_LAMBDA {
                    const std::size_t at = first + i;
                    const auto [loss, slope] =
                        rule_.at(place.load(y + at), place.load(targets + at),
                                 extra == nullptr ? simd::vec<T>(T{1}) : place.load(extra + at));
                    sum = sum + place.only(loss);
                    place.store(gradient_.data() + at, factor * slope);
                    if (each) place.store(losses_.data() + at, loss);
                });
            total += static_cast<double>(simd::sum(sum));
        }
        return static_cast<T>(total * share);
    }
};

} // namespace ctnn::inline CTNN_ARCH::detail
