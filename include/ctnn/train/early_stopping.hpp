// SPDX-License-Identifier: BSD-3-Clause
/// When to stop: a metric that no longer becomes better, and the weights that were best.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>

#include <ctnn/core/options.hpp>
#include <ctnn/model/model.hpp>
#include <ctnn/model/weights.hpp>

namespace ctnn::inline CTNN_ARCH {

/// patience         : evaluations without a better metric after which it is over
/// min_delta        : how much better a metric has to be, so that it counts
/// larger_is_better : for an accuracy; a loss or an error has the smaller one
struct EarlyStoppingOptions {
    std::size_t patience = 10;
    double min_delta = 0;
    bool larger_is_better = false;
};

/// Is told a metric of data that is not trained on, whichever it is, and keeps the weights of its best value.
///
/// ```cpp
/// EarlyStopping stopping{model, {.patience = 20, .larger_is_better = true}};
/// ...
///     stopping.after(model, accuracy.value());  // now and then
///     if (stopping.is_over()) break;            // a Training that was given it ends by itself
/// ...
/// const Model<Net, Eval> best{stopping.weights()};
/// ```
///
///   better : by more than min_delta than the best before it; NaN is not
///   errors : [ctnn.option] a patience of 0, min_delta negative or not finite
///   cost   : a better value copies all weights; allocates when made
template <class Net, Scalar T = float>
class EarlyStopping {
public:
    template <Mode M>
    explicit EarlyStopping(const Model<Net, M, T>& model, const EarlyStoppingOptions& options = {})
        : weights_(model.weights()), options_(options),
          best_(options.larger_is_better ? -std::numeric_limits<double>::max()
                                         : std::numeric_limits<double>::max())
    {
        detail::require_option("min_delta", options.min_delta, 0, detail::largest_option);
        if (options.patience == 0)
            throw Error("ctnn.option", "an early stop has a patience of 0, expected at least 1");
    }

    /// After an evaluation. Whether it was the best so far.
    template <Mode M>
    bool after(const Model<Net, M, T>& model, double metric)
    {
        const double by = options_.larger_is_better ? metric - best_ : best_ - metric;
        if (!(by > options_.min_delta)) {
            ++bad_;
            return false;
        }
        constexpr double most = std::numeric_limits<double>::max(); // a file takes finite numbers
        best_ = metric < -most ? -most : metric > most ? most : metric;
        bad_ = 0;
        std::memcpy(weights_.data(), model.weights().data(),
                    detail::slots<Net, T>::value.elements * sizeof(T));
        return true;
    }
    /// Whether the metric has not become better for `patience` evaluations.
    [[nodiscard]] bool is_over() const { return static_cast<std::size_t>(bad_) >= options_.patience; }
    /// The best metric; the largest double, or its negative, before the first.
    [[nodiscard]] double best() const { return best_; }
    /// Those of the best evaluation; of the model as it was given before the first.
    [[nodiscard]] const Weights<Net, T>& weights() const { return weights_; }

    /// f(name, numbers) for all that a checkpoint keeps.
    template <class F>
    void for_each_state(F&& f)
    {
        f("best", std::span<double>(&best_, 1));
        f("bad", std::span<std::int64_t>(&bad_, 1));
        for (const detail::slot& s : detail::slots<Net, T>::value.slot_at)
            f(std::string("weights.").append(s.name).c_str(),
              std::span<T>(weights_.data() + s.offset, s.shape.size()));
    }
    [[nodiscard]] std::string settings() const
    {
        return "early stop with patience " + std::to_string(options_.patience) + ", min_delta " +
               detail::option_text(options_.min_delta) + (options_.larger_is_better ? " upwards" : "");
    }

private:
    Weights<Net, T> weights_;
    EarlyStoppingOptions options_;
    double best_;
    std::int64_t bad_ = 0;
};
template <class Net, Mode M, class T>
explicit EarlyStopping(const Model<Net, M, T>&, const EarlyStoppingOptions& = {}) -> EarlyStopping<Net, T>;

} // namespace ctnn::inline CTNN_ARCH
