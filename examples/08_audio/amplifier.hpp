// SPDX-License-Identifier: BSD-3-Clause
/// What is to be learnt, and what it is fed: an overdriven amplifier, and plucked strings.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include <ctnn/random/generator.hpp>

inline constexpr int sample_rate = 48'000;

/// A filter, a tube that sags under load, another filter: it bends the wave, and how much depends on what was
/// before.
class Amplifier {
public:
    float operator()(float x)
    {
        // all below 120 Hz goes
        const auto in = static_cast<double>(x);
        low_ += rate(120) * (in - low_);
        const double drive = 12 * (in - low_);
        // The louder it was in the last milliseconds, the further the tube's point of work has moved.
        const double bent = std::tanh(drive / (1 + sag_) + 0.3 - 0.5 * sag_) - std::tanh(0.3);
        sag_ += rate(40) * (std::fabs(bent) - sag_);
        // two poles: the loudspeaker has nothing above 4 kHz
        first_ += rate(4000) * (bent - first_);
        second_ += rate(4000) * (first_ - second_);
        return static_cast<float>(0.6 * second_);
    }

private:
    double low_ = 0, sag_ = 0, first_ = 0, second_ = 0;

    static double rate(double hertz) { return 1 - std::exp(-2 * std::numbers::pi * hertz / sample_rate); }
};

/// Strings of chance, plucked four times a second: noise that goes round and is smoothed (Karplus & Strong
/// 1983).
inline std::vector<float> plucked_strings(std::size_t samples, ctnn::Generator& generator)
{
    std::vector<float> signal(samples);
    for (std::size_t start = 0; start < samples; start += sample_rate / 4) {
        const double hertz = 82.4 * std::pow(2.0, static_cast<double>(generator.randint(0, 30, 1)(0)) / 12);
        const auto period = static_cast<std::size_t>(sample_rate / hertz);
        std::vector<float> string(period);
        generator.fill_randn(std::span<float>(string));
        const auto loudness = static_cast<float>(generator.uniform(0.05, 0.3));
        for (std::size_t t = start, at = 0; t < std::min(samples, start + sample_rate);
             ++t, at = (at + 1) % period) {
            signal[t] += loudness * string[at];
            string[at] = 0.498F * (string[at] + string[(at + 1) % period]);
        }
    }
    return signal;
}
