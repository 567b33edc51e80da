// SPDX-License-Identifier: BSD-3-Clause
/// What the figures mean, in words: is a network sound, and if not, what to try.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <ctnn/inspect/calibration.hpp>
#include <ctnn/inspect/initialisation.hpp>
#include <ctnn/inspect/observer.hpp>

namespace ctnn::inline CTNN_ARCH {

/// One judgement, with the figure it rests on.
struct Verdict {
    bool sound = true;
    std::string subject; ///< "the first loss", "layer 2 (Tanh)"
    double found = 0, expected = 0;
    std::string text;   ///< one sentence
    std::string advice; ///< what to try; empty when sound
};

/// Where a figure begins to be a fault. The lecture's stages from `kaiming` on stay inside all of them.
struct Tolerances {
    double loss_factor = 1.5;              ///< first loss over -log(1 / classes)
    double saturated = 0.25;               ///< share of a tanh or sigmoid beyond 0.99 of its limits
    double zeros = 0.9;                    ///< share of zeros of a ReLU
    double small_std = 0.1, large_std = 3; ///< of what goes into a nonlinearity
    double gradient_factor = 10;           ///< between the gradients of the first and the last nonlinearity
    /// distance of log10 update:data from -3: a factor of 100 either way
    double update = 2;
    double running_mean = 0.5; ///< distance from the calibrated mean, in standard deviations
    double running_std = 1.5;  ///< factor to the calibrated standard deviation
};

namespace detail {

inline std::string figure(double x)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", x);
    return text;
}
inline std::string loss_figure(double x)
{
    char text[32];
    std::snprintf(text, sizeof text, std::fabs(x) < 1e4 ? "%.2f" : "%.3g", x);
    return text;
}
inline std::string per_cent(double share)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.3g %%", 100 * share);
    return text;
}
/// "3, 17 and 40", the first eight of a long list.
inline std::string listed(const std::vector<std::size_t>& numbers)
{
    constexpr std::size_t most = 8;
    std::string text;
    for (std::size_t i = 0; i < std::min(most, numbers.size()); ++i)
        text += (i == 0 ? "" : i + 1 == numbers.size() ? " and " : ", ") + std::to_string(numbers[i]);
    return numbers.size() > most ? text + " and " + std::to_string(numbers.size() - most) + " more" : text;
}

inline bool has_two_ends(const LayerInfo& layer)
{
    return std::isfinite(layer.limits.low) && std::isfinite(layer.limits.high);
}

/// One layer's dead units, named; what to try depends on whether the nonlinearity has two ends, as tanh, or
/// one, as ReLU.
inline Verdict of_dead_units(const LayerInfo& layer, const std::vector<std::size_t>& dead,
                             const std::string& samples)
{
    const bool two = has_two_ends(layer);
    return {false,
            "layer " + layer.name(),
            static_cast<double>(dead.size()),
            0,
            "Layer " + layer.name() + ": " + std::to_string(dead.size()) + " of " +
                std::to_string(layer.units()) + " units are dead, " + (two ? "saturated" : "zero") + " for " +
                samples + ": " + (dead.size() == 1 ? "unit " : "units ") + listed(dead) + ".",
            two ? "they can not learn: smaller weights before them, a bias nearer to 0, normalisation, or a "
                  "smaller learning rate"
                : "they can not learn: a bias nearer to 0 or above it, normalisation, a smaller learning "
                  "rate, or LeakyReLU or GELU"};
}

/// Whether a layer gives numbers that are not finite: then all after it follows.
inline bool judge_finite(std::vector<Verdict>& verdicts, const Initialisation& start)
{
    for (const LayerStatistics& l : start.layers)
        if (!std::isfinite(l.output.min) || !std::isfinite(l.output.max)) {
            verdicts.push_back({false, "layer " + l.layer.name(), l.output.mean, 0,
                                "layer " + l.layer.name() + " gives numbers that are not finite.",
                                "look at the weights and at the input of that layer"});
            return true;
        }
    return false;
}

/// The first loss against that of a network that knows nothing.
inline void judge_loss(std::vector<Verdict>& verdicts, const Initialisation& start, const Tolerances& limit)
{
    const double loss = start.loss, expected = start.expected_loss;
    if (!std::isfinite(expected)) {
        // a loss of another kind: nothing is known of it
    } else if (loss > limit.loss_factor * expected) {
        verdicts.push_back({false, "the first loss", loss, expected,
                            "The first loss is " + loss_figure(loss) +
                                "; a network that knows nothing should have " + loss_figure(expected) +
                                ", -log(1/classes). It is sure of wrong answers, and the first steps only "
                                "shrink the last layer.",
                            "scale the last layer's weights by 0.01 to 0.1 and set its bias to 0"});
    } else {
        verdicts.push_back({true, "the first loss", loss, expected,
                            "The first loss is " + loss_figure(loss) +
                                ", close to -log(1/classes) = " + loss_figure(expected) + ".",
                            ""});
    }
}

/// What goes into each nonlinearity.
inline void judge_spreads(std::vector<Verdict>& verdicts, const Initialisation& start,
                          const Tolerances& limit)
{
    bool spreads_sound = true;
    for (std::size_t i = 0; i < start.layers.size(); ++i) {
        const LayerStatistics& l = start.layers[i];
        if (!l.layer.before_activation || l.output.count < 2 ||
            (l.output.std >= limit.small_std && l.output.std <= limit.large_std))
            continue;
        spreads_sound = false;
        const bool large = l.output.std > limit.large_std;
        verdicts.push_back(
            {false, "layer " + l.layer.name(), l.output.std, 1,
             "Layer " + l.layer.name() + " gives a standard deviation of " + figure(l.output.std) +
                 " (predicted " + figure(start.predicted[i].std) +
                 ") to the nonlinearity after it, where about 1 is wanted: " +
                 (large ? "it is driven to its ends." : "it is all but a straight line there."),
             large ? "scale its weights by gain / sqrt(fan_in) (init::kaiming_normal), or normalise before "
                     "the nonlinearity"
                   : "enlarge its weights to gain / sqrt(fan_in) (init::kaiming_normal), or normalise before "
                     "the nonlinearity"});
    }
    if (spreads_sound)
        verdicts.push_back({true, "pre-activations", 1, 1,
                            "What goes into each nonlinearity has a standard deviation between " +
                                figure(limit.small_std) + " and " + figure(limit.large_std) + ".",
                            ""});
}

/// How much of each nonlinearity is at its ends, and the units that are there for the whole batch.
inline void judge_saturation(std::vector<Verdict>& verdicts, const Initialisation& start,
                             const Tolerances& limit)
{
    bool saturation_sound = true;
    for (const SaturationMap& map : start.maps) {
        const bool two = has_two_ends(map.layer);
        const double share = map.share(), most = two ? limit.saturated : limit.zeros;
        if (share > most) {
            saturation_sound = false;
            verdicts.push_back(
                {false, "layer " + map.layer.name(), share, most,
                 "Layer " + map.layer.name() + ": " + per_cent(share) + " of its outputs are " +
                     (two ? "saturated (beyond 0.99 of the limits)" : "zero") + ", more than " +
                     per_cent(most) + "; no gradient goes through them.",
                 two ? "make what goes into it smaller: scale the weights before it, or normalise"
                     : "a bias before it nearer to 0 or above it, or normalise; LeakyReLU and GELU let a "
                       "gradient through"});
        }
        // A ReLU that gives 0 for one batch may answer the next; a tanh at its end for all of it will not.
        if (map.dead.size() > (two ? 0 : map.layer.units() / 2)) {
            saturation_sound = false;
            verdicts.push_back(of_dead_units(map.layer, map.dead, "every sample of the batch"));
        }
    }
    if (saturation_sound && !start.maps.empty())
        verdicts.push_back(
            {true, "saturation", 0, limit.saturated, "No nonlinearity is saturated beyond its measure.", ""});
}

/// From the last nonlinearity back to the first.
inline void judge_gradients(std::vector<Verdict>& verdicts, const Initialisation& start,
                            const Tolerances& limit)
{
    const LayerStatistics *first = nullptr, *last = nullptr;
    for (const LayerStatistics& l : start.layers) {
        if (!l.layer.elementwise) continue;
        if (first == nullptr) first = &l;
        last = &l;
    }
    if (first != last) {
        const double from = last->gradient.std, to = first->gradient.std, ratio = to / from;
        const std::string figures = "the gradient of layer " + first->layer.name() + " has " + figure(ratio) +
                                    " times the standard deviation of that of layer " + last->layer.name();
        if (from == 0 || !std::isfinite(from) || !std::isfinite(to))
            verdicts.push_back(
                {false, "gradients", from, 1,
                 from == 0
                     ? "No gradient arrives at layer " + last->layer.name() + ": nothing before it can learn."
                     : "The gradients of the nonlinearities are not finite.",
                 from == 0 ? "weights after it that are not 0" : "look at the loss and at the last layer"});
        else if (ratio > limit.gradient_factor || ratio < 1 / limit.gradient_factor)
            verdicts.push_back(
                {false, "gradients", ratio, 1,
                 std::string("Gradients ") + (ratio < 1 ? "vanish" : "explode") +
                     " on their way back: " + figures + ".",
                 ratio < 1 ? "larger weights (a gain of 5/3 for tanh, sqrt(2) for ReLU), or normalisation"
                           : "smaller weights, or normalisation"});
        else
            verdicts.push_back({true, "gradients", ratio, 1,
                                "Gradients keep their size on their way back: " + figures + ".", ""});
    }
}

} // namespace detail

/// How a network starts.
///
///   loss      : far above -log(1 / classes): it is sure of things it cannot know
///   spread    : of what goes into each nonlinearity: too large, it saturates; too small, it is a straight
///               line
///   saturated : shares, and the units that are dead over the batch
///   gradients : between the first and the last nonlinearity: vanishing, exploding, or not finite
[[nodiscard]] inline std::vector<Verdict> judge(const Initialisation& start, const Tolerances& limit = {})
{
    std::vector<Verdict> verdicts;
    if (detail::judge_finite(verdicts, start)) return verdicts;
    detail::judge_loss(verdicts, start, limit);
    detail::judge_spreads(verdicts, start, limit);
    detail::judge_saturation(verdicts, start, limit);
    detail::judge_gradients(verdicts, start, limit);
    return verdicts;
}

/// Units that are dead over a data set.
[[nodiscard]] inline std::vector<Verdict> judge(const std::vector<DeadUnits>& layers)
{
    std::vector<Verdict> verdicts;
    for (const DeadUnits& d : layers)
        if (!d.dead.empty())
            verdicts.push_back(
                detail::of_dead_units(d.layer, d.dead, "each of " + std::to_string(d.samples) + " samples"));
    if (verdicts.empty() && !layers.empty())
        verdicts.push_back({true, "dead units", 0, 0,
                            "No unit is dead over " + std::to_string(layers[0].samples) + " samples.", ""});
    return verdicts;
}

/// Whether parameters move at a good speed: log10 of update:data near -3, on average over all that was
/// observed but its first tenth. Vectors (biases, gains) are left out: they start at a constant, and a ratio
/// to its spread says nothing.
[[nodiscard]] inline std::vector<Verdict> judge(const std::vector<ParameterHistory>& parameters,
                                                const Tolerances& limit = {})
{
    std::vector<Verdict> verdicts;
    bool any = false;
    for (const ParameterHistory& p : parameters) {
        if (p.shape.size() < 2 || p.update_to_data.empty()) continue;
        any = true;
        const double found = p.update_to_data.mean_of_end(0.9);
        if (std::fabs(found + 3) <= limit.update) continue;
        if (!std::isfinite(found)) {
            verdicts.push_back({false, "parameter " + p.name, found, -3,
                                "Parameter " + p.name + " did not move, or is not finite.",
                                "look for a learning rate of 0, dead units after it, or weights that are no "
                                "longer finite"});
            continue;
        }
        const bool fast = found > -3;
        verdicts.push_back({false, "parameter " + p.name, found, -3,
                            "Parameter " + p.name + " moves by 10^" + detail::figure(found) +
                                " of its own spread a step, where about 10^-3 is usual: that is " +
                                (fast ? "fast." : "slow."),
                            fast ? "a smaller learning rate, or larger initial weights in this layer"
                                 : "a larger learning rate, or smaller initial weights in this layer"});
    }
    if (any && verdicts.empty())
        verdicts.push_back(
            {true, "updates", -3, -3,
             "Every weight moves by 10^-5 to 10^-1 of its own spread a step; about 10^-3 is usual.", ""});
    return verdicts;
}

/// Whether running statistics are those of the data.
[[nodiscard]] inline std::vector<Verdict> judge(const std::vector<Calibration>& calibrations,
                                                const Tolerances& limit = {})
{
    std::vector<Verdict> verdicts;
    for (const Calibration& c : calibrations) {
        const double mean = c.worst_mean(), std = c.worst_std();
        const std::string figures = "of layer " + c.layer.name() +
                                    " differ from those of the data set by at most " + detail::figure(mean) +
                                    " standard deviations in a mean and a factor of " + detail::figure(std) +
                                    " in a standard deviation";
        const bool sound = mean <= limit.running_mean && std <= limit.running_std;
        verdicts.push_back(
            {sound, "running statistics of layer " + c.layer.name(), mean, 0,
             "The running statistics " + figures + ".",
             sound ? "" : "more steps, a larger momentum, or a smaller learning rate towards the end"});
    }
    return verdicts;
}

/// Whether there is nothing to complain of.
[[nodiscard]] inline bool sound(const std::vector<Verdict>& verdicts)
{
    return std::all_of(verdicts.begin(), verdicts.end(), [](const Verdict& v) { return v.sound; });
}

} // namespace ctnn::inline CTNN_ARCH
