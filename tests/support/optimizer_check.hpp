// SPDX-License-Identifier: BSD-3-Clause
/// An optimizer alone, against PyTorch's.
#pragma once

#include <array>
#include <string>

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

/// Ten steps along random gradients, drawn as make_fixtures.py draws them, end where PyTorch's end.
/// make(model) makes the optimizer.
template <class Make>
void steps_as_pytorch(const std::string& name, double bound, Make make)
{
    CAPTURE(name);
    ctnn::Generator g{42};
    ctnn::Model<ctnn::Sequential<ctnn::Input<1>, OneWeight>, ctnn::Train<1>> model;
    auto weight = model.template parameter<"1.weight">();
    auto gradient = model.template gradient<"1.weight">();
    weight = g.randn(13, 29);
    auto optimizer = make(model);
    for (int step = 0; step < 10; ++step) {
        gradient = g.randn(13, 29);
        optimizer.step(model);
    }
    CHECK(relative_error(weight, fixtures()[name]) <= bound);
}

} // namespace support
