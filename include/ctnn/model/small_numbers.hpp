// SPDX-License-Identifier: BSD-3-Clause
/// Frozen models whose weights are numbers of two bytes or one, and what that costs.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ctnn/model/eval_outputs.hpp>
#include <ctnn/model/freeze.hpp>

namespace ctnn::inline CTNN_ARCH {

namespace detail {

// Shown by a compile error; never true.
template <class N>
inline constexpr bool has_samples = false;

/// What the first input of each layer that has a form of N lies between for samples x.
template <class N, class Net, class T, class X>
auto ranges_of_inputs(const Model<Net, Eval, T>& model, const X& x)
{
    std::array<value_range, slots<Net, T>::nodes> ranges{};
    if (rows_of(x) == 0)
        throw Error("ctnn.shape", "there are no samples to see what the layers' numbers lie between");
    for_each_output(model, x, [&](std::size_t node, std::span<const T> in, std::span<const T>) {
        if (!packed_slots<Net, T, N>::value.has[node]) return;
        value_range& r = ranges[node];
        for (const T v : in) {
            if (!std::isfinite(v))
                throw Error("ctnn.option", "layer '" + std::string(schedule_of<Net>.path(node)) + "' of " +
                                               signature<Net>() +
                                               " reads NaN or infinity: numbers of one "
                                               "byte with a scale cannot hold that");
            r.low = std::min(r.low, static_cast<float>(v));
            r.high = std::max(r.high, static_cast<float>(v));
        }
    });
    return ranges;
}

} // namespace detail

/// `freeze<bfloat16>(model)`: a frozen model that multiplies weights and numbers of two bytes, and adds up in
/// float. Each is off by at most 2^-8 of itself.
///
///   what     : the weights of Linear, of convolutions without groups, and of the tables that an Embedding
///              and a Linear become, each of 4 rows and columns or more (a table of at most 256 ids) and not
///              shared; all else is as in `freeze(model)`. A Tanh that such a layer applies is within 8e-4
///   weights  : `parameter`, `weights`, files and a stream of them have those of float, which are kept too;
///              only the answers are made of the small ones
///   speed    : with AVX512-BF16 two products an instruction; elsewhere half the memory is read in about the
///              time of float
///   bits     : as always those of a sample do not depend on the samples beside it; they do on the CPU
template <SmallNumber N, class Net, Mode M, class T>
[[nodiscard]] auto freeze(const Model<Net, M, T>& model)
{
    static_assert(!detail::is_calibrated<N> || detail::has_samples<N>,
                  "[ctnn.mode] freeze<std::int8_t>(model, x) takes samples too, from which it sees what the "
                  "numbers of each layer lie between");
    using result = Model<Frozen<Net>, Packed<N>, T>;
    if constexpr (detail::fault_of<Net> != detail::fault::none) return result(model); // which complains
    else return result(detail::frozen_weights(model), {});
}

/// `freeze<std::int8_t>(model, x)`: a frozen model that multiplies whole numbers of one byte.
///
///   x        : samples, an xtensor of (n, input shape); some hundred that are like those to come. What goes
///              into a layer then lies between the smallest and the largest number that they show there, in
///              255 steps; a number outside becomes the nearest of them
///   what     : the layers of `freeze<bfloat16>`, with at most 16,384 rows of weights. Each column of a
///              weight, which is a row of PyTorch's, has a scale for numbers of -127..127; so has each of a
///              table
///   weights  : as there
///   speed    : four products an instruction with AVX512-VNNI, AVX-VNNI and NEON's dot product, two elsewhere
///   bits     : sums are exact, so a Linear or a convolution gives the same bits on every CPU for the same
///              input and ranges, if no Tanh or the like comes after it
///   NaN      : in an input is read as the smallest number; only the samples x are searched for it
///   networks : of one input
///   errors   : [ctnn.shape] other extents, or no sample; [ctnn.class_id] an id out of range; [ctnn.option]
///              NaN or infinity, in a weight or in what a layer reads
template <SmallNumber N, class Net, Mode M, class T, class X>
    requires(detail::is_calibrated<N>)
[[nodiscard]] auto freeze(const Model<Net, M, T>& model, const X& x)
{
    using result = Model<Frozen<Net>, Packed<N>, T>;
    if constexpr (detail::fault_of<Net> != detail::fault::none) {
        return result(model); // which complains
    } else {
        auto weights = detail::frozen_weights(model);
        const auto ranges = detail::ranges_of_inputs<N>(Model<Frozen<Net>, Eval, T>(weights), x);
        return result(std::move(weights), ranges);
    }
}

/// How far the answers of two models are apart.
struct Comparison {
    std::size_t samples = 0;
    double largest = 0, mean = 0; ///< of the differences, without their signs
    double relative = 0;          ///< the mean square of the differences by that of the answers, its root
    /// The share of equal choices, the largest of the last axis being the choice; none where that is one
    /// number.
    std::optional<double> same_choice{};
};

/// Compares what two models answer to samples x: `compare(model, freeze<bfloat16>(model), x)`.
///
///   model, other : models that answer, of the same output, one in number
///   x            : an xtensor of (n, input shape)
///   errors       : [ctnn.shape] other extents, or no sample; [ctnn.class_id] an id out of range
///   cost         : memory for both answers
template <class A, class B, class X>
[[nodiscard]] Comparison compare(const A& model, const B& other, const X& x)
{
    static_assert(A::outputs == 1 && B::outputs == 1,
                  "[ctnn.shape] models of several outputs are compared by hand, output by output");
    const auto y = model.forward(x);
    const auto z = other.forward(x);
    if (y.shape() != z.shape())
        throw Error("ctnn.shape",
                    "the models give shapes " + shape_text(y.shape()) + " and " + shape_text(z.shape()));
    if (y.size() == 0) throw Error("ctnn.shape", "there are no samples to compare two models with");
    Comparison c;
    c.samples = y.shape(0);
    double squares = 0, all = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const auto v = static_cast<double>(y.data()[i]), w = static_cast<double>(z.data()[i]);
        const double d = v == w ? 0 : std::fabs(v - w);                 // also of two infinities
        if (!(d <= c.largest) && !std::isnan(c.largest)) c.largest = d; // NaN stays
        c.mean += d;
        squares += d * d;
        all += v * v;
    }
    c.mean /= static_cast<double>(y.size());
    c.relative = squares == 0 ? 0 : std::sqrt(squares / all);
    if (const std::size_t last = y.shape(y.dimension() - 1); last > 1 && y.dimension() > 1) {
        std::size_t same = 0;
        for (std::size_t i = 0; i < y.size(); i += last)
            same += std::max_element(y.data() + i, y.data() + i + last) - (y.data() + i) ==
                    std::max_element(z.data() + i, z.data() + i + last) - (z.data() + i);
        c.same_choice = static_cast<double>(same) / static_cast<double>(y.size() / last);
    }
    return c;
}

/// "difference at most 0.0321, 0.0042 on average, 0.13 % in all; the same choice for 99.80 %".
[[nodiscard]] inline std::string text(const Comparison& c)
{
    std::array<char, 160> line{};
    const auto print = [&](auto... arguments) {
        (void)std::snprintf(line.data(), line.size(), arguments...);
        return std::string(line.data());
    };
    std::string all = print("difference at most %.3g, %.3g on average, %.2g %% in all", c.largest, c.mean,
                            100 * c.relative);
    if (c.same_choice) all += print("; the same choice for %.2f %%", 100 * *c.same_choice);
    return all;
}

} // namespace ctnn::inline CTNN_ARCH
