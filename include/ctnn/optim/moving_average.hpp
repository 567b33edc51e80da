// SPDX-License-Identifier: BSD-3-Clause
/// Weights averaged over the steps of a training.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>

#include <ctnn/kernel/update.hpp>
#include <ctnn/model/weights.hpp>
#include <ctnn/optim/optimizer.hpp>

namespace ctnn::inline CTNN_ARCH {

/// An exponential moving average of a model's weights: average = decay * average + (1 - decay) * weights
/// after each step, from the weights at the start on. It often answers better than the weights of the last
/// step.
///
/// ```cpp
/// ExponentialMovingAverage average{model, 0.999};
/// for (...) { ...; adam.step(model); average.update(model); }
/// const Model<Net, Eval> smooth{average.weights()};
/// ```
///
///   averaged : parameters that learn. Those of Fixed layers, and buffers such as BatchNorm's running
///              statistics, which are averages already, are those of the model
///   errors   : [ctnn.option] decay outside 0..1 (1 excluded)
///   cost     : an update is one pass over the weights; allocates when made
template <class Net, Scalar T = float>
class ExponentialMovingAverage {
    using table = detail::slots<Net, T>;

public:
    template <Mode M>
    explicit ExponentialMovingAverage(const Model<Net, M, T>& model, double decay = 0.999)
        : weights_(model.weights()), decay_(decay)
    {
        detail::require_option("the decay of an average", decay, 0, detail::below_one);
    }

    /// After a step of the optimizer.
    template <Mode M>
    void update(const Model<Net, M, T>& model)
    {
        using V = simd::vec<T>;
        constexpr std::size_t learning = table::value.learning;
        const V decay(static_cast<T>(decay_)), rest(static_cast<T>(1 - decay_));
        const T* now = model.weights().data();
        kernel::update<T, 0>(weights_.data(), now, {}, learning, [&](V& average, V w, V*) CTNN_INLINE_LAMBDA {
            average = simd::fma(rest, w, average * decay);
        });
        std::memcpy(weights_.data() + learning, now + learning,
                    (table::value.elements - learning) * sizeof(T));
    }

    [[nodiscard]] const Weights<Net, T>& weights() const { return weights_; }

    /// f(name, numbers) for all that a checkpoint keeps.
    template <class F>
    void for_each_state(F&& f)
    {
        for (const detail::slot& s : table::value.slot_at)
            f(std::string("average.").append(s.name).c_str(),
              std::span<T>(weights_.data() + s.offset, s.shape.size()));
    }
    [[nodiscard]] std::string settings() const { return "average with decay " + detail::option_text(decay_); }

private:
    Weights<Net, T> weights_;
    double decay_;
};
template <class Net, Mode M, class T>
explicit ExponentialMovingAverage(const Model<Net, M, T>&, double = 0) -> ExponentialMovingAverage<Net, T>;

} // namespace ctnn::inline CTNN_ARCH
