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

} // namespace benchmarks
