// SPDX-License-Identifier: BSD-3-Clause
/// The same networks as types of ctnn.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <ctnn/ctnn.hpp>
#include <ctnn/embed/network.hpp>

#include "nets.hpp"

namespace benchmarks {

using namespace ctnn;

template <std::size_t In, std::size_t Out>
using Hidden = Sequential<Linear<In, Out, NoBias>, BatchNorm<Out>, Tanh>;

using Lecture = Sequential<Embedding<27, 10>, Hidden<30, 200>, Linear<200, 27>>;
using Deep = Sequential<Embedding<27, 10>, Hidden<30, 100>, Hidden<100, 100>, Hidden<100, 100>,
                        Hidden<100, 100>, Hidden<100, 100>, Linear<100, 27, NoBias>, BatchNorm<27>>;
using Hierarchical =
    Sequential<Embedding<27, 24, 8>, FlattenConsecutive<2>, Hidden<48, 128>, FlattenConsecutive<2>,
               Hidden<256, 128>, FlattenConsecutive<2>, Hidden<256, 128>, Linear<128, 27>>;
static_assert(parameter_count<Lecture> == 12'097 && parameter_count<Deep> == 47'024 &&
              parameter_count<Hierarchical> == 76'579);

/// A fresh model's parameters as everybody else starts from them.
template <class M>
parameters parameters_of_model(const M& model)
{
    parameters p;
    model.for_each_parameter(
        [&](auto, const auto& value, const auto&) { p.emplace_back(value.begin(), value.end()); });
    return p;
}

template <class Net, std::size_t B = batch>
class our_trainer final : public trainer {
    Model<Net, Train<B>> model_;
    Sgd<Net> sgd_{model_, {.learning_rate = 0.1F}};
    CrossEntropy<> criterion_;
    xt::xtensor<std::int32_t, 2> contexts_ =
        xt::xtensor<std::int32_t, 2>::from_shape({B, input_shape<Net>::size});
    xt::xtensor<std::int32_t, 1> targets_ = xt::xtensor<std::int32_t, 1>::from_shape({B});

public:
    explicit our_trainer(Generator generator) : model_(generator) {}
    [[nodiscard]] parameters start() const { return parameters_of_model(model_); }
    float step(const std::int32_t* ids, const std::int32_t* targets, float rate) override
    {
        std::copy_n(ids, contexts_.size(), contexts_.data());
        std::copy_n(targets, B, targets_.data());
        sgd_.set_learning_rate(static_cast<double>(rate));
        const auto [loss, dlogits] = criterion_(model_.forward(contexts_), targets_);
        model_.backward(dlogits);
        sgd_.step(model_);
        return loss;
    }
};

/// Frozen; one sample goes through forward_one, more of them through forward.
class our_answerer final : public answerer {
    using frozen_model = decltype(freeze(std::declval<const Model<Lecture, Train<batch>>&>()));
    frozen_model model_;
    std::size_t n_ = 0;
    xt::xtensor<std::int32_t, 2> contexts_;
    xt::xtensor<float, 2> logits_;

public:
    explicit our_answerer(Generator generator) : model_(freeze(Model<Lecture, Train<batch>>(generator))) {}
    void run(float* logits, const std::int32_t* ids, std::size_t n) override
    {
        if (n == 1) {
            model_.forward_one(std::span<const std::int32_t>(ids, 3),
                               std::span<float, vocabulary>(logits, vocabulary));
            return;
        }
        if (n_ != n) {
            contexts_ = xt::xtensor<std::int32_t, 2>::from_shape({n, 3});
            logits_ = xt::xtensor<float, 2>::from_shape({n, vocabulary});
            n_ = n;
        }
        std::copy_n(ids, 3 * n, contexts_.data());
        model_.forward(contexts_, logits_);
        std::copy_n(logits_.data(), logits_.size(), logits);
    }
};

/// The same weights in the embedded core, as an exported header has them; sample by sample.
class embedded_answerer final : public answerer {
    using frozen_model = decltype(freeze(std::declval<const Model<Lecture, Train<batch>>&>()));
    static_assert(
        std::is_same_v<frozen_model::network, Sequential<TableSum<27, 200, 3>, Tanh, Linear<200, 27>>>);
    frozen_model model_;

public:
    explicit embedded_answerer(Generator generator) : model_(freeze(Model<Lecture, Train<batch>>(generator)))
    {}
    void run(float* logits, const std::int32_t* ids, std::size_t n) override
    {
        const embed::network net{embed::table_sum<27, 200, 3, 1>{model_.parameter<"0.weight">().data(),
                                                                 model_.parameter<"0.bias">().data()},
                                 embed::tanh_layer<200>{},
                                 embed::linear<1, 200, 27>{model_.parameter<"2.weight">().data(),
                                                           model_.parameter<"2.bias">().data()}};
        for (std::size_t i = 0; i < n; ++i)
            (void)net.forward(std::span<float, 27>(logits + 27 * i, 27),
                              std::span<const std::int32_t, 3>(ids + 3 * i, 3));
    }
};

template <class S>
struct our_products {
    static void forward(float* y, const float* x, const float* w)
    {
        kernel::affine<S::in, S::out>(y, x, w, static_cast<float*>(nullptr), simd::constant<S::rows>{});
    }
    static void weight_gradient(float* dw, const float* x, const float* dy)
    {
        kernel::affine_backward_weight<S::in, S::out>(dw, dy, x, simd::constant<S::rows>{});
    }
    static void input_gradient(float* dx, const float* dy, const float* w)
    {
        alignas(64) static float scratch[kernel::affine_scratch<S::in, S::out>(S::rows)];
        kernel::affine_backward_input<S::in, S::out>(dx, scratch, dy, w, simd::constant<S::rows>{});
    }
};

} // namespace benchmarks
