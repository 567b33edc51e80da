// SPDX-License-Identifier: BSD-3-Clause
/// An optimizer alone, against PyTorch's.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <ctnn/ctnn.hpp>

#include "fixtures.hpp"

namespace support {

/// A layer of one weight, as far as an optimizer sees.
struct OneWeight {
    static constexpr std::array parameters{ctnn::Parameter{"weight", {13, 29}}};
    static constexpr ctnn::extents output(const ctnn::extents& x) { return x; }
    static void forward(const auto&) {}
    static void backward(const auto&) {}
};

using OneWeightModel = ctnn::Model<ctnn::Sequential<ctnn::Input<1>, OneWeight>, ctnn::Train<1>>;

/// Where there is an fma, optimizers round as PyTorch's kernels do: bit for bit. Without it a product is
/// rounded before it is added, and 100 such steps differ by no more than this.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
inline constexpr double steps_differ_by = 0;
#else
inline constexpr double steps_differ_by = 1e-6;
#endif

/// 100 steps along random gradients, drawn as make_training.py draws them, end where PyTorch's end.
/// make(model) makes the optimizer; before(optimizer, step) is called before each step.
template <class Make, class Before>
void steps_as_pytorch(const std::string& name, Make make, Before before)
{
    CAPTURE(name);
    ctnn::Generator g{42};
    OneWeightModel model;
    auto weight = model.template parameter<"1.weight">();
    auto gradient = model.template gradient<"1.weight">();
    weight = g.randn(13, 29);
    auto optimizer = make(model);
    for (std::size_t step = 0; step < 100; ++step) {
        gradient = g.randn(13, 29);
        before(optimizer, step);
        optimizer.step(model);
    }
    CHECK(relative_error(weight, training()[name]) <= steps_differ_by);
}
template <class Make>
void steps_as_pytorch(const std::string& name, Make make)
{
    steps_as_pytorch(name, make, [](auto&, std::size_t) {});
}

/// The names of all that an optimizer keeps in a checkpoint.
template <class Optimizer>
std::vector<std::string> state_names(Optimizer optimizer)
{
    std::vector<std::string> all;
    optimizer.for_each_state([&](const char* name, auto) { all.emplace_back(name); });
    return all;
}

} // namespace support
