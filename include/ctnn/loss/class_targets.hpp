// SPDX-License-Identifier: BSD-3-Clause
/// What losses of classes have in common: shapes, ids, weights.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <ctnn/core/class_ids.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/options.hpp>
#include <ctnn/core/tensor.hpp>

namespace ctnn::inline CTNN_ARCH::detail {

/// How many axes a tensor has; an xt::xarray, which does not say, is taken as (rows, classes).
template <class X>
inline constexpr std::size_t axes_of = 2;
template <has_fixed_axes X>
inline constexpr std::size_t axes_of<X> = std::tuple_size_v<typename X::shape_type>;

/// Targets that are a share of each class, in place of an id.
template <class Logits, class Targets>
concept soft_targets = std::floating_point<typename Targets::value_type> && has_fixed_axes<Targets> &&
                       axes_of<Targets> == axes_of<Logits> && axes_of<Logits> > 1;

/// The extents of logits (..., C), and those of ids for them, (...).
template <std::size_t Axes>
struct class_shape {
    std::array<std::size_t, Axes> logits{};
    std::array<std::size_t, Axes - 1> ids{};
    std::size_t rows = 1, classes = 0;
};

/// errors : [ctnn.shape] too few or no rows
template <class Logits>
auto class_shape_of(const Logits& logits)
{
    class_shape<axes_of<Logits>> s;
    bool good = logits.dimension() == s.logits.size() && s.logits.size() > 1;
    if (good) std::copy_n(logits.shape().begin(), s.logits.size(), s.logits.begin());
    std::copy_n(s.logits.begin(), s.ids.size(), s.ids.begin());
    for (const std::size_t e : s.ids) s.rows *= e;
    s.classes = s.logits.back();
    if (!good || s.rows == 0 || s.classes == 0)
        throw Error("ctnn.shape", "the logits have shape " + shape_text(logits.shape()) +
                                      (s.ids.size() <= 1 ? ", expected (batch, classes)"
                                                         : ", expected (batch, ..., classes)"));
    return s;
}

/// The ids of a batch, and what each class weighs.
class class_targets {
public:
    static constexpr class_id ignored = -1;

    class_targets(std::optional<std::int64_t> ignore, const std::vector<double>& weights)
        : ignore_(ignore), weights_(weights)
    {
        for (const double w : weights_) require_option("a class weight", w, 0, largest_option);
    }
    [[nodiscard]] bool ignores() const { return ignore_.has_value(); }
    [[nodiscard]] bool is_plain() const { return !ignore_ && weights_.empty(); }
    [[nodiscard]] double weight(std::size_t c) const { return weights_.empty() ? 1 : weights_[c]; }

    /// errors : [ctnn.option] there are other than `classes` weights
    void require_weights(std::size_t classes) const
    {
        if (!weights_.empty() && weights_.size() != classes)
            throw Error("ctnn.option", "there are " + std::to_string(weights_.size()) +
                                           " class weights for " + std::to_string(classes) + " classes");
    }
    /// Takes the ids of a batch; those to ignore become `ignored`.
    ///   errors : [ctnn.shape] other extents; [ctnn.class_id] an id out of range that is not to be ignored
    template <class Targets, std::size_t Axes>
    void take(const Targets& targets, const class_shape<Axes>& shape)
    {
        require_shape(Axes == 2 ? "the vector of targets" : "the tensor of targets", targets, shape.ids);
        require_weights(shape.classes);
        const auto& stored = detail::stored(targets);
        const auto from = stored.template begin<xt::layout_type::row_major>();
        ids_.resize(shape.rows);
        if constexpr (std::integral<std::remove_cvref_t<decltype(*from)>>) {
            if (ignore_) {
                known_.resize(shape.rows); // with class 0 in place of those to ignore
                std::transform(from, from + static_cast<std::ptrdiff_t>(shape.rows), known_.begin(),
                               [&](auto id) {
                                   const auto wide = static_cast<std::int64_t>(id);
                                   return wide == *ignore_ ? 0 : wide;
                               });
                require_classes("the targets", known_.begin(), shape.ids, shape.classes);
            } else {
                require_classes("the targets", from, shape.ids, shape.classes);
            }
            std::transform(from, from + static_cast<std::ptrdiff_t>(shape.rows), ids_.begin(), [&](auto id) {
                const auto wide = static_cast<std::int64_t>(id);
                return ignore_ && wide == *ignore_ ? ignored : static_cast<class_id>(wide);
            });
        } else {
            require_classes("the targets", from, shape.ids, shape.classes);
        }
    }
    [[nodiscard]] const std::vector<class_id>& ids() const { return ids_; }
    /// The sum of the weights of all targets that are not ignored.
    [[nodiscard]] double total() const
    {
        double sum = 0;
        for (const class_id id : ids_)
            if (id != ignored) sum += weight(static_cast<std::size_t>(id));
        return sum;
    }

private:
    std::optional<std::int64_t> ignore_;
    std::vector<double> weights_;
    std::vector<class_id> ids_;
    std::vector<std::int64_t> known_;
};

} // namespace ctnn::inline CTNN_ARCH::detail
