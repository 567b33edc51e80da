// SPDX-License-Identifier: BSD-3-Clause
/// Stochastic gradient descent.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include <ctnn/core/error.hpp>
#include <ctnn/core/mode.hpp>
#include <ctnn/kernel/update.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class M>
inline constexpr bool can_be_trained = false;
template <class M>
concept without_gradients = requires
{
    requires !is_train<typename M::mode>;
};

} // namespace detail

/// The names and meanings of torch.optim.SGD.
struct SgdOptions {
    float learning_rate = 0.1F;
    float momentum = 0;
    float dampening = 0;
    float weight_decay = 0;
    bool nesterov = false;
};

/// w -= learning_rate * g, with momentum, Nesterov and weight decay as in PyTorch.
///
///   errors : [ctnn.option] learning rate or weight decay negative or not finite; momentum outside 0..1 (1 excluded);
///            Nesterov without momentum or with dampening; [ctnn.shape] a step with momentum of a model of another size
///   cost   : one pass over the parameters; one allocation at construction when there is momentum, none without
template <Scalar T>
class Sgd {
public:
    template <class M>
    explicit Sgd(const M& model, const SgdOptions& options = {}) : options_(options)
    {
        check("learning rate", options.learning_rate, 0, 3.4e38F);
        check("weight decay", options.weight_decay, 0, 3.4e38F);
        check("dampening", options.dampening, 0, 3.4e38F);
        check("momentum", options.momentum, 0, 0.99999994F);
        if (options.nesterov && (options.momentum == 0 || options.dampening != 0))
            throw Error("ctnn.option", "Nesterov momentum needs a momentum above 0 and no dampening, found momentum " +
                                           std::to_string(options.momentum) + " and dampening " + std::to_string(options.dampening));
        if constexpr (detail::without_gradients<M>)
            static_assert(detail::can_be_trained<M>, "[ctnn.mode] an optimizer changes a Model<Net, Train<B>>; an eval model has no gradients");
        else if (options.momentum != 0) velocity_.resize(model.block_size());
    }

    /// One step along the model's gradients.
    template <class M>
    void step(M& model)
    {
        if constexpr (detail::without_gradients<M>) return; // the constructor has complained
        else update(model);
    }

    [[nodiscard]] float learning_rate() const { return options_.learning_rate; }
    /// errors : [ctnn.option] negative or not finite; the old one stays
    void set_learning_rate(float rate)
    {
        check("learning rate", rate, 0, 3.4e38F);
        options_.learning_rate = rate;
    }

    /// f(name, numbers) for all that decides the steps to come, as a checkpoint keeps it.
    template <class F>
    void for_each_state(F&& f)
    {
        f("learning_rate", std::span<float>(&options_.learning_rate, 1));
        f("velocity", std::span<T>(velocity_));
        f("steps", std::span<std::int64_t>(&steps_, 1));
    }
    /// What does not change: two that say the same, with the same state, take the same steps.
    [[nodiscard]] std::string settings() const
    {
        const auto text = [](float x) {
            char digits[32] = "0";
            for (int n = 6; n <= 9 && std::strtof(digits, nullptr) != x; ++n) // as few as tell it from every other float
                std::snprintf(digits, sizeof digits, "%.*g", n, static_cast<double>(x));
            for (char& c : digits) c = c == ',' ? '.' : c; // in a locale that writes 0,9
            return std::string(digits);
        };
        return std::string(options_.nesterov ? "SGD with Nesterov" : "SGD with") + " momentum " + text(options_.momentum) + ", dampening " +
               text(options_.dampening) + ", weight decay " + text(options_.weight_decay);
    }

private:
    SgdOptions options_;
    std::vector<T> velocity_;
    std::int64_t steps_ = 0;

    template <class M>
    void update(M& model)
    {
        const auto rate = static_cast<T>(options_.learning_rate), decay = static_cast<T>(options_.weight_decay);
        if (options_.momentum == 0) {
            kernel::sgd(model.parameter_block(), model.gradient_block(), rate, decay, model.block_size());
        } else {
            if (velocity_.size() != model.block_size())
                throw Error("ctnn.shape", "the optimizer was made for another network: it keeps " + std::to_string(velocity_.size()) +
                                              " numbers, this model needs " + std::to_string(model.block_size()));
            const T share = steps_ == 0 ? T{1} : T{1} - static_cast<T>(options_.dampening);
            kernel::sgd_momentum(model.parameter_block(), velocity_.data(), model.gradient_block(),
                                 {rate, decay, static_cast<T>(options_.momentum), share, options_.nesterov}, velocity_.size());
        }
        ++steps_;
    }

    static void check(const char* what, float value, float low, float high)
    {
        if (!(value >= low && value <= high))
            throw Error("ctnn.option", std::string(what) + " is " + std::to_string(value) + ", expected a number from 0 to " +
                                           (high < 1 ? "below 1" : "the largest float"));
    }
};
template <class M>
Sgd(const M&, const SgdOptions&) -> Sgd<typename M::scalar>;
template <class M>
Sgd(const M&) -> Sgd<typename M::scalar>;

} // namespace ctnn::inline CTNN_ARCH
