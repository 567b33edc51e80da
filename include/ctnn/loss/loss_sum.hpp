// SPDX-License-Identifier: BSD-3-Clause
/// Several losses of parts of one output.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/index.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/loss/class_targets.hpp>

namespace ctnn::inline CTNN_ARCH {

/// A loss of the last indices First..Last-1 of an output, and what it counts.
template <std::size_t First, std::size_t Last, class Criterion>
struct PartLoss {
    static_assert(First < Last, "[ctnn.shape] a part of an output has at least one column");
    Criterion criterion;
    double weight = 1;
};
/// `part<0, 4>(CrossEntropy{})`, `part<4, 5>(MeanSquaredError{}, 0.5)`
template <std::size_t First, std::size_t Last, class Criterion>
PartLoss<First, Last, Criterion> part(Criterion criterion, double weight = 1)
{
    return {std::move(criterion), weight};
}

/// The sum of losses of parts of one output, each times its weight, and its gradient. Parts may overlap;
/// columns in none have a gradient of 0.
///
/// ```cpp
/// LossSum criterion{part<0, 4>(CrossEntropy{}), part<4, 5>(MeanSquaredError{}, 0.5)};
/// const auto [loss, dy] = criterion(model.forward(x), std::tie(ids, heights));
/// ```
///
///   y       : (B, ..., C) of T
///   targets : a std::tuple with the targets of each part, as its loss takes them for y's columns of the part
///   result  : loss, and dy (B, ..., C), a view of memory of this object, good until its next call
///   errors  : those of the losses; [ctnn.shape] y has fewer columns than a part needs
template <class T, class... Parts>
class BasicLossSum {
public:
    explicit BasicLossSum(Parts... parts) : parts_(std::move(parts)...) {}

    template <class Y, class... Targets>
    auto operator()(const Y& y, const std::tuple<Targets...>& targets)
    {
        static_assert(sizeof...(Targets) == sizeof...(Parts),
                      "[ctnn.shape] a sum of losses takes a tuple with the targets of each of its parts");
        if constexpr (!detail::are_tensors<Y>() || sizeof...(Targets) != sizeof...(Parts)) {
            return std::tuple{T{0}, view_of(static_cast<const T*>(nullptr), std::array<std::size_t, 2>{})};
        } else {
            constexpr std::size_t rank = detail::axes_of<Y>;
            std::array<std::size_t, rank> shape{};
            if (y.dimension() != rank)
                throw Error("ctnn.shape", "y has shape " + shape_text(y.shape()) + ", expected two axes");
            std::copy_n(y.shape().begin(), rank, shape.begin());
            dy_.assign(y.size(), T{0});
            const T* const numbers = detail::dense<T>(y, copy_);
            double loss = 0;
            detail::for_each_index<sizeof...(Parts)>(
                [&](auto i) { loss += add(std::get<i()>(parts_), std::get<i()>(targets), numbers, shape); });
            return std::tuple{static_cast<T>(loss), view_of(static_cast<const T*>(dy_.data()), shape)};
        }
    }

private:
    std::tuple<Parts...> parts_;
    std::vector<T> dy_, copy_, part_;

    template <std::size_t First, std::size_t Last, class Criterion, class Targets, std::size_t Rank>
    double add(PartLoss<First, Last, Criterion>& part, const Targets& targets, const T* y,
               std::array<std::size_t, Rank> shape)
    {
        constexpr std::size_t width = Last - First;
        const std::size_t columns = shape[Rank - 1];
        if (columns < Last)
            throw Error("ctnn.shape", "y of shape " + shape_text(shape) + " has no columns " +
                                          std::to_string(First) + ".." + std::to_string(Last - 1));
        const std::size_t rows = columns == 0 ? 0 : dy_.size() / columns;
        part_.resize(rows * width);
        for (std::size_t r = 0; r < rows; ++r)
            std::copy_n(y + r * columns + First, width, part_.data() + r * width);
        shape[Rank - 1] = width;
        const auto [loss, dpart] =
            part.criterion(view_of(static_cast<const T*>(part_.data()), shape), targets);
        auto from = dpart.begin();
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < width; ++c, ++from)
                dy_[r * columns + First + c] += static_cast<T>(part.weight * static_cast<double>(*from));
        return part.weight * static_cast<double>(loss);
    }
};
/// That of an output of float; for double, `BasicLossSum<double, Parts...>`.
template <class... Parts>
class LossSum : public BasicLossSum<float, Parts...> {
public:
    using BasicLossSum<float, Parts...>::BasicLossSum;
};
template <class... Parts>
LossSum(Parts...) -> LossSum<Parts...>;

} // namespace ctnn::inline CTNN_ARCH
