// SPDX-License-Identifier: BSD-3-Clause
/// A training step written by hand, once, over the operations of a library: every size is a constant, nothing
/// is allocated in a step. Operations not in `Ops` are plain loops that the compiler vectorises; they are
/// compiled with -ffast-math, which suits them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "../nets.hpp"

namespace benchmarks {

/// What a library may do better.
struct loops {
    template <std::size_t R, std::size_t C>
    static void add_bias(float* y, const float* b)
    {
        for (std::size_t r = 0; r < R; ++r)
            for (std::size_t c = 0; c < C; ++c) y[r * C + c] += b[c];
    }
    template <std::size_t R, std::size_t C>
    static void sum_rows(float* y, const float* x)
    {
        std::fill_n(y, C, 0.F);
        for (std::size_t r = 0; r < R; ++r)
            for (std::size_t c = 0; c < C; ++c) y[c] += x[r * C + c];
    }
    template <std::size_t R, std::size_t C>
    static void batch_norm(float* y, const float* x, const float* gain, const float* shift, float* mean,
                           float* inverse, float* running_mean, float* running_variance)
    {
        sum_rows<R, C>(mean, x);
        std::array<float, C> squares{};
        for (std::size_t c = 0; c < C; ++c) mean[c] /= R;
        for (std::size_t r = 0; r < R; ++r)
            for (std::size_t c = 0; c < C; ++c)
                squares[c] += (x[r * C + c] - mean[c]) * (x[r * C + c] - mean[c]);
        for (std::size_t c = 0; c < C; ++c) {
            inverse[c] = 1 / std::sqrt(squares[c] / R + epsilon);
            running_mean[c] += momentum * (mean[c] - running_mean[c]);
            running_variance[c] += momentum * (squares[c] / (R - 1) - running_variance[c]);
        }
        for (std::size_t r = 0; r < R; ++r)
            for (std::size_t c = 0; c < C; ++c)
                y[r * C + c] = (x[r * C + c] - mean[c]) * (inverse[c] * gain[c]) + shift[c];
    }
    template <std::size_t R, std::size_t C>
    static void batch_norm_backward(float* dx, float* dgain, float* dshift, const float* dy, const float* x,
                                    const float* gain, const float* mean, const float* inverse)
    {
        std::array<float, C> sum{}, product{};
        for (std::size_t r = 0; r < R; ++r)
            for (std::size_t c = 0; c < C; ++c) {
                sum[c] += dy[r * C + c];
                product[c] += dy[r * C + c] * (x[r * C + c] - mean[c]);
            }
        for (std::size_t c = 0; c < C; ++c) {
            dgain[c] = product[c] * inverse[c];
            dshift[c] = sum[c];
            product[c] *= inverse[c] * inverse[c] / R;
            sum[c] /= R;
        }
        for (std::size_t r = 0; r < R; ++r)
            for (std::size_t c = 0; c < C; ++c)
                dx[r * C + c] =
                    (dy[r * C + c] - sum[c] - (x[r * C + c] - mean[c]) * product[c]) * (gain[c] * inverse[c]);
    }
    template <std::size_t N>
    static void tanh(float* y, const float* x)
    {
        for (std::size_t i = 0; i < N; ++i) y[i] = std::tanh(x[i]);
    }
    template <std::size_t N>
    static void tanh_backward(float* dx, const float* dy, const float* y)
    {
        for (std::size_t i = 0; i < N; ++i) dx[i] = dy[i] * (1 - y[i] * y[i]);
    }
    template <std::size_t R, std::size_t C>
    static float cross_entropy(float* dx, const float* x, const std::int32_t* targets)
    {
        float loss = 0;
        for (std::size_t r = 0; r < R; ++r, x += C, dx += C) {
            float most = x[0], sum = 0;
            for (std::size_t c = 0; c < C; ++c) most = std::max(most, x[c]);
            for (std::size_t c = 0; c < C; ++c) dx[c] = std::exp(x[c] - most);
            for (std::size_t c = 0; c < C; ++c) sum += dx[c];
            for (std::size_t c = 0; c < C; ++c) dx[c] *= 1 / (sum * R);
            dx[targets[r]] -= 1.F / R;
            loss += std::log(sum) - x[targets[r]] + most;
        }
        return loss / R;
    }
    template <std::size_t N>
    static void update(float* w, const float* g, float rate)
    {
        for (std::size_t i = 0; i < N; ++i) w[i] -= rate * g[i];
    }
};

template <std::size_t N>
struct alignas(64) array : std::array<float, N> {};

/// One dense layer with its memory.
template <class Ops, class Dense, std::size_t Rows>
struct dense_layer {
    static constexpr std::size_t in = Dense::in, out = Dense::out;
    array<in * out> w, dw;
    array<out> b{}, db, gain{}, dgain, shift{}, dshift, mean, inverse, running_mean{}, running_variance{};
    array<Rows * out> product, y;

    void take(const parameters& p, std::size_t& next)
    {
        std::copy_n(p[next++].data(), in * out, w.data());
        if (Dense::bias) std::copy_n(p[next++].data(), out, b.data());
        if (Dense::norm) {
            std::copy_n(p[next++].data(), out, gain.data());
            std::copy_n(p[next++].data(), out, shift.data());
        }
    }
    const float* forward(const float* x)
    {
        Ops::template nn<Rows, out, in>(product.data(), x, w.data());
        if constexpr (Dense::bias) Ops::template add_bias<Rows, out>(product.data(), b.data());
        if constexpr (Dense::norm)
            Ops::template batch_norm<Rows, out>(y.data(), product.data(), gain.data(), shift.data(),
                                                mean.data(), inverse.data(), running_mean.data(),
                                                running_variance.data());
        if constexpr (Dense::tanh) Ops::template tanh<Rows * out>(y.data(), y.data());
        return Dense::norm ? y.data() : product.data();
    }
    /// dy is overwritten.
    void backward(float* dx, float* dy, const float* x)
    {
        if constexpr (Dense::tanh) Ops::template tanh_backward<Rows * out>(dy, dy, y.data());
        if constexpr (Dense::norm)
            Ops::template batch_norm_backward<Rows, out>(dy, dgain.data(), dshift.data(), dy, product.data(),
                                                         gain.data(), mean.data(), inverse.data());
        Ops::template tn<in, out, Rows>(dw.data(), x, dy);
        if constexpr (Dense::bias) Ops::template sum_rows<Rows, out>(db.data(), dy);
        Ops::template nt<Rows, in, out>(dx, dy, w.data());
    }
    void update(float rate)
    {
        Ops::template update<in * out>(w.data(), dw.data(), rate);
        if constexpr (Dense::bias) Ops::template update<out>(b.data(), db.data(), rate);
        if constexpr (Dense::norm) {
            Ops::template update<out>(gain.data(), dgain.data(), rate);
            Ops::template update<out>(shift.data(), dshift.data(), rate);
        }
    }
};

template <class Ops, std::size_t Numbers, class... Dense>
struct layers_of;
template <class Ops, std::size_t Numbers>
struct layers_of<Ops, Numbers> {
    using type = std::tuple<>;
};
/// A layer's rows follow from how many numbers come in.
template <class Ops, std::size_t Numbers, class First, class... Rest>
struct layers_of<Ops, Numbers, First, Rest...> {
    static constexpr std::size_t rows = Numbers / First::in;
    using type =
        decltype(std::tuple_cat(std::declval<std::tuple<std::unique_ptr<dense_layer<Ops, First, rows>>>>(),
                                std::declval<typename layers_of<Ops, rows * First::out, Rest...>::type>()));
};

template <class Ops, class Net>
class network;
template <class Ops, std::size_t T, std::size_t C, class... Dense>
class network<Ops, mlp<T, C, Dense...>> final : public trainer {
    static constexpr std::size_t numbers = batch * T * C;
    typename layers_of<Ops, numbers, Dense...>::type layers_;
    array<vocabulary * C> table_, dtable_;
    array<numbers> x_;
    static constexpr std::size_t widest = std::max({numbers, numbers / Dense::in* Dense::out * 2 ...});
    array<widest> first_, second_;

public:
    explicit network(const parameters& p)
    {
        std::size_t next = 0;
        std::copy_n(p[next++].data(), vocabulary * C, table_.data());
        std::apply(
            [&](auto&... layer) {
                ((layer = std::make_unique<typename std::remove_reference_t<decltype(layer)>::element_type>(),
                  layer->take(p, next)),
                 ...);
            },
            layers_);
    }
    float step(const std::int32_t* ids, const std::int32_t* targets, float rate) override
    {
        for (std::size_t i = 0; i < batch * T; ++i)
            std::copy_n(table_.data() + static_cast<std::size_t>(ids[i]) * C, C, x_.data() + i * C);
        std::array<const float*, sizeof...(Dense) + 1> value{x_.data()};
        std::size_t at = 0;
        std::apply([&](auto&... layer) { ((value[at + 1] = layer->forward(value[at]), ++at), ...); },
                   layers_);
        float *dy = first_.data(), *dx = second_.data();
        const float loss = Ops::template cross_entropy<batch, vocabulary>(dy, value[at], targets);
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((std::get<sizeof...(Dense) - 1 - I>(layers_)->backward(dx, dy, value[sizeof...(Dense) - 1 - I]),
              std::swap(dx, dy)),
             ...);
        }(std::make_index_sequence<sizeof...(Dense)>{});
        dtable_.fill(0);
        for (std::size_t i = 0; i < batch * T; ++i)
            for (std::size_t c = 0; c < C; ++c)
                dtable_[static_cast<std::size_t>(ids[i]) * C + c] += dy[i * C + c];
        Ops::template update<vocabulary * C>(table_.data(), dtable_.data(), rate);
        std::apply([&](auto&... layer) { (layer->update(rate), ...); }, layers_);
        return loss;
    }
};

/// The lecture's network frozen by hand: fresh running statistics (mean 0, variance 1) folded into the first
/// product.
struct folded_lecture {
    static constexpr std::size_t in = 30, width = 200;
    array<vocabulary * 10> table;
    array<in * width> w1;
    array<width> b1;
    array<width * vocabulary> w2;
    array<vocabulary> b2;

    explicit folded_lecture(const parameters& p)
    {
        std::copy_n(p[0].data(), table.size(), table.data());
        const float scale = 1 / std::sqrt(1 + epsilon);
        for (std::size_t i = 0; i < w1.size(); ++i) w1[i] = p[1][i] * p[2][i % width] * scale;
        std::copy_n(p[3].data(), width, b1.data());
        std::copy_n(p[4].data(), w2.size(), w2.data());
        std::copy_n(p[5].data(), b2.size(), b2.data());
    }
    void gather(float* x, const std::int32_t* ids, std::size_t n) const
    {
        for (std::size_t i = 0; i < n * 3; ++i)
            std::copy_n(table.data() + static_cast<std::size_t>(ids[i]) * 10, 10, x + i * 10);
    }
};

/// In blocks of Block samples, and what is left one by one.
template <class Ops, std::size_t Block = 64>
class frozen_lecture final : public answerer {
    folded_lecture net_;
    array<Block * 30> x_;
    array<Block * 200> h_;

    template <std::size_t R>
    void block(float* logits, const std::int32_t* ids)
    {
        net_.gather(x_.data(), ids, R);
        Ops::template nn<R, 200, 30>(h_.data(), x_.data(), net_.w1.data());
        Ops::template add_bias<R, 200>(h_.data(), net_.b1.data());
        Ops::template tanh<R * 200>(h_.data(), h_.data());
        Ops::template nn<R, 27, 200>(logits, h_.data(), net_.w2.data());
        Ops::template add_bias<R, 27>(logits, net_.b2.data());
    }

public:
    explicit frozen_lecture(const parameters& p) : net_(p) {}
    void run(float* logits, const std::int32_t* ids, std::size_t n) override
    {
        for (; n >= Block; n -= Block, logits += Block * vocabulary, ids += Block * 3)
            block<Block>(logits, ids);
        for (; n > 0; --n, logits += vocabulary, ids += 3) block<1>(logits, ids);
    }
};

template <class Ops, class S>
product_function product_of(product form)
{
    switch (form) {
    case product::forward:
        return [](float* y, const float* x, const float* w) {
            Ops::template nn<S::rows, S::out, S::in>(y, x, w);
        };
    case product::weight_gradient:
        return [](float* y, const float* x, const float* w) {
            Ops::template tn<S::in, S::out, S::rows>(y, x, w);
        };
    default:
        return [](float* y, const float* x, const float* w) {
            Ops::template nt<S::rows, S::in, S::out>(y, x, w);
        };
    }
}
template <class Ops, class... S>
product_function product_at(product form, std::size_t shape, list_of_shapes<S...>)
{
    product_function found = nullptr;
    std::size_t i = 0;
    ((i++ == shape ? void(found = product_of<Ops, S>(form)) : void()), ...);
    return found;
}

template <class Ops>
peer peer_of(const char* name)
{
    return {name,
            [](const parameters& p) -> std::unique_ptr<trainer> {
                return std::make_unique<network<Ops, lecture>>(p);
            },
            [](const parameters& p) -> std::unique_ptr<trainer> {
                return std::make_unique<network<Ops, deep>>(p);
            },
            [](const parameters& p) -> std::unique_ptr<trainer> {
                return std::make_unique<network<Ops, hierarchical>>(p);
            },
            [](const parameters& p) -> std::unique_ptr<answerer> {
                return std::make_unique<frozen_lecture<Ops>>(p);
            },
            [](product form, std::size_t shape) { return product_at<Ops>(form, shape, shapes{}); }};
}

} // namespace benchmarks
