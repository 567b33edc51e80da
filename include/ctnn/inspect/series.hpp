// SPDX-License-Identifier: BSD-3-Clause
/// A value over the steps of a training, in memory that does not grow with it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <ctnn/core/error.hpp>

namespace ctnn::inline CTNN_ARCH {

/// One value a step, kept as at most `capacity` points. When they are full, each two neighbours become one,
/// and from then on a point takes in twice as many values: after 200,000 steps a series of 1024 points has
/// 782, each of 256 steps, with their mean, least and largest. A value that is not finite counts in `count`,
/// and in no mean.
class Series {
public:
    /// Some values, one after the other.
    struct Point {
        std::size_t step = 0;  ///< of the first value
        std::size_t count = 0; ///< values added
        std::size_t finite = 0;
        double sum = 0, min = 0, max = 0; ///< of the finite ones
        /// NaN when no value was finite.
        [[nodiscard]] double mean() const { return sum / static_cast<double>(finite); }
    };

    /// errors : [ctnn.option] a capacity below 2
    explicit Series(std::size_t capacity = 1024) : capacity_(capacity)
    {
        if (capacity < 2)
            throw Error("ctnn.option",
                        "a series keeps " + std::to_string(capacity) + " points, expected 2 or more");
    }

    void add(std::size_t step, double value)
    {
        if (points_.empty() || points_.back().count == stride_) {
            if (points_.size() == capacity_ / 2 * 2) halve();
            if (points_.empty() || points_.back().count == stride_) points_.push_back({.step = step});
        }
        Point& p = points_.back();
        ++p.count;
        last_ = value;
        if (!std::isfinite(value)) return;
        p.min = p.finite == 0 ? value : std::min(p.min, value);
        p.max = p.finite == 0 ? value : std::max(p.max, value);
        p.sum += value;
        ++p.finite;
    }

    [[nodiscard]] const std::vector<Point>& points() const { return points_; }
    [[nodiscard]] bool empty() const { return points_.empty(); }
    /// How many values a full point holds.
    [[nodiscard]] std::size_t stride() const { return stride_; }
    /// The value added last.
    [[nodiscard]] double last() const { return last_; }
    /// The mean of all finite values in the last `share` of the points.
    [[nodiscard]] double mean_of_end(double share = 0.1) const
    {
        const auto n =
            std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(points_.size())));
        double sum = 0;
        std::size_t count = 0;
        for (std::size_t i = points_.size() - std::min(n, points_.size()); i < points_.size(); ++i) {
            sum += points_[i].sum;
            count += points_[i].finite;
        }
        return sum / static_cast<double>(count);
    }

private:
    std::size_t capacity_, stride_ = 1;
    double last_ = 0;
    std::vector<Point> points_;

    void halve()
    {
        for (std::size_t i = 0; i < points_.size() / 2; ++i) {
            Point a = points_[2 * i];
            const Point& b = points_[2 * i + 1];
            if (a.finite == 0 || b.finite == 0) {
                const Point& known = a.finite == 0 ? b : a;
                a.min = known.min;
                a.max = known.max;
            } else {
                a.min = std::min(a.min, b.min);
                a.max = std::max(a.max, b.max);
            }
            a.sum += b.sum;
            a.count += b.count;
            a.finite += b.finite;
            points_[i] = a;
        }
        points_.resize(points_.size() / 2);
        stride_ *= 2;
    }
};

} // namespace ctnn::inline CTNN_ARCH
