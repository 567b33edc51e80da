// SPDX-License-Identifier: BSD-3-Clause
/// A step of an LSTM and of a GRU as one writes them by hand with Eigen: all sizes fixed, gates in one
/// product, the weights given.
#include <Eigen/Dense>

#include "../streams.hpp"

namespace benchmarks {

namespace {

template <int Rows, int Columns>
using matrix = Eigen::Matrix<float, Rows, Columns>;
template <int N>
using column = Eigen::Matrix<float, N, 1>;

template <int H, int Sums>
struct weights {
    matrix<Sums * H, 1> w_ih;
    matrix<Sums * H, H> w_hh;
    column<Sums * H> b_ih, b_hh;
    matrix<1, H> head;
    float head_bias;
    explicit weights(const float* const* from)
        : w_ih(Eigen::Map<const matrix<Sums * H, 1>>(from[0])),
          w_hh(Eigen::Map<const matrix<Sums * H, H>>(from[1])),
          b_ih(Eigen::Map<const column<Sums * H>>(from[2])),
          b_hh(Eigen::Map<const column<Sums * H>>(from[3])), head(Eigen::Map<const matrix<1, H>>(from[4])),
          head_bias(from[5][0])
    {}
};
auto sigmoid(const auto& x) { return (1.F + (-x).exp()).inverse(); }

template <int H>
sample_step lstm(const float* const* from)
{
    return [w = weights<H, 4>(from), h = column<H>(column<H>::Zero()),
            c = column<H>(column<H>::Zero())](float x) mutable {
        column<4 * H> a = w.w_ih * x + w.b_ih + w.b_hh;
        a.noalias() += w.w_hh * h;
        const auto gate = [&](int k) { return a.template segment<H>(k * H).array(); };
        c = sigmoid(gate(1)) * c.array() + sigmoid(gate(0)) * gate(2).tanh();
        h = sigmoid(gate(3)) * c.array().tanh();
        return w.head.dot(h) + w.head_bias;
    };
}
template <int H>
sample_step gru(const float* const* from)
{
    return [w = weights<H, 3>(from), h = column<H>(column<H>::Zero())](float x) mutable {
        const column<3 * H> of_x = w.w_ih * x + w.b_ih;
        column<3 * H> of_h = w.b_hh;
        of_h.noalias() += w.w_hh * h;
        const auto part = [](const auto& a, int k) { return a.template segment<H>(k * H).array(); };
        const column<H> r = sigmoid(part(of_x, 0) + part(of_h, 0)),
                        z = sigmoid(part(of_x, 1) + part(of_h, 1));
        const column<H> n = (part(of_x, 2) + r.array() * part(of_h, 2)).tanh();
        h = n + (z.array() * (h - n).array()).matrix();
        return w.head.dot(h) + w.head_bias;
    };
}

/// A causal convolution of `Taps` numbers that are D apart.
template <int In, int Out, int Taps, int D>
struct convolution {
    static constexpr int past = D * (Taps - 1) + 1;
    matrix<Out, In> w[Taps];
    column<Out> b;
    column<In> ring[past];
    int now = 0;

    explicit convolution(const float* const*& from) : b(Eigen::Map<const column<Out>>(from[1]))
    {
        for (int k = 0; k < Taps; ++k)
            for (int i = 0; i < In; ++i)
                for (int o = 0; o < Out; ++o) w[k](o, i) = from[0][(i * Taps + k) * Out + o];
        for (auto& x : ring) x.setZero();
        from += 2;
    }
    column<Out> operator()(const column<In>& x)
    {
        ring[now] = x;
        column<Out> y = b;
        for (int k = 0; k < Taps; ++k) {
            const int at = now + 1 + k * D;
            y.noalias() += w[k] * ring[at < past ? at : at - past];
        }
        now = now + 1 == past ? 0 : now + 1;
        return y;
    }
};

/// A layer of the WaveNet.
template <int D>
struct gated {
    convolution<8, 8, 2, D> wave, gate;
    explicit gated(const float* const*& from) : wave(from), gate(from) {}
    column<8> operator()(const column<8>& x) { return wave(x).array().tanh() * sigmoid(gate(x).array()); }
};

} // namespace

sample_step eigen_convolutions(const float* const* from)
{
    convolution<1, 16, 3, 1> first(from);
    convolution<16, 16, 3, 2> second(from);
    convolution<16, 16, 3, 4> third(from);
    convolution<16, 1, 1, 1> last(from);
    return [=](float x) mutable {
        const column<16> a = first(column<1>(x)).array().tanh();
        const column<16> b = second(a).array().tanh();
        return last(third(b).array().tanh())(0);
    };
}
sample_step eigen_wavenet(const float* const* from)
{
    convolution<1, 8, 1, 1> in(from);
    gated<1> first(from);
    convolution<8, 8, 1, 1> skip1(from), way1(from);
    gated<2> second(from);
    convolution<8, 8, 1, 1> skip2(from), way2(from);
    gated<4> third(from);
    convolution<8, 8, 1, 1> skip3(from);
    convolution<8, 1, 1, 1> out(from);
    return [=](float sample) mutable {
        column<8> x = in(column<1>(sample));
        column<8> gate = first(x), sum = skip1(gate);
        x += way1(gate);
        gate = second(x);
        sum += skip2(gate);
        x += way2(gate);
        sum += skip3(third(x));
        return out(sum.array().max(0.F))(0);
    };
}

sample_step eigen_lstm(int units, const float* const* from)
{
    return units == 16 ? lstm<16>(from) : lstm<40>(from);
}
sample_step eigen_gru(const float* const* from) { return gru<40>(from); }

} // namespace benchmarks
