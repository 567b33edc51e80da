// SPDX-License-Identifier: BSD-3-Clause
/// The layers of a trained network for programs without a heap: pointers to constant weights, and loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <ctnn/embed/math.hpp>

/// Each layer says how many numbers it reads and writes for one sample, `in` and `out`, and has
///
///   constexpr void forward(float* y, const float* x) const     x : (in) numbers, or class ids for the first
///   layer; y : (out)
///
/// What is elementwise also works with y == x. A `W` of std::int8_t stores weights as whole numbers that a
/// scale per row multiplies.
namespace ctnn::embed::inline CTNN_ARCH {

/// The number of a character or word.
using class_id = std::int32_t;

namespace detail {

/// W neighbouring outputs of y = x w, added up in two halves that a compiler keeps in registers:
/// y(W) = x(In) * w(In, Out).
template <std::size_t In, std::size_t Out, std::size_t Width, class W>
constexpr void columns(float* y, const float* x, const W* w)
{
    float even[Width] = {}, odd[Width] = {};
    for (std::size_t i = 0; i + 1 < In; i += 2)
        for (std::size_t o = 0; o < Width; ++o) {
            even[o] += x[i] * static_cast<float>(w[i * Out + o]);
            odd[o] += x[i + 1] * static_cast<float>(w[(i + 1) * Out + o]);
        }
    for (std::size_t o = 0; o < Width; ++o)
        y[o] = even[o] + odd[o] + (In % 2 == 0 ? 0.F : x[In - 1] * static_cast<float>(w[(In - 1) * Out + o]));
}

} // namespace detail

/// y = x w + b at each of P positions: ctnn::Linear.
///   weight : (In, Out), of W        bias : (Out), or none        scale : (Out), for whole numbers
template <std::size_t P, std::size_t In, std::size_t Out, class W = float>
struct linear {
    static constexpr std::size_t in = P * In, out = P * Out;
    const W* weight;
    const float* bias = nullptr;
    const float* scale = nullptr;

    constexpr void forward(float* y, const float* x) const
    {
        // the last columns overlap those before, so that all are as wide
        constexpr std::size_t width = Out < 16 ? Out : 16;
        for (std::size_t p = 0; p < P; ++p, x += In, y += Out) {
            for (std::size_t o = 0; o < Out; o += width) {
                const std::size_t first = o + width > Out ? Out - width : o;
                detail::columns<In, Out, width>(y + first, x, weight + first);
            }
            for (std::size_t o = 0; o < Out; ++o)
                y[o] = y[o] * (std::is_same_v<W, float> ? 1.F : scale[o]) + (bias != nullptr ? bias[o] : 0.F);
        }
    }
};

/// The vectors of T class ids side by side: ctnn::Embedding.
///   weight : (V, C), of W        scale : (V), for whole numbers
template <std::size_t V, std::size_t C, std::size_t T, class W = float>
struct embedding {
    static constexpr std::size_t in = T, out = T * C, classes = V;
    const W* weight;
    const float* scale = nullptr;

    constexpr void forward(float* y, const class_id* x) const
    {
        for (std::size_t t = 0; t < T; ++t, y += C) {
            const auto row = static_cast<std::size_t>(x[t]);
            for (std::size_t c = 0; c < C; ++c)
                y[c] =
                    static_cast<float>(weight[row * C + c]) * (std::is_same_v<W, float> ? 1.F : scale[row]);
        }
    }
};

/// b + the sum of T rows, one from the table of each place, N times: ctnn::TableSum.
///   weight : (T, V, Out), of W        bias : (Out)        scale : (T, V), for whole numbers
template <std::size_t V, std::size_t Out, std::size_t T, std::size_t N, class W = float>
struct table_sum {
    static constexpr std::size_t in = N * T, out = N * Out, classes = V;
    const W* weight;
    const float* bias;
    const float* scale = nullptr;

    constexpr void forward(float* y, const class_id* x) const
    {
        for (std::size_t n = 0; n < N; ++n, x += T, y += Out) {
            for (std::size_t o = 0; o < Out; ++o) y[o] = bias[o];
            for (std::size_t t = 0; t < T; ++t) {
                const std::size_t row = t * V + static_cast<std::size_t>(x[t]);
                const float factor = std::is_same_v<W, float> ? 1.F : scale[row];
                for (std::size_t o = 0; o < Out; ++o)
                    y[o] += static_cast<float>(weight[row * Out + o]) * factor;
            }
        }
    }
};

/// (x - mean) factor + shift: ctnn::BatchNorm with its running statistics.
template <std::size_t P, std::size_t C>
struct batch_norm {
    static constexpr std::size_t in = P * C, out = in;
    const float *mean, *factor, *shift;

    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t p = 0; p < P; ++p)
            for (std::size_t c = 0; c < C; ++c)
                y[p * C + c] = (x[p * C + c] - mean[c]) * factor[c] + shift[c];
    }
};

/// Each of Groups groups of features brought to mean 0 and variance 1 over P positions, N times:
/// ctnn::GroupNorm, and with N positions by themselves and one group ctnn::LayerNorm.
template <std::size_t N, std::size_t P, std::size_t Groups, std::size_t C>
struct group_norm {
    static constexpr std::size_t in = N * P * C, out = in;
    const float *gain, *shift;

    constexpr void forward(float* y, const float* x) const
    {
        constexpr std::size_t features = C / Groups;
        for (std::size_t n = 0; n < N; ++n, x += P * C, y += P * C)
            for (std::size_t g = 0; g < C; g += features) {
                // Distances from the first number: a large mean with a small spread keeps its digits.
                const float first = x[g];
                float mean = 0, variance = 0;
                for (std::size_t p = 0; p < P; ++p)
                    for (std::size_t c = g; c < g + features; ++c) mean += x[p * C + c] - first;
                mean /= static_cast<float>(P * features);
                for (std::size_t p = 0; p < P; ++p)
                    for (std::size_t c = g; c < g + features; ++c)
                        variance += (x[p * C + c] - first - mean) * (x[p * C + c] - first - mean);
                const float factor = 1.F / sqrt(variance / static_cast<float>(P * features) + 1e-5F);
                for (std::size_t p = 0; p < P; ++p)
                    for (std::size_t c = g; c < g + features; ++c)
                        y[p * C + c] = (x[p * C + c] - first - mean) * factor * gain[c] + shift[c];
            }
    }
};

/// x over the root mean square of its C features, times a gain, N times: ctnn::RmsNorm.
template <std::size_t N, std::size_t C, std::size_t Digits>
struct rms_norm {
    static constexpr std::size_t in = N * C, out = in;
    const float* gain;

    constexpr void forward(float* y, const float* x) const
    {
        float epsilon = Digits == 0 ? 0x1p-23F : 1.F;
        for (std::size_t i = 0; i < Digits; ++i) epsilon /= 10.F;
        for (std::size_t n = 0; n < N; ++n, x += C, y += C) {
            float squares = 0;
            for (std::size_t c = 0; c < C; ++c) squares += x[c] * x[c];
            const float factor = 1.F / sqrt(squares / static_cast<float>(C) + epsilon);
            for (std::size_t c = 0; c < C; ++c) y[c] = x[c] * factor * gain[c];
        }
    }
};

/// Numbers as shares of one, N times C of them: ctnn::Softmax.
template <std::size_t N, std::size_t C>
struct softmax {
    static constexpr std::size_t in = N * C, out = in;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t n = 0; n < N; ++n, x += C, y += C) {
            const float sum = shifted(y, x);
            for (std::size_t c = 0; c < C; ++c) y[c] /= sum;
        }
    }
    /// y = e^(x - the largest x); returns the sum. A NaN in x is in y, wherever it stands.
    static constexpr float shifted(float* y, const float* x)
    {
        float largest = x[0], sum = 0;
        for (std::size_t c = 1; c < C; ++c) largest = x[c] > largest ? x[c] : largest;
        for (std::size_t c = 0; c < C; ++c) {
            y[c] = embed::exp(x[c] - largest);
            sum += y[c];
        }
        return sum;
    }
};
/// Its logarithm: ctnn::LogSoftmax.
template <std::size_t N, std::size_t C>
struct log_softmax {
    static constexpr std::size_t in = N * C, out = in;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t n = 0; n < N; ++n, x += C, y += C) {
            float largest = x[0];
            for (std::size_t c = 1; c < C; ++c) largest = x[c] > largest ? x[c] : largest;
            const float log_sum = embed::log(softmax<1, C>::shifted(y, x));
            for (std::size_t c = 0; c < C; ++c) y[c] = x[c] - largest - log_sum;
        }
    }
};

/// The last of T positions: ctnn::LastStep.
template <std::size_t T, std::size_t C>
struct last_step {
    static constexpr std::size_t in = T * C, out = C;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t c = 0; c < C; ++c) y[c] = x[(T - 1) * C + c];
    }
};
/// The mean of T positions: ctnn::GlobalMean.
template <std::size_t T, std::size_t C>
struct global_mean {
    static constexpr std::size_t in = T * C, out = C;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t c = 0; c < C; ++c) {
            float sum = 0;
            for (std::size_t t = 0; t < T; ++t) sum += x[t * C + c];
            y[c] = sum / static_cast<float>(T);
        }
    }
};
/// Two axes turned: ctnn::Transpose.
template <std::size_t A, std::size_t B>
struct transpose {
    static constexpr std::size_t in = A * B, out = in;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t a = 0; a < A; ++a)
            for (std::size_t b = 0; b < B; ++b) y[b * A + a] = x[a * B + b];
    }
};

/// A vector for each position, N numbers in all, added: ctnn::Position.
template <std::size_t N>
struct position {
    static constexpr std::size_t in = N, out = N;
    const float* weight;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t i = 0; i < N; ++i) y[i] = x[i] + weight[i];
    }
};
/// The mean of each position and those before it: ctnn::BagOfWords.
template <std::size_t T, std::size_t C>
struct bag_of_words {
    static constexpr std::size_t in = T * C, out = in;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t c = 0; c < C; ++c) {
            float sum = 0;
            for (std::size_t t = 0; t < T; ++t) {
                sum += x[t * C + c];
                y[t * C + c] = sum / static_cast<float>(t + 1);
            }
        }
    }
};
/// x where it is above 0, else times a slope, one for each of C features at N places: ctnn::PReLU.
template <std::size_t N, std::size_t C>
struct prelu {
    static constexpr std::size_t in = N * C, out = in;
    const float* weight;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t n = 0; n < N * C; n += C)
            for (std::size_t c = 0; c < C; ++c) y[n + c] = x[n + c] > 0.F ? x[n + c] : x[n + c] * weight[c];
    }
};

/// A function of each number.
template <std::size_t N, class F>
struct elementwise {
    static constexpr std::size_t in = N, out = N;
    constexpr void forward(float* y, const float* x) const
    {
        for (std::size_t i = 0; i < N; ++i) y[i] = F{}(x[i]);
    }
};

namespace detail {

struct tanh_of {
    constexpr float operator()(float x) const { return embed::tanh(x); }
};
struct sigmoid_of {
    constexpr float operator()(float x) const { return embed::sigmoid(x); }
};
struct gelu_of {
    constexpr float operator()(float x) const { return select(x < -13.F, -0.F, x * normal_below(x)); }
};
struct silu_of {
    constexpr float operator()(float x) const { return select(x < -89.F, -0.F, x * embed::sigmoid(x)); }
};
template <int Numerator, int Denominator>
struct leaky_of {
    constexpr float operator()(float x) const
    {
        return x < 0.F ? x * (static_cast<float>(Numerator) / static_cast<float>(Denominator)) : x;
    }
};
template <int Numerator, int Denominator>
struct elu_of {
    constexpr float operator()(float x) const
    {
        // e^x - 1 from tanh, which near 0 keeps its digits.
        const float t = embed::tanh(0.5F * select(x > 0.F, 0.F, x));
        return select(x > 0.F, x,
                      (2.F * t / (1.F - t)) *
                          (static_cast<float>(Numerator) / static_cast<float>(Denominator)));
    }
};
struct softplus_of {
    constexpr float operator()(float x) const
    {
        return select(x < 0.F, 0.F, x) + log1p_of_part(embed::exp(-magnitude(x)));
    }
};
struct hard_tanh_of {
    constexpr float operator()(float x) const { return select(x > 1.F, 1.F, select(x < -1.F, -1.F, x)); }
};
struct new_gelu_of {
    constexpr float operator()(float x) const
    {
        const float z = x * (1.5957691F + 0.07135481F * x * x);
        return select(x < -13.F, -0.F, x * embed::sigmoid(z));
    }
};
struct relu_of {
    constexpr float operator()(float x) const { return x < 0.F ? 0.F : x; } // NaN stays
};

} // namespace detail

/// ctnn::Tanh
template <std::size_t N>
using tanh_layer = elementwise<N, detail::tanh_of>;
/// ctnn::Sigmoid
template <std::size_t N>
using sigmoid_layer = elementwise<N, detail::sigmoid_of>;
/// ctnn::GELU
template <std::size_t N>
using gelu_layer = elementwise<N, detail::gelu_of>;
/// ctnn::SiLU
template <std::size_t N>
using silu_layer = elementwise<N, detail::silu_of>;
/// ctnn::Softplus
template <std::size_t N>
using softplus_layer = elementwise<N, detail::softplus_of>;
/// ctnn::HardTanh
template <std::size_t N>
using hard_tanh_layer = elementwise<N, detail::hard_tanh_of>;
/// ctnn::NewGELU
template <std::size_t N>
using new_gelu_layer = elementwise<N, detail::new_gelu_of>;
/// ctnn::EluScale
template <std::size_t N, int Numerator, int Denominator>
using elu_layer = elementwise<N, detail::elu_of<Numerator, Denominator>>;
/// ctnn::ReLU
template <std::size_t N>
using relu_layer = elementwise<N, detail::relu_of>;
/// ctnn::LeakySlope
template <std::size_t N, int Numerator, int Denominator>
using leaky_layer = elementwise<N, detail::leaky_of<Numerator, Denominator>>;

} // namespace ctnn::embed::inline CTNN_ARCH
