// SPDX-License-Identifier: BSD-3-Clause
/// A live amplifier: two networks learn what an overdriven one does to a signal, and then take its place in
/// an audio callback. The README beside it explains it line by line.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>
#include <numbers>
#include <string>
#include <vector>

#include <sndfile.hh>

#include <ctnn/report/report.hpp>

#include "amplifier.hpp"
#include "networks.hpp"

using namespace ctnn;

/// Every piece of memory that is asked for anywhere counts.
std::size_t allocations = 0;
[[gnu::noinline]] void* operator new(std::size_t n)
{
    ++allocations;
    if (void* p = std::malloc(n)) return p;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

Signal amplified(std::vector<float> dry)
{
    Signal s{std::move(dry), {}};
    Amplifier amplifier;
    for (const float x : s.dry) s.wet.push_back(amplifier(x));
    return s;
}

std::vector<float> read_wav(const std::string& path)
{
    SndfileHandle file(path);
    if (file.error() != SF_ERR_NO_ERROR)
        throw Error("ctnn.data", "cannot read '" + path + "': " + file.strError());
    if (file.samplerate() != sample_rate)
        throw Error("ctnn.data", "'" + path + "' has " + std::to_string(file.samplerate()) +
                                     " samples a second, expected " + std::to_string(sample_rate));
    const auto channels = static_cast<std::size_t>(file.channels());
    std::vector<float> all(static_cast<std::size_t>(file.frames()) * channels);
    file.read(all.data(), static_cast<sf_count_t>(all.size()));
    for (std::size_t i = 0; i * channels < all.size(); ++i) all[i] = all[i * channels]; // the first of them
    all.resize(all.size() / channels);
    return all;
}
void write_wav(const std::string& path, const std::vector<float>& signal)
{
    SndfileHandle file(path, SFM_WRITE, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 1, sample_rate);
    if (file.error() != SF_ERR_NO_ERROR ||
        file.write(signal.data(), static_cast<sf_count_t>(signal.size())) !=
            static_cast<sf_count_t>(signal.size()))
        throw Error("ctnn.save", "cannot write '" + path + "': " + file.strError());
}

/// The energy of the difference over that of the target, in decibels.
double error_in_db(const std::vector<float>& y, const std::vector<float>& target)
{
    double error = 0, energy = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        error += std::pow(static_cast<double>(y[i]) - static_cast<double>(target[i]), 2);
        energy += std::pow(static_cast<double>(target[i]), 2);
    }
    return 10 * std::log10(error / energy);
}

/// The mean power of windows of 1024 samples at each frequency, in decibels.
std::vector<double> spectrum(const std::vector<float>& signal)
{
    constexpr std::size_t n = 1024;
    std::vector<double> power(n / 2), cosine(n), windowed(n);
    for (std::size_t i = 0; i < n; ++i)
        cosine[i] = std::cos(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n));
    std::size_t windows = 0;
    for (std::size_t start = 0; start + n <= signal.size(); start += 16 * n, ++windows) {
        for (std::size_t i = 0; i < n; ++i)
            windowed[i] = static_cast<double>(signal[start + i]) * (1 - cosine[i]) / 2;
        for (std::size_t k = 0; k < n / 2; ++k) {
            double real = 0, imaginary = 0;
            for (std::size_t i = 0; i < n; ++i) {
                real += windowed[i] * cosine[i * k % n];
                imaginary += windowed[i] * cosine[(i * k + n / 4) % n];
            }
            power[k] += real * real + imaginary * imaginary;
        }
    }
    for (double& p : power)
        p = 10 * std::log10(p / static_cast<double>(std::max<std::size_t>(1, windows)) + 1e-12);
    return power;
}

int main(int argc, char** argv)
try {
    const std::string folder = argc > 1 ? argv[1] : "audio";
    const std::size_t steps = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 3000;
    prepare_report(folder);
    Generator generator{2147483647};
    const Signal lesson = amplified(plucked_strings(40 * sample_rate, generator));
    // The test is a recording, if the user names one, or else more strings.
    const Signal test =
        amplified(argc > 3 ? read_wav(argv[3]) : plucked_strings(10 * sample_rate, generator));
    write_wav(folder + "/dry.wav", test.dry);
    write_wav(folder + "/amplifier.wav", test.wet);

    Run run{.name = "amplifier", .meaning = "An LSTM of 16 units and six causal convolutions of 16 channels"};
    Picture spectra{.id = "amplifier-spectra",
                    .kind = "Spectra",
                    .run = "amplifier",
                    .meaning =
                        "The power at each frequency, in the output of the amplifier and of each network.",
                    .width = 900};
    std::vector<double> hertz;
    for (std::size_t k = 0; k < 512; ++k) hertz.push_back(static_cast<double>(k) * sample_rate / 1024);
    spectra.data.add("Hz", hertz);
    std::vector<std::string> curves;
    const auto draw = [&](const std::string& name, const std::vector<float>& signal) {
        const std::size_t column = spectra.data.add(name, spectrum(signal));
        curves.push_back("'amplifier-spectra.csv' using 1:" + std::to_string(column) +
                         " with lines lc rgb '" + gnuplot::colour(curves.size()) + "' title " +
                         gnuplot::quoted(name));
    };
    draw("amplifier", test.wet);

    std::ofstream excerpt(folder + "/excerpt.hpp");
    const std::vector<float> beginning(test.dry.begin(), test.dry.begin() + 512);
    const auto numbers = [&excerpt](const char* name, const std::vector<float>& values) {
        excerpt << "constexpr float " << name << "[512] = {";
        for (const float v : values) excerpt << std::hexfloat << v << "F,\n";
        excerpt << "};\n";
    };
    excerpt << "#pragma once\n";
    numbers("dry", beginning);
    const auto compare = [&](const std::string& name, const std::vector<float>& out) {
        const double error = error_in_db(out, test.wet);
        std::printf("%-11s error %.1f dB\n", name.c_str(), error);
        run.results.emplace_back(name + ", error in dB", std::to_string(error));
        write_wav(folder + "/" + name + ".wav", out);
        draw(name, out);
        numbers((name + "_answers").c_str(), {out.begin(), out.begin() + 512});
    };
    compare("lstm", play_lstm(folder, lesson, test, steps, generator));
    compare("convolution", play_convolution(folder, lesson, test, steps, generator));
    if (!excerpt.flush()) throw Error("ctnn.save", "cannot write '" + folder + "/excerpt.hpp'");

    spectra.script = gnuplot::axes("frequency in Hz", "power in dB") +
                     "set logscale x\nset xrange [50:24000]\nplot " + gnuplot::joined(curves) + "\n";
    run.pictures.push_back(std::move(spectra));
    const std::string missing = write_report(folder, {run});
    std::printf("report: %s/report.html\n", folder.c_str());
    if (!missing.empty()) std::fprintf(stderr, "%s\n", missing.c_str());
} catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
