// SPDX-License-Identifier: BSD-3-Clause
/// Cross entropy of logits.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include <ctnn/core/class_ids.hpp>
#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/core/tensor.hpp>
#include <ctnn/kernel/softmax.hpp>

namespace ctnn::inline CTNN_ARCH {

/// The mean over the batch of -log softmax(logits)[target], and its gradient. Finite for every finite logit.
///
///   logits  : (B, C) of T        targets : (B) integers in 0..C-1
///   result  : loss, in nats, and dlogits (B, C) = (softmax(logits) - one_hot(targets)) / B; a reference to
///             memory of this object, good until its next call
///   errors  : [ctnn.shape] other extents, or no rows; [ctnn.class_id] a target out of range
///   cost    : allocates at the first call and when the shape changes, at no other time
template <Scalar T = float>
class CrossEntropy {
public:
    /// The loss of a network that gives each class the same chance: -log(1 / classes).
    [[nodiscard]] static double of_equal_chances(std::size_t classes)
    {
        return std::log(static_cast<double>(classes));
    }

    template <class Logits, class Targets>
    std::tuple<T, const xt::xtensor<T, 2>&> operator()(const Logits& logits, const Targets& targets)
    {
        if constexpr (detail::are_tensors<Logits, Targets>()) return of_tensors(logits, targets);
        else return {T{0}, dlogits_};
    }

private:
    xt::xtensor<T, 2> dlogits_ = xt::xtensor<T, 2>::from_shape({0, 0});
    std::vector<class_id> ids_;
    std::vector<T> copy_;

    template <class Logits, class Targets>
    std::tuple<T, const xt::xtensor<T, 2>&> of_tensors(const Logits& logits, const Targets& targets)
    {
        const std::size_t rows = checked_rows(logits, targets);
        const auto classes = static_cast<std::size_t>(logits.shape()[1]);
        if (dlogits_.shape()[0] != rows || dlogits_.shape()[1] != classes)
            dlogits_ = xt::xtensor<T, 2>::from_shape({rows, classes});
        ids_.resize(rows);
        const auto& stored = detail::stored(targets);
        auto target = stored.template begin<xt::layout_type::row_major>();
        detail::require_classes("the targets", target, std::array{rows}, classes);
        for (std::size_t r = 0; r < rows; ++r, ++target) ids_[r] = static_cast<class_id>(*target);
        const T* x = detail::dense<T>(logits, copy_);
        const T loss = kernel::softmax_cross_entropy(dlogits_.data(), x, ids_.data(), rows, classes);
        return {loss, dlogits_};
    }

    template <class Logits, class Targets>
    static std::size_t checked_rows(const Logits& logits, const Targets& targets)
    {
        if (logits.dimension() != 2 || logits.shape()[0] == 0 || logits.shape()[1] == 0)
            throw Error("ctnn.shape", "the logits have shape " + shape_text(logits.shape()) +
                                          ", expected (batch, classes)");
        const auto rows = static_cast<std::size_t>(logits.shape()[0]);
        detail::require_shape("the vector of targets", targets, std::array{rows});
        return rows;
    }
};

} // namespace ctnn::inline CTNN_ARCH
