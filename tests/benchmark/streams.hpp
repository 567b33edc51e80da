// SPDX-License-Identifier: BSD-3-Clause
/// A recurrent network of one number in and one out, a sample at a time.
#pragma once

#include <functional>

namespace benchmarks {

/// The answer to the next sample.
using sample_step = std::function<float(float)>;

/// Peers, from weight_ih, weight_hh (columns one after the other), bias_ih, bias_hh, and the last layer's.
sample_step eigen_lstm(int units, const float* const* weights);
sample_step eigen_gru(const float* const* weights);

/// The same of three causal convolutions of 16 channels, window 3, 1, 2 and 4 apart, with tanh, and a last
/// layer to one number, from weight (In, 3, Out) and bias of each.
sample_step eigen_convolutions(const float* const* weights);
sample_step rtneural_convolutions(const float* const* weights);
/// And of a WaveNet: see streams.cpp.
sample_step eigen_wavenet(const float* const* weights);

} // namespace benchmarks
