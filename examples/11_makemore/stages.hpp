// SPDX-License-Identifier: BSD-3-Clause
/// The stages the lecture walks through: a network and how it is initialised.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <ctnn/ctnn.hpp>

namespace makemore {

using namespace ctnn;

inline constexpr std::size_t context = 3, batch = 32, classes = 27;

/// One hidden layer, as the lecture starts.
using PlainNet = Sequential<Embedding<classes, 10>, Linear<30, 200>, Tanh, Linear<200, classes>>;
/// The same with batch normalisation in the lecture's first form: 12,097 parameters.
using BatchNormNet = Sequential<Embedding<classes, 10>, Linear<30, 200, NoBias>, BatchNorm<200, LectureStd>,
                                Tanh, Linear<200, classes>>;
static_assert(parameter_count<BatchNormNet> == 12'097);

/// Linear without bias, BatchNorm in the lecture's second form, Tanh.
template <std::size_t In, std::size_t Out>
using Hidden = Sequential<Linear<In, Out, NoBias>, BatchNorm<Out, LectureVariance>, Tanh>;
/// Five hidden layers and a normalised output: 47,024 parameters.
using DeepNet =
    Sequential<Embedding<classes, 10>, Hidden<30, 100>, Hidden<100, 100>, Hidden<100, 100>, Hidden<100, 100>,
               Hidden<100, 100>, Linear<100, classes, NoBias>, BatchNorm<classes, LectureVariance>>;
static_assert(parameter_count<DeepNet> == 47'024);

/// The deep net with what the lecture's last words advise: each sample normalised by itself. The logits are
/// not: that would take from each sample how sure of itself it may be.
template <template <std::size_t> class Norm>
using SampleNormNet = Sequential<Embedding<classes, 10>, Sequential<Linear<30, 100, NoBias>, Norm<100>, Tanh>,
                                 Sequential<Linear<100, 100, NoBias>, Norm<100>, Tanh>,
                                 Sequential<Linear<100, 100, NoBias>, Norm<100>, Tanh>,
                                 Sequential<Linear<100, 100, NoBias>, Norm<100>, Tanh>,
                                 Sequential<Linear<100, 100, NoBias>, Norm<100>, Tanh>, Linear<100, classes>>;
/// In ten groups.
template <std::size_t C>
using TenGroups = GroupNorm<10, C>;
using LayerNormNet = SampleNormNet<LayerNorm>;
using GroupNormNet = SampleNormNet<TenGroups>;
static_assert(parameter_count<LayerNormNet> == 46'997);

enum class Stage { baseline, calm_output, calm_tanh, kaiming, batchnorm, deep, layernorm, groupnorm };

struct StageName {
    std::string_view name, meaning;
    std::size_t steps;
};
inline constexpr std::array<StageName, 8> stage_names{{
    {"baseline", "Every weight and bias is a plain randn, so the first loss is far above 3.3", 200'000},
    {"calm-output", "The output layer is scaled by 0.01, and the first loss is as it should be", 200'000},
    {"calm-tanh", "The hidden layer is scaled by 0.2 too, and tanh is no longer saturated", 200'000},
    {"kaiming", "The hidden layer is scaled by (5/3) / sqrt(30) instead", 200'000},
    {"batchnorm", "Batch normalisation stands before tanh as well", 200'000},
    {"deep", "Five hidden layers follow one another, all normalised over the batch", 1'001},
    {"layernorm", "Five hidden layers follow one another, each sample normalised by itself", 1'001},
    {"groupnorm", "The same, with each sample normalised in groups of ten units", 1'001},
}};

/// The draws of the one-hidden-layer stages, in the lecture's order; two multiplications where the lecture
/// has two, so that every rounding is the same.
template <class M>
void initialise_plain(M& model, Generator& generator, Stage stage)
{
    model.template parameter<"0.weight">() = generator.randn(classes, 10);
    auto w1 = generator.randn(30, 200);
    auto b1 = generator.randn(200);
    auto w2 = generator.randn(200, classes);
    auto b2 = generator.randn(classes);
    if (stage != Stage::baseline) {
        w2 *= 0.01F;
        b2 *= 0.0F;
    }
    if (stage == Stage::calm_tanh) w1 *= 0.2F;
    if (stage == Stage::kaiming) w1 = w1 * static_cast<float>(init::tanh_gain) / std::sqrt(30.0F);
    if (stage == Stage::calm_tanh || stage == Stage::kaiming) b1 *= 0.01F;
    model.template parameter<"1.weight">() = w1;
    model.template parameter<"1.bias">() = b1;
    model.template parameter<"3.weight">() = w2;
    model.template parameter<"3.bias">() = b2;
}

template <class M>
void initialise_batchnorm(M& model, Generator& generator)
{
    model.template parameter<"0.weight">() = generator.randn(classes, 10);
    model.template parameter<"1.weight">() =
        generator.randn(30, 200) * static_cast<float>(init::tanh_gain) / std::sqrt(30.0F);
    model.template parameter<"4.weight">() = generator.randn(200, classes) * 0.01F;
    model.template parameter<"4.bias">() = generator.randn(classes) * 0.0F;
}

/// The five hidden layers and the last one of all deep nets.
template <class M>
void initialise_deep(M& model, Generator& generator)
{
    model.template parameter<"0.weight">() = generator.randn(classes, 10);
    const auto linear = [&](auto weight, std::size_t in, std::size_t out) {
        weight = generator.randn(in, out) / std::sqrt(static_cast<float>(in));
    };
    linear(model.template parameter<"1.0.weight">(), 30, 100);
    linear(model.template parameter<"2.0.weight">(), 100, 100);
    linear(model.template parameter<"3.0.weight">(), 100, 100);
    linear(model.template parameter<"4.0.weight">(), 100, 100);
    linear(model.template parameter<"5.0.weight">(), 100, 100);
    linear(model.template parameter<"6.weight">(), 100, classes);
    // A last layer that is less sure of itself.
    if constexpr (std::is_same_v<typename M::network, DeepNet>)
        model.template parameter<"7.weight">() *= 0.1F;
    else model.template parameter<"6.weight">() *= 0.1F;
}

} // namespace makemore
