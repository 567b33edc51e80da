// SPDX-License-Identifier: BSD-3-Clause
/// A training that the page drives: what it is made from, and what can be asked of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <ctnn/core/concepts.hpp>
#include <ctnn/data/ngrams.hpp>
#include <ctnn/data/vocabulary.hpp>

namespace live {

enum class Norm { none, batch, layer };
enum class Nonlinearity { tanh, relu, sigmoid, gelu };

/// What the controls of the page say.
struct Settings {
    std::uint64_t seed = 2147483647;
    int depth = 1;
    Norm norm = Norm::none;
    Nonlinearity nonlinearity = Nonlinearity::tanh;
    double first_scale = 1; ///< of the hidden weights
    double gain = 0;        ///< the spread of the hidden weights is gain / sqrt(fan_in) of that; 0: all of it
    double last_scale = 1;
    double rate = 0.1;
    std::size_t decay_at = 100'000; ///< from then on a tenth of the rate
};

/// The names, split as the lecture splits them.
struct Data {
    ctnn::Vocabulary vocabulary;
    ctnn::Samples train, validation;
};

class Machine {
public:
    Machine() = default;
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;
    virtual ~Machine() = default;

    /// One step of training. Returns its loss.
    virtual double step() = 0;
    /// One step, and as JSON what was seen inside while it was taken.
    virtual std::string look() = 0;
    /// Names drawn with running statistics, or, with those of the batch that they are, 32 at a time.
    virtual std::string names(int count, bool of_batch, std::uint64_t seed) = 0;
    /// As JSON the first words about how it starts.
    virtual std::string start() = 0;
    virtual double validation_loss() = 0;
    /// A checkpoint, which `makemore train --resume` takes too if it has made it.
    virtual void save(const std::string& path) = 0;
    virtual void load(const std::string& path) = 0;
    /// As JSON the learning rate and from which step on it is a tenth.
    [[nodiscard]] virtual std::string pace() const = 0;
    [[nodiscard]] virtual std::size_t steps() const = 0;
    [[nodiscard]] virtual std::string network() const = 0;
};

/// A machine of this depth; one function for each, in a translation unit of its own.
template <int Depth>
std::unique_ptr<Machine> make(const Settings& settings, const Data& data);

} // namespace live
